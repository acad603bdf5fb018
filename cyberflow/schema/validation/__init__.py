"""Validation of values: three-valued for reasoning about types, and whole at run time."""
