"""JSON Schema 2020-12 read as types: path lookup, assignability with a witness, validation of literals, and types in
words. Schemas are plain dicts or booleans; a malformed one is never an error here, only undecidable.
"""
