"""Kept answers of `check`: one is used only while everything that it rests on is as it was."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.cli.cli_program import Program

LARGE = 10 * 1024 * 1024 + 1


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "cyberflow.yaml").write_text("project: clinic\n")
    (tmp_path / "flows.yaml").write_text("workflows:\n  a: {prompt: {file: a.md}}\n")
    (tmp_path / "a.md").write_text("Open ![it](b.png).\n")
    (tmp_path / "b.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def kept(project: Path) -> bool:
    return (project / ".cyberflow" / "check.json").exists()


def test_an_answer_is_kept_until_a_file_changes(project: Path, program: Program) -> None:
    assert (program("check").code, kept(project)) == (0, True)
    (project / "a.md").write_text("Type <x>.\n")
    assert program("check").code == 1


@pytest.mark.parametrize("name", ["flows.yaml", "a.md", "b.png"])
def test_a_file_becomes_a_link_out_of_the_project_with_the_same_bytes(
    project: Path, program: Program, name: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    assert (program("check").code, kept(project)) == (0, True)
    outside = tmp_path_factory.mktemp("outside") / name
    (project / name).rename(outside)
    (project / name).symlink_to(outside)
    answer = program("check", "--format", "json")
    assert (answer.code, "path-escape" in answer.out or "bad-image" in answer.out) == (1, True)


def test_a_folder_becomes_a_link_out_of_the_project(
    project: Path, program: Program, tmp_path_factory: pytest.TempPathFactory
) -> None:
    (project / "prompts").mkdir()
    (project / "a.md").rename(project / "prompts" / "a.md")
    (project / "flows.yaml").write_text("workflows:\n  a: {prompt: {file: prompts/a.md}}\n")
    (project / "prompts" / "a.md").write_text("Look.\n")
    assert program("check").code == 0
    outside = tmp_path_factory.mktemp("outside") / "prompts"
    (project / "prompts").rename(outside)
    (project / "prompts").symlink_to(outside)
    assert program("check").code == 1


@pytest.mark.parametrize("name", [".gitignore", ".git/info/exclude", "deep/.gitignore"])
def test_an_ignore_file_that_comes_and_goes(project: Path, program: Program, name: str) -> None:
    (project / ".git" / "info").mkdir(parents=True)
    (project / "deep").mkdir()
    (project / "deep" / "bad.yaml").write_text("workflows:\n  b: {prompt: Type <x>.}\n")
    assert program("check").code == 1
    (project / name).write_text("bad.yaml\n")
    assert (program("check").code, program("check").code) == (0, 0)
    (project / name).write_text("good.yaml\n")
    assert program("check").code == 1


@pytest.mark.parametrize("name", ["flows.yaml", "a.md", "b.png"])
def test_a_link_that_leads_nowhere_and_then_somewhere(project: Path, program: Program, name: str) -> None:
    (project / name).rename(project / "elsewhere")
    (project / name).symlink_to("elsewhere" + "!")
    assert (program("check").code, kept(project)) == (1, False)
    (project / "elsewhere").rename(project / "elsewhere!")
    assert program("check").code == 0


def test_a_folder_or_a_large_image_in_the_place_of_a_file(project: Path, program: Program) -> None:
    image = (project / "b.png").read_bytes()
    (project / "b.png").write_bytes(image + bytes(LARGE))
    assert (program("check").code, kept(project)) == (1, False)
    (project / "b.png").unlink()
    (project / "b.png").mkdir()
    assert (program("check").code, kept(project)) == (1, False)
    (project / "b.png").rmdir()
    (project / "b.png").write_bytes(image)
    assert program("check").code == 0


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="the system lets this user read everything")
@pytest.mark.parametrize("name", ["flows.yaml", "a.md", "b.png", "empty"])
def test_a_permission_that_is_taken_and_given_back(project: Path, program: Program, name: str) -> None:
    (project / "empty").mkdir()
    assert program("check").code == 0
    for _ in range(2):
        mode = (project / name).stat().st_mode
        (project / name).chmod(0)
        assert program("check").code == 1
        (project / name).chmod(mode)
        assert program("check").code == 0


@pytest.fixture
def python_project(project: Path) -> Path:
    (project / "cyberflow.yaml").write_text("project: clinic\npython: [modules/*.py]\n")
    (project / "modules").mkdir()
    (project / "helper.py").write_text("TEXT = 'Look at <name>.'\n")
    (project / "modules" / "flow.py").write_text(
        "from pathlib import Path\n\nfrom cyberflow import workflow\nimport helper\n\n"
        "NAME = Path(__file__).with_name('name.txt').read_text()\n\n\n"
        "@workflow(name=NAME)\ndef look(name: str) -> None:\n    ...\n\n\nlook.function.__doc__ = helper.TEXT\n"
    )
    (project / "modules" / "name.txt").write_text("look")
    return project


def test_an_answer_about_modules_is_kept(python_project: Path, program: Program) -> None:
    first = program("check")
    assert kept(python_project)
    assert program("check").out == first.out


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("helper.py", "TEXT = 'Look at <nam>.'\n"),
        ("modules/name.txt", "not a name"),
        ("modules/more.py", "import nothing_of_this_name\n"),
    ],
)
def test_a_module_is_imported_anew_when_something_changed_that_it_may_read(
    python_project: Path, program: Program, name: str, text: str
) -> None:
    before = program("check").out
    (python_project / name).write_text(text)
    after = program("check")
    assert after.out != before
    assert after.out == program("check", "--no-cache").out
