"""Values against the types that ask for them, in words for the one who gave them. No text repeats a value: what was
given for an input may be a secret that took the wrong option.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from typing import Any

from cyberflow.diagnostics import did_you_mean
from cyberflow.schema.describe import describe
from cyberflow.schema.predicates import accepts_string
from cyberflow.schema.validation.jsonschema import validator_of
from cyberflow.schema.values import CLEAR, EMPTY, without_empty

Keys = tuple[str | int, ...]

SAME_KEY_TWICE = "has an object with the same key twice"
HALF_CHARACTER = "holds half of a character: a `\\u` escape of a surrogate pair without the other one"
_MEMBERWISE = frozenset({"required", "additionalProperties", "minProperties", "maxProperties", "minItems", "maxItems"})
"""Keywords about an object or array itself: they hold whatever the values of its members turn out to be."""


class UnreadableValue(ValueError):
    """A text that does not stand for a value; its message is words for the reader and holds no part of the text."""


def read_value(schema: Any, text: str) -> Any:
    """Read what was given as text: it stays text wherever the type admits text, else it is strict JSON.

    Raises Unreadable.
    """
    if text in (EMPTY, CLEAR) or accepts_string(schema) is not False:
        if not is_encodable(text):
            raise UnreadableValue("holds bytes that are not UTF-8")
        return text
    try:
        return read_json(text)
    except UnreadableValue:
        if describe(schema) == "boolean":
            raise UnreadableValue("is neither `true` nor `false`") from None
        raise


def read_json(text: str) -> Any:
    """Read strict JSON: no NaN, no key twice, no number too large for a float, no half of a character. Raises
    UnreadableValue.
    """
    try:
        value = json.loads(
            text, parse_constant=_reject_constant, parse_float=_parse_finite, object_pairs_hook=_build_object
        )
    except UnreadableValue:
        raise
    except json.JSONDecodeError as error:
        where = f", at line {error.lineno}, column {error.colno}" if error.pos else ""
        why = ": a comma stands before the end of an object or array" if _has_trailing_comma(text, error.pos) else ""
        raise UnreadableValue(f"is not JSON{where}{why}") from None
    except (ValueError, RecursionError):
        raise UnreadableValue("is not JSON") from None
    if not is_encodable(value):
        raise UnreadableValue(HALF_CHARACTER)
    return value


def faults(schema: Any, value: Any, *, refs: Sequence[Keys] = (), secret: bool = False) -> Iterator[tuple[Keys, str]]:
    """Give where the value is against the type, and how. `refs` are places whose values come later: what only those
    could decide is left open. Of a secret not even the keys are repeated.
    """
    for error in validator_of(schema, asserts_format=True).iter_errors(without_empty(value)):
        at = tuple(error.instance_path)
        if not any(_depends_on_ref(at, error.kind.name, ref) for ref in refs):
            yield (() if secret else at), _describe_error(error, schema, secret=secret)


def value_path(name: str, keys: Keys) -> str:
    return name + "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in keys)


def kind(value: Any) -> str:
    """The word of our notation for what a value is."""
    if isinstance(value, bool) or value is None:
        return "null" if value is None else "boolean"
    words = ((str, "string"), (int, "integer"), (float, "number"), (dict, "object"))
    return next((word for python, word in words if isinstance(value, python)), "array")


def _describe_error(error: Any, schema: Any, *, secret: bool) -> str:
    match error.kind.name:
        case "type":
            return f"must be `{describe({'type': error.kind.types})}`, not `{kind(error.instance)}`"
        case "enum":
            return f"must be one of {describe({'enum': error.kind.options})}"
        case "required":
            return f"lacks `{error.kind.property}`"
        case "const":
            return f"must be {describe({'const': error.kind.expected_value})}"
        case "falseSchema":
            return "is not allowed here"
        case "anyOf" | "oneOf":
            return f"does not fit `{describe(schema)}`" if not error.instance_path else "fits none of its types"
        case "additionalProperties" if not secret:
            return _describe_unexpected(error, schema)
        case "propertyNames" if not secret:
            inner = error.kind.error
            name = json.dumps(inner.instance, ensure_ascii=False)
            said = str(inner.message).removeprefix(name).removeprefix("the value").strip()
            return f"does not fit its type: {name} {said}"
        case "minimum" | "maximum" | "multipleOf" | "minLength" | "maxLength" | "pattern" | "format":
            return str(error.message).removeprefix("the value ")
    return "does not fit its type" if secret else _strip_subject(str(error.message))


def _strip_subject(message: str) -> str:
    said = message.removeprefix("the value ")
    return said if said != message else f"does not fit its type: {message}"


def _describe_unexpected(error: Any, schema: Any) -> str:
    names = error.kind.unexpected
    help = did_you_mean(names[0], _sibling_properties(schema, error.schema_path))
    return f"may not have {', '.join(f'`{name}`' for name in names)}" + (f"; {help}" if help else "")


def _sibling_properties(schema: Any, path: Sequence[str | int]) -> list[str]:
    """The properties listed beside the `additionalProperties` that a schema path ends in."""
    for key in path[:-1]:
        try:
            schema = schema[key]
        except (KeyError, IndexError, TypeError):
            return []
    return list(schema.get("properties", ())) if isinstance(schema, dict) else []


def _depends_on_ref(at: Keys, keyword: str, ref: Keys) -> bool:
    """Whether a fault found at `at` may vanish when the ref at `ref` gets its value."""
    if at[: len(ref)] == ref:
        return True
    return ref[: len(at)] == at and keyword not in _MEMBERWISE


def is_encodable(value: Any) -> bool:
    """Whether a value can be written: its texts hold no half of a surrogate pair."""
    try:
        (value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)).encode()
    except UnicodeEncodeError:
        return False
    return True


def _has_trailing_comma(text: str, at: int) -> bool:
    """Whether a text that cannot be read at a place has a comma there with nothing after it. Python points at the
    comma or behind it, by its version.
    """
    begins = text[:at].rstrip().endswith(",") or text[at : at + 1] == ","
    return begins and text[at:].lstrip(", \t\r\n")[:1] in ("}", "]")


def _reject_constant(_: str) -> Any:
    raise UnreadableValue("is not JSON: NaN and Infinity are not numbers there")


def _parse_finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise UnreadableValue("holds a number that is too large")
    return number


def _build_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(made := dict(pairs)) < len(pairs):
        raise UnreadableValue(SAME_KEY_TWICE)
    return made
