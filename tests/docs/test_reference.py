"""docs/reference.md and `explain` know every key of the schemas, every command, option, rule, word and exit code."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, get_args

import pytest

from cyberflow.cli.command_list import COMMANDS
from cyberflow.cli.main import run
from cyberflow.cli.reference.commands import options_of, walk_commands
from cyberflow.cli.reference.json_shapes import SHAPES
from cyberflow.cli.reference.topics import find_topics, load_topics
from cyberflow.cli.reference.vocabulary import EXIT_CODES
from cyberflow.compiler.lookup.entities import EntityKind
from cyberflow.compiler.rules import RULES
from cyberflow.schema.keywords import WORDS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
DESCRIBED_AS_WORDS = {"$ref", "schema", "file"}
"""Keys of values and types, which stand anywhere."""


def keys(schema: Any) -> set[str]:
    """Every key with a description, at any depth of a schema."""
    if isinstance(schema, list):
        return {key for item in schema for key in keys(item)}
    if not isinstance(schema, dict):
        return set()
    here = {
        key
        for key, body in (schema.get("properties") or {}).items()
        if isinstance(body, dict) and "description" in body
    }
    return here.union(*(keys(value) for name, value in schema.items() if name != "examples"))


@pytest.mark.parametrize("path", sorted((ROOT / "schemas").glob("*.json")), ids=lambda path: path.stem)
def test_every_key_of_the_schemas_is_there(path: Path) -> None:
    told = {name.rpartition(".")[2] for name in re.findall(r"^\| `([^`]+)` \|", PAGE, re.MULTILINE)}
    wanted = keys(json.loads(path.read_text(encoding="utf-8")))

    assert len(wanted) >= 20
    assert not wanted - told - DESCRIBED_AS_WORDS
    assert not [key for key in wanted - DESCRIBED_AS_WORDS if not find_topics(key)]


def test_every_command_and_option_is_there() -> None:
    commands = dict(walk_commands())

    assert set(COMMANDS) <= set(commands)
    for path, command in commands.items():
        section = PAGE.split(f"### cyberflow {path}\n", 1)[1].split("\n### ", 1)[0]
        for names, _ in options_of(command):
            assert names.replace("|", "\\|") in section, (path, names)


def test_every_word_rule_code_and_shape_is_explained() -> None:
    names = {one.name for one in load_topics()}

    assert set(RULES) <= names
    assert set(WORDS) <= names
    assert {str(code) for code in EXIT_CODES} <= names
    for command in SHAPES:
        assert f"### {command} --format json" in PAGE
    for code in EXIT_CODES:
        assert f"| {code} |" in PAGE


def test_the_shape_of_a_check_is_that_of_a_check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "cyberflow.yaml").write_text(
        "project: p\nworkflows: {look: {prompt: Open <mnr>., inputs: {mrn: string}}}\n", encoding="utf-8"
    )
    run(["check", "--format", "json", "--project", str(tmp_path)])
    found = json.loads(capsys.readouterr().out)

    assert found["diagnostics"][0]["fix"]["edits"]
    assert every_key(found) <= set(re.findall(r'"(\w+)"', SHAPES["check"]))


def every_key(value: Any) -> set[str]:
    if isinstance(value, list):
        return {key for item in value for key in every_key(item)}
    return set(value).union(*map(every_key, value.values())) if isinstance(value, dict) else set()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("prompt", "workflows.prompt  (key)"),
        ("workflows.checks", "Checks after each run."),
        ("each", "One name over one list"),
        ("string", "A type. Any text."),
        ("<$name>", "the secret of this name"),
        ("check", "cyberflow check [OPTIONS] [PATH...]"),
        ("runs watch", "runs watch  (command)"),
        ("4", "ownership is lost"),
        ("unknown-output", "The agent fills the declared outputs"),
        ("$match", "A matcher of tests"),
    ],
)
def test_explain_answers_for_it(name: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", name]) == 0
    assert said in capsys.readouterr().out


def test_the_page_of_editors_has_each_kind_of_name() -> None:
    page = (ROOT / "docs" / "editors.md").read_text(encoding="utf-8")
    told = page.split("`kind` is one of", 1)[1].partition(". Where")[0]

    assert set(re.findall(r"`(\w+)`", told)) == {*get_args(EntityKind), "property"}


def test_explain_says_what_was_meant(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "workflows.promt"]) == 2
    assert "did you mean `workflows.prompt`?" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("written", "topic"),
    [
        ("${{ vars.clinic }}", "${{ … }}"),
        ("{% if x %}", "${{ … }}"),
        ("<patient.id>", "<name.key[0]['k']>"),
        ("<$pin>", "<$name>"),
        ("\\{name}", "\\<name>"),
        ("{{order.id}}", "{{name}}"),
        ("Visit[]", "T[]"),
        ("note?", "name?"),
        ("# cyberflow: ignore[cycle] why", "# cyberflow: ignore[RULE] reason"),
        ("image", "image(path, alt)"),
    ],
)
def test_a_word_is_explained_as_it_is_written(written: str, topic: str) -> None:
    assert [one.name for one in find_topics(written)] == [topic]


def test_what_is_written_like_nothing_is_not_explained() -> None:
    assert not [name for name in ("frobnicate", "Visit", "[]x", "< a", "") if find_topics(name)]
