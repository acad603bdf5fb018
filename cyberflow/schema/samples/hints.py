"""What a consumer's schema finds interesting at one place: the edges where candidates are worth trying."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Any, Final

from cyberflow.late import dataclass

MAX_HINTS: Final = 12


@dataclass(frozen=True, slots=True)
class Hints:
    numbers: tuple[float, ...] = ()
    lengths: tuple[int, ...] = ()
    counts: tuple[int, ...] = ()
    names: tuple[str, ...] = ()
    literals: tuple[Any, ...] = ()
    patterns: tuple[str, ...] = ()


NO_HINTS: Final = Hints()


def hints_of(schemas: Iterable[dict[str, Any]]) -> Hints:
    """Collect from every schema that looks at the value, whatever its polarity."""
    parts = list(schemas)

    def values(*keywords: str) -> list[Any]:
        return [part[keyword] for keyword in keywords for part in parts if keyword in part]

    names = [
        *(name for required in values("required") for name in required),
        *(name for listed in values("properties", "dependentRequired", "dependentSchemas") for name in listed),
    ]
    counts = values("minItems", "maxItems", "minProperties", "maxProperties", "minContains", "maxContains")
    prefixes = [len(prefix) for prefix in values("prefixItems")]
    return Hints(
        numbers=_few(values("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")),
        lengths=_few(int(length) for length in values("minLength", "maxLength")),
        counts=_few([*map(int, counts), *prefixes]),
        names=tuple(dict.fromkeys(islice(names, 200))),
        literals=tuple(islice((*values("const"), *(value for enum in values("enum") for value in enum)), MAX_HINTS)),
        patterns=_few(values("pattern")),
    )


def _few(values: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(islice(dict.fromkeys(values), MAX_HINTS))
