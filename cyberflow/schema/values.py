"""JSON values as the type checker sees them: their kinds, equality as JSON Schema has it, and values of which only the
kind is known. Not for schemas.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from enum import Enum
from typing import Any, Final, TypeAlias

from cyberflow.late import dataclass

Schema: TypeAlias = dict[str, Any] | bool
ValuePath: TypeAlias = tuple[str | int, ...]
Ternary: TypeAlias = bool | None
"""Three-valued: proven, disproven, or `None` for what cannot be decided here."""


class Absent(Enum):
    """The witness that no value comes at all."""

    ABSENT = "absent"


ABSENT: Final = Absent.ABSENT
EMPTY: Final = "__EMPTY__"
CLEAR: Final = "__CLEAR__"

# `fraction` is a number that is not an integer: with it every type of JSON Schema is a plain set of kinds.
KINDS: Final = frozenset({"null", "boolean", "integer", "fraction", "string", "array", "object"})
KINDS_OF_TYPE: Final = {
    **{kind: frozenset({kind}) for kind in KINDS - {"fraction"}},
    "number": frozenset({"integer", "fraction"}),
}
MAX_DEPTH: Final = 60


@dataclass(frozen=True, slots=True, eq=False)
class Opaque:
    """Some value of these kinds and nothing else known; `fallbacks` are concrete ones to print in its place."""

    kinds: frozenset[str]
    fallbacks: tuple[Any, ...] = ()


def kind_of(value: Any) -> str | None:
    """Give the kind of a JSON value; an integral float is an integer, as in JSON Schema. None: no JSON value."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "integer" if value.is_integer() else "fraction"
        case str():
            return "string"
        case list():
            return "array"
        case dict():
            return "object"
    return None


def is_json(value: Any) -> bool:
    """Say whether this is a JSON value of a sane depth: finite numbers, text keys."""
    pending = [(value, 0)]
    while pending:
        node, depth = pending.pop()
        if depth > MAX_DEPTH or kind_of(node) is None or (isinstance(node, float) and not math.isfinite(node)):
            return False
        if isinstance(node, dict) and not all(isinstance(key, str) for key in node):
            return False
        pending.extend((child, depth + 1) for child in _children(node))
    return True


def _children(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def has_opaque(value: Any) -> bool:
    return isinstance(value, Opaque) or any(has_opaque(child) for child in _children(value))


def freeze(value: Any) -> Any:
    """Make a hashable twin: two are equal when JSON Schema holds the values equal (1 is 1.0, and true is not 1)."""
    match value:
        case bool():
            return ("boolean", value)
        case dict():
            return ("object", frozenset((key, freeze(child)) for key, child in value.items()))
        case list():
            return ("array", tuple(freeze(child) for child in value))
        case None | int() | float() | str():
            return value
    return ("other", id(value))


def is_same(left: Any, right: Any) -> Ternary:
    """Compare a value that may hold `Opaque` parts with a plain one."""
    if isinstance(left, Opaque):
        return None if kind_of(right) in left.kinds else False
    if not has_opaque(left):
        return bool(freeze(left) == freeze(right))
    if isinstance(left, dict) and isinstance(right, dict) and left.keys() == right.keys():
        return every(is_same(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list) and len(left) == len(right):
        return every(is_same(*pair) for pair in zip(left, right, strict=True))
    return False


def every(verdicts: Iterable[Ternary]) -> Ternary:
    """Conjunction of three-valued answers; stops at the first False."""
    result: Ternary = True
    for verdict in verdicts:
        if verdict is False:
            return False
        if verdict is None:
            result = None
    return result


def some(verdicts: Iterable[Ternary]) -> Ternary:
    """Disjunction of three-valued answers; stops at the first True."""
    result: Ternary = False
    for verdict in verdicts:
        if verdict:
            return True
        if verdict is None:
            result = None
    return result


def negate(verdict: Ternary) -> Ternary:
    return None if verdict is None else not verdict


def reading_cost(value: Any) -> int:
    """Rank witnesses: what is quicker to read weighs less. Empty text weighs more than a letter."""
    if isinstance(value, str):
        return max(len(value), 2) + (0 if value.isascii() and value.strip() == value else 1)
    if isinstance(value, dict):
        return 2 + sum(len(key) + 3 + reading_cost(child) for key, child in value.items())
    if isinstance(value, list):
        return 2 + sum(1 + reading_cost(child) for child in value)
    return len(str(value)) + (2 if value is None else 0)


def fill_template(template: Any) -> Iterator[Any]:
    """Fill the `Opaque` parts of a template with their fallbacks, all the first ones, then all the second ones."""
    if not has_opaque(template):
        yield template
        return
    for choice in range(3):
        yield _fill(template, choice)


def _fill(template: Any, choice: int) -> Any:
    if isinstance(template, Opaque):
        fallbacks = template.fallbacks or ("x",)
        return fallbacks[min(choice, len(fallbacks) - 1)]
    if isinstance(template, dict):
        return {key: _fill(child, choice) for key, child in template.items()}
    if isinstance(template, list):
        return [_fill(child, choice) for child in template]
    return template


def without_empty(value: Any) -> Any:
    """A value as the service validates it: members and entries that are `__EMPTY__` are not there."""
    if isinstance(value, dict):
        return {key: without_empty(item) for key, item in value.items() if item != EMPTY}
    if isinstance(value, list):
        return [without_empty(item) for item in value if item != EMPTY]
    return value


def follow_keys(value: Any, keys: Iterable[str | int]) -> Any:
    """What stands below a value at these keys, ABSENT where they lead nowhere."""
    for key in keys:
        if isinstance(value, dict):
            value = value.get(key, ABSENT)
        elif isinstance(value, list) and isinstance(key, int) and key < len(value):
            value = value[key]
        else:
            return ABSENT
    return value
