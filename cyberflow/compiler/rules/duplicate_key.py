"""A mapping has one key twice.

YAML would keep one of the two in silence.

    inputs: {mrn: string, mrn: integer}
"""
