"""Holds a value against what is expected: mappings as subsets, lists and scalars exactly, matchers as they say."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from cyberflow.language.flow_tests.cases import is_matcher
from cyberflow.schema.regex.pattern import matches
from cyberflow.schema.values import ABSENT, EMPTY
from cyberflow.source import Route


@dataclass(frozen=True)
class Mismatch:
    """A value that is not as expected; `keys` lead to it, `written` to where it is expected, matchers included."""

    keys: Route
    written: Route
    expected: Any
    got: Any

    def below(self, key: str | int) -> Mismatch:
        return replace(self, keys=(key, *self.keys), written=(key, *self.written))

    def inside(self, matcher: str) -> Mismatch:
        return replace(self, written=(matcher, *self.written))


def compare(expected: Any, got: Any) -> Iterator[Mismatch]:
    """Where a value differs from what is expected of it."""
    yield from _compare(expected, ABSENT if got == EMPTY else got, exact=False)


def _compare(expected: Any, got: Any, *, exact: bool) -> Iterator[Mismatch]:
    if is_matcher(expected):
        ((name, argument),) = expected.items()
        yield from _match(name, argument, got)
    elif isinstance(expected, Mapping) and isinstance(got, Mapping):
        for key, item in expected.items():
            found = got.get(key, ABSENT)
            yield from (one.below(key) for one in _compare(item, ABSENT if found == EMPTY else found, exact=exact))
        if exact:
            yield from (Mismatch((key,), (), ABSENT, got[key]) for key in got if key not in expected)
    elif isinstance(expected, list) and isinstance(got, list) and len(expected) == len(got):
        for index, (item, found) in enumerate(zip(expected, got, strict=True)):
            yield from (one.below(index) for one in _compare(item, found, exact=exact))
    elif not _is_same(expected, got):
        yield Mismatch((), (), expected, got)


def _match(name: str, argument: Any, got: Any) -> Iterator[Mismatch]:
    if name == "$exact":
        yield from (one.inside(name) for one in _compare(argument, got, exact=True))
    elif name not in _TESTS or not _TESTS[name](argument, got):
        yield Mismatch((), (), {name: argument}, got)


def _contains(argument: Any, got: Any) -> bool:
    if isinstance(got, str):
        return isinstance(argument, str) and argument in got
    return isinstance(got, list) and any(_holds(argument, item) for item in got)


def _holds(expected: Any, got: Any) -> bool:
    return next(compare(expected, got), None) is None


def _is_same(expected: Any, got: Any) -> bool:
    """Equality of JSON: numbers by value, and a boolean is not a number."""
    if isinstance(expected, bool) or isinstance(got, bool):
        return expected is got
    if isinstance(expected, list) and isinstance(got, list):
        return len(expected) == len(got) and all(map(_is_same, expected, got))
    if isinstance(expected, Mapping) and isinstance(got, Mapping):
        return expected.keys() == got.keys() and all(_is_same(expected[key], got[key]) for key in expected)
    return bool(expected == got)


_TESTS: Mapping[str, Callable[[Any, Any], bool]] = {
    "$any": lambda _, got: got is not ABSENT,
    "$absent": lambda _, got: got is ABSENT,
    "$null": lambda _, got: got is None,
    "$match": lambda pattern, got: isinstance(got, str) and matches(pattern, got) is True,
    "$contains": _contains,
    "$length": lambda length, got: isinstance(got, str | list | Mapping) and len(got) == length,
    "$not": lambda argument, got: not _holds(argument, got),
}
