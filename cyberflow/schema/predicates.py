"""Small questions about one type: may it be written as text, does it admit a string, what kinds are left."""

from __future__ import annotations

from cyberflow.schema.normal_form import readable
from cyberflow.schema.subtype.disjuncts import SchemaContext, attempt
from cyberflow.schema.values import Schema, Ternary


def possible_kinds(schema: Schema) -> frozenset[str] | None:
    """Give the kinds of value the type may have (`number` is `integer` and `fraction`); None when out of reach."""
    form = readable(schema)
    shapes = None if form is None else attempt(SchemaContext(form).disjuncts, form)
    return None if shapes is None else frozenset[str]().union(*(shape.kinds for shape in shapes))


def accepts_string(schema: Schema) -> Ternary:
    """Say whether the type admits a string at all; None when out of reach. A type that says nothing admits one."""
    found = possible_kinds(schema)
    return None if found is None else "string" in found
