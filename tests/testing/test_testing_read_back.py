"""The inputs of a chain, read back from what its steps got."""

from __future__ import annotations

from typing import Any

import pytest

from cyberflow.testing.recording.read_back import read_back

TEXT = {"type": "string"}
DAY = {"type": "string", "format": "date"}


@pytest.mark.parametrize(
    ("written", "got", "types", "found"),
    [
        ({"a": "<day>"}, {"a": "2026-05-01"}, {"day": DAY}, {"day": "2026-05-01"}),
        ({"a": "Visit of <day>."}, {"a": "Visit of 2026-05-01."}, {"day": DAY}, {"day": "2026-05-01"}),
        ({"a": "<n> of <m>"}, {"a": "3 of 4"}, {"n": {"type": "integer"}, "m": TEXT}, {"n": 3, "m": "4"}),
        ({"a": "<n> of <n>"}, {"a": "3 of 3"}, {"n": {"type": "integer"}}, {"n": 3}),
        ({"a": "<x><y>"}, {"a": "ab"}, {"x": TEXT, "y": TEXT}, {}),
        ({"a": "<x> <y>"}, {"a": "a b c"}, {"x": TEXT, "y": TEXT}, {}),
        ({"a": "<x> <y>", "b": "<x>"}, {"a": "a b c", "b": "a b"}, {"x": TEXT, "y": TEXT}, {"x": "a b", "y": "c"}),
        ({"a": {"b": ["<x>", "(<y>)"]}}, {"a": {"b": [[1], "(.*)"]}}, {"x": {}, "y": TEXT}, {"x": [1], "y": ".*"}),
        ({"a": "<p.id>", "b": "born <p.dob>"}, {"a": "7", "b": "born x"}, {"p": {}}, {"p": {"id": "7", "dob": "x"}}),
        ({"a": "<p.id>", "b": "<p>"}, {"a": "7", "b": {"id": "8"}}, {"p": {}}, {"p": {"id": "8"}}),
        ({"a": "by <x>"}, {"a": "by "}, {"x": TEXT}, {}),
        ({"a": "by <x>"}, {"a": "of Ada"}, {"x": TEXT}, {}),
        ({"a": "<x>"}, {"a": "__EMPTY__"}, {"x": TEXT}, {}),
        ({"a": {"$ref": "l.outputs.x"}, "b": r"\<x> <x>"}, {"a": 1, "b": "<x> y"}, {"x": TEXT}, {"x": "y"}),
    ],
)
def test_an_input_is_read_back_where_nothing_else_can_have_been(
    written: Any, got: Any, types: dict[str, Any], found: dict[str, Any]
) -> None:
    assert read_back([(written, got)], types) == found
