"""YAML as text again: values on one line and as blocks, entries put in and taken out, edits of what stands there."""
