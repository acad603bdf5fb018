"""Expectations held against values."""

from __future__ import annotations

from typing import Any

import pytest

from cyberflow.schema.values import ABSENT, EMPTY
from cyberflow.testing.matchers import compare


@pytest.mark.parametrize(
    ("expected", "got"),
    [
        ({"a": 1}, {"a": 1, "b": 2}),
        ({"a": {"b": [1, {"c": "x"}]}}, {"a": {"b": [1.0, {"c": "x", "d": 1}], "e": 1}}),
        (1, 1.0),
        (None, None),
        ({"$any": True}, 0),
        ({"$any": True}, None),
        ({"$absent": True}, ABSENT),
        ({"a": {"$absent": True}}, {}),
        ({"a": {"$absent": True}}, {"a": EMPTY}),
        ({"$null": True}, None),
        ({"$match": "^V.*t$"}, "Visit"),
        ({"$contains": "is"}, "Visit"),
        ({"$contains": {"a": 1}}, [{"a": 1, "b": 2}]),
        ({"$length": 0}, []),
        ({"$length": 5}, "Visit"),
        ({"$not": "x"}, "y"),
        ({"$not": {"$match": "^x"}}, "y"),
        ({"$exact": {"a": {"$any": True}}}, {"a": 1}),
        ({"$exact": {"$any": True}}, "x"),
    ],
)
def test_what_is_met(expected: Any, got: Any) -> None:
    assert list(compare(expected, got)) == []


@pytest.mark.parametrize(
    ("expected", "got", "keys"),
    [
        ({"a": 1}, {}, ("a",)),
        ({"a": {"b": 1}}, {"a": {"b": 2}}, ("a", "b")),
        ([1, 2], [1], ()),
        ([1, {"a": 1}], [1, {"a": 2}], (1, "a")),
        (True, 1, ()),
        (0, False, ()),
        ("1", 1, ()),
        (None, ABSENT, ()),
        ({"$any": True}, ABSENT, ()),
        ({"$absent": True}, None, ()),
        ({"$null": True}, ABSENT, ()),
        ({"$match": "^V"}, 7, ()),
        ({"$match": "^V$"}, "Visit", ()),
        ({"$contains": 1}, "1", ()),
        ({"$contains": "x"}, ["y"], ()),
        ({"$length": 1}, 1, ()),
        ({"$not": {"a": 1}}, {"a": 1, "b": 1}, ()),
        ({"$exact": {"a": 1}}, {"a": 1, "b": 2}, ("b",)),
        ({"$exact": {"a": {"b": 1}}}, {"a": {"b": 1, "c": 1}}, ("a", "c")),
    ],
)
def test_what_is_not(expected: Any, got: Any, keys: tuple[str | int, ...]) -> None:
    (mismatch,) = compare(expected, got)
    assert mismatch.keys == keys


def test_a_mismatch_inside_exact_says_where_it_is_expected() -> None:
    (found,) = compare({"steps": {"$exact": {"mrn": "M1"}}}, {"steps": {"mrn": "M2"}})

    assert (found.keys, found.written) == (("steps", "mrn"), ("steps", "$exact", "mrn"))
