"""JSON Schemas of the source files, for editors."""
