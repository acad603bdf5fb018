"""init: what it writes is a project that works, and nothing that is there is ever touched."""

from __future__ import annotations

import shlex
from pathlib import Path

import jsonschema_rs
import pytest

from cyberflow.language.editor.json_schemas import Kind, editor_schema
from cyberflow.language.yaml.document import parse_yaml
from tests.cli.cli_program import Program


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "clinic-intake"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.slow
def test_what_it_says_next_works(empty: Path, program: Program) -> None:
    begun = program("init")
    commands = [shlex.split(line) for line in begun.out.splitlines()]

    assert begun.code == 0
    assert [command[:2] for command in commands] == [
        ["cyberflow", "check"],
        ["cyberflow", "test"],
        ["cyberflow", "apply"],
        ["cyberflow", "run"],
    ]
    for command in commands:
        answer = program(*command[1:])
        assert answer.code == 0, answer.text
    assert answer.out.splitlines()[-1].endswith("success")


def test_it_is_clean_and_named_after_its_folder(empty: Path, program: Program) -> None:
    program("init")

    answer = program("check", "--error-on", "warning")

    assert answer.code == 0
    assert answer.out.startswith("clean: 1 workflow, 1 chain")
    assert "project: clinic-intake\n" in (empty / "cyberflow.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("My Clinic (North)", "my-clinic-north"),
        ("2026_reports", "reports"),
        ("日本", "my-project"),
        ("A" * 80, "a" * 63),
    ],
)
def test_any_folder_gives_a_name(empty: Path, program: Program, folder: str, name: str) -> None:
    answer = program("init", folder)

    assert answer.code == 0
    assert f"project: {name}\n" in (empty / folder / "cyberflow.yaml").read_text(encoding="utf-8")
    assert program("check", "--project", folder).code == 0
    assert shlex.split(answer.out.splitlines()[0])[:3] == ["cd", folder, "&&"]


def test_the_schemas_that_files_name_are_there_and_fit(empty: Path, program: Program) -> None:
    program("init")

    for path in empty.glob("*.yaml"):
        text = path.read_text(encoding="utf-8")
        named = text.splitlines()[0].removeprefix("# yaml-language-server: $schema=")
        kind: Kind = "project" if path.name == "cyberflow.yaml" else "declarations"
        assert (empty / named).read_text(encoding="utf-8") == program("schema", kind).out
        jsonschema_rs.validator_for(editor_schema(kind)).validate(parse_yaml(text, path.name).data)


def test_nothing_is_overwritten_and_what_is_there_is_listed(empty: Path, program: Program) -> None:
    (empty / "chains.yaml").write_text("mine\n", encoding="utf-8")
    (empty / "prompts").mkdir()
    (empty / "prompts" / "find-article.md").symlink_to("nowhere")

    answer = program("init")

    assert answer.code == 2
    assert answer.out == ""
    assert "chains.yaml, prompts/find-article.md" in answer.err
    assert (empty / "chains.yaml").read_text(encoding="utf-8") == "mine\n"
    assert sorted(path.name for path in empty.iterdir()) == ["chains.yaml", "prompts"]


def test_twice_is_refused(empty: Path, program: Program) -> None:
    program("init")
    before = {path: path.read_bytes() for path in empty.rglob("*") if path.is_file()}

    assert program("init").code == 2
    assert {path: path.read_bytes() for path in empty.rglob("*") if path.is_file()} == before


def test_other_files_are_left_alone(empty: Path, program: Program) -> None:
    (empty / "README.md").write_text("mine\n", encoding="utf-8")
    (empty / ".gitignore").write_text("*.log\n", encoding="utf-8")

    assert program("init", "--quiet").text == ""
    assert (empty / ".gitignore").read_text(encoding="utf-8") == "*.log\n"


def test_a_folder_that_cannot_be_made_is_a_refusal_of_the_world(empty: Path, program: Program) -> None:
    (empty / "file").write_text("", encoding="utf-8")

    answer = program("init", "file/below")

    assert answer.code == 3
    assert "cannot be written" in answer.err
