"""init: what it writes is a project that works, and nothing that is there is ever touched."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml

from cyberflow.cli.command_list import load_command
from cyberflow.language.editor.json_schemas import Kind, editor_schema
from cyberflow.language.yaml.document import parse_yaml
from tests.cli.cli_program import Program


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "clinic-intake"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


ROOT = Path(__file__).parents[2]
KINDS: tuple[list[str], ...] = ([], ["--python"], ["--ci", "github"], ["--python", "--ci", "gitlab"])


@pytest.mark.slow
@pytest.mark.parametrize("options", KINDS, ids=" ".join)
def test_what_it_says_next_works(empty: Path, program: Program, options: list[str]) -> None:
    begun = program("init", *options)
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


def test_the_folder_may_be_given_as_everywhere(empty: Path, program: Program) -> None:
    for number, words in enumerate((["--project", "a0", "init"], ["init", "--project", "a1"], ["init", "a2"])):
        assert program(*words).code == 0
        assert (empty / f"a{number}" / "cyberflow.yaml").is_file()
    twice = program("--project", "b", "init", "c")

    assert (twice.code, "named twice: b by `--project`, and c" in twice.err) == (2, True)
    assert sorted(one.name for one in empty.iterdir()) == ["a0", "a1", "a2"]


@pytest.mark.parametrize("options", KINDS, ids=" ".join)
def test_it_is_clean_and_named_after_its_folder(empty: Path, program: Program, options: list[str]) -> None:
    program("init", *options)

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


def test_python_declares_what_yaml_declares(empty: Path, program: Program) -> None:
    program("init", "yaml")
    program("init", "python", "--python")
    yaml, python = (program("show", "look-up", "--project", folder).out for folder in ("yaml", "python"))
    prompts = [program("show", "find-article", "--project", folder).out for folder in ("yaml", "python")]

    assert "find-article" in yaml
    assert yaml == python
    assert prompts[0] == prompts[1]
    assert not list((empty / "python").glob("*/*.md"))


def test_other_files_are_left_alone(empty: Path, program: Program) -> None:
    (empty / "README.md").write_text("mine\n", encoding="utf-8")
    (empty / "AGENTS.md").write_text("ours\n", encoding="utf-8")

    answer = program("init")

    assert answer.code == 0
    assert "AGENTS.md was there and stays as it is" in answer.err
    assert (empty / "README.md").read_text(encoding="utf-8") == "mine\n"
    assert (empty / "AGENTS.md").read_text(encoding="utf-8") == "ours\n"


def test_quiet_says_nothing(empty: Path, program: Program) -> None:
    assert program("init", "--quiet", "--python", "--ci", "github").text == ""
    assert (empty / "flows" / "look_up.py").exists()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, b".cyberflow/\ndist/\n"),
        (b"", b".cyberflow/\ndist/\n"),
        (b"*.log", b"*.log\n.cyberflow/\ndist/\n"),
        (b"*.log\r\n/dist\r\n", b"*.log\r\n/dist\r\n.cyberflow/\r\n"),
        (b"dist/\n.cyberflow\n", b"dist/\n.cyberflow\n"),
        (b"# caf\xe9\n#dist/\n", b"# caf\xe9\n#dist/\n.cyberflow/\ndist/\n"),
    ],
)
def test_gitignore_gets_what_it_lacks(empty: Path, program: Program, before: bytes | None, after: bytes) -> None:
    if before is not None:
        (empty / ".gitignore").write_bytes(before)

    answer = program("init")

    assert (empty / ".gitignore").read_bytes() == after
    assert (".gitignore has" in answer.err) == (before != after)


def test_a_gitignore_that_is_not_a_file_is_in_the_way(empty: Path, program: Program) -> None:
    (empty / ".gitignore").symlink_to("elsewhere")

    answer = program("init")

    assert answer.code == 2
    assert ".gitignore (not a plain file)" in answer.err
    assert [path.name for path in empty.iterdir()] == [".gitignore"]


def test_a_folder_that_cannot_be_made_is_a_refusal_of_the_world(empty: Path, program: Program) -> None:
    (empty / "file").write_text("", encoding="utf-8")

    answer = program("init", "file/below")

    assert answer.code == 3
    assert "cannot be written" in answer.err


def test_what_github_does_is_what_there_is(empty: Path, program: Program) -> None:
    program("init", "--ci", "github")
    text = (empty / ".github" / "workflows" / "cyberflow.yaml").read_text(encoding="utf-8")
    action = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    jobs = yaml.safe_load(text)["jobs"]
    ours = [step for job in jobs.values() for step in job["steps"] if step.get("uses") == "OWNER/cyberflow@COMMIT"]

    assert [step["with"]["command"] for step in ours] == ["check", "plan", "apply"] == list(jobs)
    assert all(step["with"].keys() <= action["inputs"].keys() for step in ours)
    assert set(re.findall(r"steps\.cyberflow\.outputs\.(\w+)", text)) <= action["outputs"].keys()
    assert jobs["plan"]["if"].startswith("github.event_name == 'pull_request'")
    assert jobs["apply"]["if"] == "github.event_name == 'push'"
    assert _understood(_scripts(jobs)) == ["test"]


def test_what_gitlab_does_is_what_there_is(empty: Path, program: Program) -> None:
    program("init", "--ci", "gitlab")
    jobs = yaml.safe_load((empty / ".gitlab-ci.yml").read_text(encoding="utf-8"))
    apply = "cyberflow apply --target prod --yes --confirm prod --receipt receipt.json"

    assert jobs["stages"] == ["check", "plan", "apply"]
    assert jobs["apply"]["script"] == [apply]
    assert jobs["apply"]["rules"] == [{"if": "$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH"}]
    assert _understood(_scripts(jobs)) == ["check", "test", "plan", "apply"]


@pytest.mark.parametrize("ci", ["github", "gitlab"])
def test_a_ci_file_says_what_to_fill_in(empty: Path, program: Program, ci: str) -> None:
    answer = program("init", "--ci", ci)
    name = {"github": ".github/workflows/cyberflow.yaml", "gitlab": ".gitlab-ci.yml"}[ci]
    head = (empty / name).read_text(encoding="utf-8").split("\n\n")[0]

    assert f"fill in OWNER and COMMIT in {name}" in answer.err
    assert all(word in head for word in ("OWNER", "COMMIT", "CYBERDESK_API_KEY"))


def test_a_ci_file_that_is_there_is_in_the_way(empty: Path, program: Program) -> None:
    (empty / ".gitlab-ci.yml").write_text("mine\n", encoding="utf-8")

    answer = program("init", "--ci", "gitlab")

    assert answer.code == 2
    assert ".gitlab-ci.yml already" in answer.err
    assert [path.name for path in empty.iterdir()] == [".gitlab-ci.yml"]


@pytest.mark.slow
@pytest.mark.parametrize("options", KINDS[:2], ids=" ".join)
def test_agents_are_told_commands_that_work(empty: Path, program: Program, options: list[str]) -> None:
    program("init", *options)
    text = (empty / "AGENTS.md").read_text(encoding="utf-8")
    commands = re.findall(r"^cyberflow .+|(?<=`)cyberflow [^`]+", text, re.MULTILINE)

    assert {"check", "test", "plan", "explain"} <= set(_understood(commands))
    for line in commands:
        words = shlex.split(line.replace("RULE", "unknown-output"), comments=True)[1:]
        answer = program(*words)
        assert answer.code == 0, f"{line}: {answer.text}"


def _scripts(node: Any) -> list[str]:
    """Every line of the file that calls cyberflow."""
    if isinstance(node, dict):
        return [line for value in node.values() for line in _scripts(value)]
    if isinstance(node, list):
        return [line for value in node for line in _scripts(value)]
    return [line for line in str(node).splitlines() if line.startswith("cyberflow ")]


def _understood(lines: list[str]) -> list[str]:
    """The commands, whose words click takes; it raises on an option that there is not."""
    names = []
    for line in lines:
        _, name, *words = shlex.split(line.split(" > ")[0], comments=True)
        load_command(name).make_context(name, words)
        names.append(name)
    return names
