"""JSON Schema 2020-12 read as types: path lookup, assignability with a witness, validation of literals, and types in
words. Schemas are plain dicts or booleans; a malformed one is never an error here, only undecidable.
"""

from __future__ import annotations

from cyberflow.compiler.types.assign import Answer, No, Unsure, Yes, assignable, value_assignable
from cyberflow.compiler.types.inquiry import accepts_string, is_scalar, kinds
from cyberflow.compiler.types.literals import TEXT, shape_of
from cyberflow.compiler.types.notation import describe, literal, member, summary
from cyberflow.compiler.types.paths import Found, Lookup, Missing, Scalar, Unknown, lookup, members
from cyberflow.compiler.types.validation import accepts
from cyberflow.compiler.types.values import ABSENT, CLEAR, EMPTY, Path, Schema

__all__ = [
    "ABSENT",
    "CLEAR",
    "EMPTY",
    "TEXT",
    "Answer",
    "Found",
    "Lookup",
    "Missing",
    "No",
    "Path",
    "Scalar",
    "Schema",
    "Unknown",
    "Unsure",
    "Yes",
    "accepts",
    "accepts_string",
    "assignable",
    "describe",
    "is_scalar",
    "kinds",
    "literal",
    "lookup",
    "member",
    "members",
    "shape_of",
    "summary",
    "value_assignable",
]
