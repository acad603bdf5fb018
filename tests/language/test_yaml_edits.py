"""Edits of YAML: in the style that stands there, and nothing else of the file."""

import json
from typing import Any

import pytest

from cyberflow.edits import Addition, Edit, Removal, Replacement, Rewrite
from cyberflow.language.yaml.document import parse_yaml
from cyberflow.language.yaml.writing.text_edits import yaml_edits
from cyberflow.source import Place, Route


def edit(text: str, made: Edit) -> str | None:
    """The text with an edit made; None when it cannot be."""
    edits = yaml_edits(parse_yaml(text, made.place.path), made)
    for one in edits:
        text = text[: one.start] + one.text + text[one.end :]
    return text if edits else None


def at(*route: str | int, path: str = "a.yaml") -> Place:
    return Place(path, route)


@pytest.mark.parametrize(
    ("before", "old", "new", "after"),
    [
        ("a: mrm # note\n", "mrm", "mrn", "a: mrn # note\n"),
        ("a: 'mrm' # note\n", "mrm", "mrn", "a: 'mrn' # note\n"),
        ("a: 'it''s mrm'\n", "mrm", "n's", "a: 'it''s n''s'\n"),
        ('a: "\\u0041 mrm\\n"\n', "mrm", 'm"r\\n', 'a: "\\u0041 m\\"r\\\\n\\n"\n'),
        ("a: |\n  see\n    mrm\n  end\nb: 1\n", "mrm", "`mrn`: # x", "a: |\n  see\n    `mrn`: # x\n  end\nb: 1\n"),
        ("a: >-\n  see\n  mrm\n", "mrm", "mrn", "a: >-\n  see\n  mrn\n"),
        ("a: {b: x, c: mrm}\n", "mrm", "a, b", None),
        ("a: open mrm\n", "mrm", "x: y", "a: 'open x: y'\n"),
        ("a: mrm\n", "mrm", "no # t", "a: 'no # t'\n"),
        ("a: mrm\n", "mrm", "12", "a: '12'\n"),
        ("a: mrm\n", "mrm", "true", "a: 'true'\n"),
        ("a: &x mrm\nb: *x\n", "mrm", "m: n", None),
        ("a: two\n  lines mrm\n", "mrm", "mrn", "a: two\n  lines mrn\n"),
    ],
)
def test_text_is_replaced_in_its_own_style(before: str, old: str, new: str, after: str | None) -> None:
    value = parse_yaml(before, "a.yaml").data["a"]
    place = at("a", "c") if isinstance(value, dict) else at("a")
    start = (value["c"] if isinstance(value, dict) else value).index(old)
    found = edit(before, Replacement(place.within(start, start + len(old)), old, new))
    if after is None and isinstance(value, dict):
        after = "a: {b: x, c: 'a, b'}\n"
    assert found == after


def test_what_stands_there_is_not_what_was_meant() -> None:
    assert edit("a: mrn\n", Replacement(at("a"), "mrm", "mrn")) is None
    assert edit("b: &x mrm\na: *x\n", Replacement(at("a"), "mrm", "mrn")) is None
    assert edit("b: 1\n", Replacement(at("a"), "mrm", "mrn")) is None


def test_a_key_is_renamed_and_keeps_its_question_mark() -> None:
    document = at("inputs", "nte?").at_key()
    assert edit("inputs: {nte?: string}\n", Replacement(document, "nte", "note")) == "inputs: {note?: string}\n"
    assert edit('inputs:\n  "nte?": string\n', Replacement(document, "nte", "note")) == 'inputs:\n  "note?": string\n'


@pytest.mark.parametrize(
    ("before", "value", "after"),
    [
        ("a: yes # why\n", True, "a: true # why\n"),
        ("a: {name}\n", "<name>", "a: <name>\n"),
        ("a:\n  b: 1\n  # end\nc: 2\n", {"$ref": "x.y"}, "a:\n  {$ref: x.y}\n  # end\nc: 2\n"),
        ("a: |\n  text\nc: 2\n", {"file": "x.md"}, "a: {file: x.md}\nc: 2\n"),
        ("a: 5\n", "5", "a: '5'\n"),
        ('a: "x"\n', "y", 'a: "y"\n'),
    ],
)
def test_a_value_is_written_over(before: str, value: Any, after: str) -> None:
    assert edit(before, Rewrite(at("a"), json.dumps(value))) == after


@pytest.mark.parametrize(
    ("before", "route", "parents", "after"),
    [
        ("a:\n  b: 1 # gone\n  # stays\n  c: 2\n", ("a", "b"), 0, "a:\n  # stays\n  c: 2\n"),
        ("a:\n  b: 1\n  c: |\n    x\n\n    y\n\nd: 2\n", ("a", "c"), 0, "a:\n  b: 1\n\nd: 2\n"),
        ("a:\n  b: 1\n  c: 2", ("a", "c"), 0, "a:\n  b: 1"),
        ("a: {b: 1, c: 2}\n", ("a", "b"), 0, "a: {c: 2}\n"),
        ("a: {b: 1, c: 2}\n", ("a", "c"), 0, "a: {b: 1}\n"),
        ("a: [x, y, z]\n", ("a", 1), 0, "a: [x, z]\n"),
        ("a:\n  - x\n  - b: 1\n    c: 2\n  - z\n", ("a", 1), 0, "a:\n  - x\n  - z\n"),
        ("a:\n  - b: 1\n    c: 2\n", ("a", 0, "b"), 0, "a:\n  - c: 2\n"),
        ("a:\n  b: {c: 1}\n  d: 2\n", ("a", "b", "c"), 1, "a:\n  d: 2\n"),
        ("a:\n  b: {c: 1}\n  d: 2\n", ("a", "b", "c"), 0, None),
        ("x: &x {b: 1, c: 2}\na: *x\n", ("a", "b"), 0, None),
        ("x: &x {b: 1, c: 2}\na: {<<: *x, d: 1}\n", ("a", "b"), 0, None),
    ],
)
def test_an_entry_is_taken_out(before: str, route: Route, parents: int, after: str | None) -> None:
    assert edit(before, Removal(at(*route), parents)) == after


@pytest.mark.parametrize(
    ("before", "route", "key", "value", "after"),
    [
        ("a:\n  b: 1 # x\n  # end\nd: 1\n", ("a",), "c", "<n>", "a:\n  b: 1 # x\n  c: <n>\n  # end\nd: 1\n"),
        ("a: {b: 1}\n", ("a",), "c", "x y", "a: {b: 1, c: x y}\n"),
        ("a: {}\n", ("a",), "c", "<$n>", "a: {c: <$n>}\n"),
        ("a: [x]\n", ("a",), "", "y", "a: [x, y]\n"),
        ("a:\n  - x\nb: 1\n", ("a",), "", "y", "a:\n  - x\n  - y\nb: 1\n"),
        ("a:\n- x", ("a",), "", "y", "a:\n- x\n- y"),
        (
            "a:\n  - id: s\n    b: 1\n",
            ("a", 0, "inputs"),
            "m",
            "<m>",
            "a:\n  - id: s\n    b: 1\n    inputs: {m: <m>}\n",
        ),
        ("a: {b: 1}\n", ("a", "secrets"), "", "p", "a: {b: 1, secrets: [p]}\n"),
        ("a: |\n  text\n", (), "b", 1, None),
    ],
)
def test_an_entry_is_added(before: str, route: Route, key: str, value: Any, after: str | None) -> None:
    assert edit(before, Addition(at(*route), key, json.dumps(value))) == after


def test_json_stays_json() -> None:
    text = '{"a": {"b": "mrm"}}'
    place = at("a", "b", path="a.json")
    assert edit(text, Replacement(place, "mrm", 'm"n')) == '{"a": {"b": "m\\"n"}}'
    assert edit(text, Addition(place, "x", "1")) is None
    assert edit(text, Addition(at("a", path="a.json"), "c", '["x"]')) == '{"a": {"b": "mrm", "c": ["x"]}}'
    assert edit('{"a": 1, "b": 2}', Removal(at("b", path="a.json"))) == '{"a": 1}'


def test_a_comment_goes_with_its_line_or_the_blanks_before_it() -> None:
    own, behind = "a: 1\n  # gone\nb: 2\n", "a: 1   # gone\nb: 2\n"
    for text, after in [(own, "a: 1\nb: 2\n"), (behind, "a: 1\nb: 2\n")]:
        start = text.index("#")
        assert edit(text, Removal(Place("a.yaml", (), "value", (start, start + 6)))) == after
