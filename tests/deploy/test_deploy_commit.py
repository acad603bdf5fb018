"""The commit of a receipt, and that a foreign repository runs nothing while it is read."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from cyberflow.deploy.commit import current_commit

pytestmark = pytest.mark.slow
WHO = ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"]


def git(folder: Path, *words: str) -> None:
    subprocess.run(["git", "-C", str(folder), *WHO, *words], check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    (folder / "flows").mkdir(parents=True)
    (folder / "flows" / "a.yaml").write_text("a\n", encoding="utf-8")
    (folder / "README").write_text("read\n", encoding="utf-8")
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "first")
    return folder


def test_a_clean_commit_is_its_full_id(repository: Path) -> None:
    commit = current_commit(repository)

    assert commit is not None
    assert len(commit) == 40
    assert current_commit(repository / "flows") == commit


@pytest.mark.parametrize("change", ["edit", "new", "staged", "gone"])
def test_a_work_tree_that_differs_is_marked(repository: Path, change: str) -> None:
    file = repository / "flows" / ("b.yaml" if change == "new" else "a.yaml")
    file.unlink() if change == "gone" else file.write_text("b\n", encoding="utf-8")
    if change == "staged":
        git(repository, "add", ".")

    assert (current_commit(repository) or "").endswith("+")


def test_what_differs_outside_the_project_is_not_its_business(repository: Path) -> None:
    (repository / "README").write_text("other\n", encoding="utf-8")

    assert not (current_commit(repository / "flows") or "+").endswith("+")


def test_there_may_be_no_commit_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, repository: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    assert current_commit(empty) is None
    git(empty, "init", "-q")
    assert current_commit(empty) is None
    monkeypatch.setenv("PATH", str(empty))
    assert current_commit(repository) is None


def test_variables_of_git_do_not_lead_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, repository: Path
) -> None:
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "nowhere"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "nowhere"))

    assert len(current_commit(repository) or "") == 40


@pytest.mark.parametrize(
    "setting",
    [
        "core.fsmonitor={}",
        "core.hooksPath=hooks",
        "filter.x.clean={}",
        "filter.x.process={}",
        "core.sshCommand={}",
        "diff.external={}",
        "core.pager={}",
        "core.alternateRefsCommand={}",
    ],
)
def test_nothing_that_a_repository_configures_is_run(tmp_path: Path, repository: Path, setting: str) -> None:
    trap = tmp_path / "trap.sh"
    caught = tmp_path / "caught"
    trap.write_text(f"#!/bin/sh\ntouch {caught}\ncat\n", encoding="utf-8")
    trap.chmod(0o755)
    (repository / ".gitattributes").write_text("*.yaml filter=x\n", encoding="utf-8")
    git(repository, "add", ".")
    git(repository, "commit", "-q", "-m", "second")
    hooks = repository / "hooks"
    hooks.mkdir()
    for name in ("post-index-change", "fsmonitor-watchman", "reference-transaction"):
        (hooks / name).write_text(f"#!/bin/sh\ntouch {caught}\n", encoding="utf-8")
        (hooks / name).chmod(0o755)
    name, _, value = setting.format(trap).partition("=")
    git(repository, "config", name, value)
    (repository / "flows" / "a.yaml").write_text("c\n", encoding="utf-8")

    commit = current_commit(repository)

    assert not caught.exists()
    assert (commit or "").endswith("+")


def test_of_new_files_only_those_that_are_read_count(repository: Path) -> None:
    flows = repository / "flows"
    (flows / "prod.plan").write_text("{}\n", encoding="utf-8")
    (flows / "a-ä b.yaml").write_text("b\n", encoding="utf-8")

    assert (current_commit(flows) or "").endswith("+")
    assert not (current_commit(flows, {"a.yaml"}) or "+").endswith("+")
    assert (current_commit(flows, {"a.yaml", "a-ä b.yaml"}) or "").endswith("+")

    (flows / "glue.py").write_text("", encoding="utf-8")
    assert (current_commit(flows, {"a.yaml"}) or "").endswith("+"), "a module may be imported by another"


def test_a_file_that_git_knows_counts_even_when_it_is_not_read(repository: Path) -> None:
    (repository / "README").write_text("other\n", encoding="utf-8")

    assert (current_commit(repository, {"flows/a.yaml"}) or "").endswith("+")
