"""Stand-ins for the values of a real run: another value of the same type, the same one for the same value, so that
nothing of the run remains and its refs still agree.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from cyberflow.schema.paths import FoundType, lookup
from cyberflow.schema.regex.pattern import sample_texts
from cyberflow.schema.samples.examples import example
from cyberflow.schema.validation.validate import accepts
from cyberflow.schema.values import EMPTY
from cyberflow.source import Route

_FIRST_DAY = date(2026, 1, 1)
_LONGEST = 200
_PARTS = ("anyOf", "oneOf", "allOf")


@dataclass
class Replacements:
    """Gives stand-ins. `kept` are the routes whose values stay."""

    kept: frozenset[Route] = frozenset()
    _made: dict[tuple[str, Any], list[Any]] = field(default_factory=dict)
    _number: int = 0

    def replace(self, value: Any, schema: Any, route: Route = ()) -> Any:
        """The stand-in of a value of a type; mappings and lists keep their form, and members that are declared their
        names.
        """
        if any(route[: len(one)] == one for one in self.kept):
            self._remember(value)
            return value
        if isinstance(value, Mapping):
            return {
                self._key(str(key), schema): self.replace(item, _member(schema, str(key)), (*route, str(key)))
                for key, item in value.items()
            }
        if isinstance(value, list):
            return [self.replace(item, _member(schema, index), (*route, index)) for index, item in enumerate(value)]
        if value is None or isinstance(value, bool) or value == EMPTY or value in _listed(schema):
            return value
        return self._scalar(value, schema)

    def _remember(self, value: Any) -> None:
        """What is kept in one place is kept in all."""
        if isinstance(value, Mapping | list):
            for item in value.values() if isinstance(value, Mapping) else value:
                self._remember(item)
        elif value is not None and not isinstance(value, bool):
            self._made.setdefault((type(value).__name__, value), []).insert(0, value)

    def _key(self, key: str, schema: Any) -> str:
        declared = isinstance(schema, Mapping) and key in schema.get("properties", {})
        known = declared or _declares(schema, key)
        return key if known else str(self._scalar(key, {"type": "string"}))

    def _scalar(self, value: Any, schema: Any) -> Any:
        known = self._made.setdefault((type(value).__name__, value), [])
        for made in known:
            if accepts(schema, made, asserts_format=True) is not False:
                return made
        self._number += 1
        taken = [one for (_, original), made in self._made.items() for one in (original, *made)]
        known.append(_find(schema, value, self._number, taken))
        return known[-1]


def _find(schema: Any, value: Any, number: int, taken: Collection[Any]) -> Any:
    """A value of a type that is not taken; where the type leaves no other, one that it gives by itself."""
    candidates = list(_texts(schema, number) if isinstance(value, str) else _numbers(schema, value, number))
    fitting = [one for one in candidates if accepts(schema, one, asserts_format=True) is not False]
    fresh = [one for one in fitting if one not in taken]
    if fresh or fitting:
        return (fresh or [one for one in fitting if one != value] or fitting)[0]
    found = example(schema)
    return candidates[0] if found is None else found[0]


def _texts(schema: Any, number: int) -> Iterator[str]:
    yield f"text-{number}"
    day = (_FIRST_DAY + timedelta(days=number)).isoformat()
    clock = f"{number % 24:02}:{number % 60:02}:00"
    yield from (day, f"{day}T{clock}Z", f"{clock}Z", f"P{number}D", f"person{number}@example.org")
    yield from (f"https://example.org/{number}", f"00000000-0000-4000-8000-{number:012}", f"192.0.2.{number % 256}")
    yield from (f"2001:db8::{number:x}", f"host{number}.example.org", f"{number:05}", str(number))
    for part in _parts(schema):
        for pattern in filter(None, [part.get("pattern")]):
            yield from _after_pattern(str(pattern), number)
        length = part.get("maxLength")
        if isinstance(length, int):
            yield f"{number:x}"[-length:] if length else ""
        least = part.get("minLength")
        if isinstance(least, int) and least <= _LONGEST:
            yield f"text-{number}".ljust(least, "x")


def _after_pattern(pattern: str, number: int) -> Iterator[str]:
    """Texts that are built after a pattern, with other digits where it has some."""
    for text in sample_texts(pattern, (2, 4, 8)):
        digits = [index for index, sign in enumerate(text) if sign.isdigit()]
        shown = f"{number:0{len(digits)}}"[-len(digits) :] if digits else ""
        signs = list(text)
        for index, sign in zip(digits, shown, strict=False):
            signs[index] = sign
        yield "".join(signs)
        yield text


def _numbers(schema: Any, value: float, number: int) -> Iterator[float]:
    whole = isinstance(value, int)
    yield number if whole else number + 0.5
    for part in _parts(schema):
        step = part.get("multipleOf") or 1
        for key, sign in (("minimum", 1), ("exclusiveMinimum", 1), ("maximum", -1), ("exclusiveMaximum", -1)):
            bound = part.get(key)
            if isinstance(bound, int | float):
                yield from (bound + sign * step * away for away in (number, number % 7, 1, 0))
        yield step * number
    yield from (0, 1)


def _listed(schema: Any) -> list[Any]:
    """The values that a type lists."""
    found: list[Any] = []
    for part in _parts(schema):
        found += part["enum"] if isinstance(part.get("enum"), list) else []
        found += [part["const"]] if "const" in part else []
    return found


def _parts(schema: Any) -> Iterator[Mapping[str, Any]]:
    """A schema and what it is put together of."""
    if isinstance(schema, Mapping):
        yield schema
        for key in _PARTS:
            for part in schema.get(key, ()):
                yield from _parts(part)
        if isinstance(schema.get("$ref"), str):
            yield from _parts(schema.get("$defs", {}).get(schema["$ref"].rpartition("/")[2]))


def _member(schema: Any, key: str | int) -> Any:
    found = lookup(schema, (key,)) if isinstance(schema, dict | bool) else None
    return found.schema if isinstance(found, FoundType) else True


def _declares(schema: Any, key: str) -> bool:
    return any(key in part.get("properties", {}) for part in _parts(schema))
