"""Where a cursor stands in YAML that is being written."""

from __future__ import annotations

import pytest

from cyberflow.language.yaml.cursor import cursor_at
from cyberflow.source import Route

STEP = "chains:\n  c:\n    steps:\n      - id: one\n        workflow: w\n"


@pytest.mark.parametrize(
    ("text", "route", "is_key", "before"),
    [
        ("workflows:\n  a:\n    prompt: |\n      Type <m^> now\n", ("workflows", "a", "prompt"), False, "Type <m"),
        ('workflows:\n  a:\n    prompt: "Type <^\n', ("workflows", "a", "prompt"), False, "Type <"),
        (
            "workflows:\n  a:\n    prompt: Type <^\n    inputs: {m: string}\n",
            ("workflows", "a", "prompt"),
            False,
            "Type <",
        ),
        ("workflows:\n  a:\n    prompt: {file: pro^}\n", ("workflows", "a", "prompt", "file"), False, "pro"),
        ("workflows:\n  a:\n    inputs:\n      p: ^\n      q: string\n", ("workflows", "a", "inputs", "p"), False, ""),
        ("workflows:\n  a:\n    tags: [x, ^\n", ("workflows", "a", "tags", 1), False, ""),
        ("workflows:\n  a:\n    tags:\n      - ^\n", ("workflows", "a", "tags", 0, ""), True, ""),
        (STEP + "        inputs:\n          ^\n", ("chains", "c", "steps", 0, "inputs", ""), True, ""),
        (
            STEP + "        inputs:\n          a: 1\n          b^\n",
            ("chains", "c", "steps", 0, "inputs", "b"),
            True,
            "b",
        ),
        (STEP + "        inputs: {a: 1, ^}\n", ("chains", "c", "steps", 0, "inputs", ""), True, ""),
        (STEP + "        inputs: {a: {$ref: x.^\n", ("chains", "c", "steps", 0, "inputs", "a", "$ref"), False, "x."),
        (STEP + "      - {id: two, workflow: ^\n", ("chains", "c", "steps", 1, "workflow"), False, ""),
        (
            STEP + "      - id: two\n        workflow: ^\n        inputs: {",
            ("chains", "c", "steps", 1, "workflow"),
            False,
            "",
        ),
        ("^", ("",), True, ""),
    ],
)
def test_the_route_of_a_cursor(text: str, route: Route, is_key: bool, before: str) -> None:
    at = text.index("^")
    cursor = cursor_at(text.replace("^", ""), at)

    assert cursor is not None
    assert (cursor.route, cursor.is_key, cursor.before) == (route, is_key, before)


@pytest.mark.parametrize("text", ["a: 1 # so ^\n", "# ^\na: 1\n", "a: &x^ 1\n"])
def test_where_nothing_is_written_there_is_no_cursor(text: str) -> None:
    assert cursor_at(text.replace("^", ""), text.index("^")) is None


def test_a_mistake_elsewhere_does_not_matter() -> None:
    broken = "workflows:\n  a:\n    tags: [x\n  b:\n    prompt: 'never closed\n" + STEP + "        inputs: {a: ^\n"
    cursor = cursor_at(broken.replace("^", ""), broken.index("^"))

    assert cursor is not None
    assert cursor.route[-2:] == ("inputs", "a")
