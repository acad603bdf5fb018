"""JSONTestSuite: a `.json` file that must be read is read as Python reads it, one that must be refused is a finding."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cyberflow.diagnostics import Diagnostic
from cyberflow.language.files import Files
from cyberflow.language.yaml.document import YamlDocument, parse_yaml
from cyberflow.source import Place
from tests.suites import SUITES, needs_suite

FOLDER = SUITES / "json" / "test_parsing"
NAMES = sorted(path.name for path in FOLDER.glob("*.json"))
pytestmark = needs_suite("json")


def read(name: str) -> YamlDocument | Diagnostic:
    text = Files(FOLDER).read_text(name, Place("cyberflow.yaml"))
    return text if isinstance(text, Diagnostic) else parse_yaml(text, name)


def is_refused(found: YamlDocument | Diagnostic) -> bool:
    """Whether it is not JSON; that a key stands twice is a mistake of another kind, which the grammar allows."""
    return isinstance(found, Diagnostic) or any(
        one.severity == "error" and one.rule != "duplicate-key" for one in found.problems
    )


@pytest.mark.parametrize("name", NAMES)
def test_the_suite(name: str) -> None:
    found = read(name)
    if name.startswith("y_"):
        assert isinstance(found, YamlDocument)
        assert not is_refused(found)
        expected = json.loads(Path(FOLDER, name).read_text(encoding="utf-8"))
        assert found.data == expected or "duplicated" in name
    elif name.startswith("n_"):
        assert is_refused(found)
        if isinstance(found, YamlDocument):
            assert found.problems[0].rule == "yaml-syntax"
            assert found.span(found.problems[0].place).line >= 1


def test_the_suite_is_whole() -> None:
    assert len([name for name in NAMES if name.startswith("y_")]) >= 90
    assert len([name for name in NAMES if name.startswith("n_")]) >= 180


@pytest.mark.parametrize(
    ("text", "message", "column"),
    [
        ('{"a": 1,}', "a comma with nothing behind it", 8),
        ("{'a': 1}", "a key is a text in double quotes", 2),
        ('{"a": 1} // no', "there is more behind the value", 10),
        ('{"a": True}', "here a value is expected", 7),
        ('{"a": "\\ud83d"}', "half of a surrogate pair", 8),
        ('{"a": "C:\\temp\\x"}', "a backslash that begins no escape", 15),
        ('{"a": 1', "`{` is not closed by `}`", 1),
        ('{"a": 01}', "here a value is expected", 7),
        ('{"a": 1e999}', "a number beyond what a program can hold", 7),
    ],
)
def test_what_is_not_json_is_said_at_its_place(text: str, message: str, column: int) -> None:
    document = parse_yaml(text, "f.json")
    (problem,) = document.problems
    assert problem.message == message
    assert problem.help
    assert document.span(problem.place).column == column


def test_places_behind_a_surrogate_pair_are_right() -> None:
    document = parse_yaml('{"a": "\\ud83d\\ude00 x", "b": {"c": [1]}}', "f.json")
    assert document.data == {"a": "\U0001f600 x", "b": {"c": [1]}}
    assert document.span(Place("f.json", ("a",), range=(2, 3))).column == 21
    assert document.span(Place("f.json", ("b", "c", 0))).column == 37
