"""Ignore files are read without git, as git reads them: the same answer with git, without it, and for any user."""

from __future__ import annotations

import os
import random
import subprocess
from pathlib import Path
from shutil import which

import pytest

from cyberflow.language.ignore_files import IgnoreFiles
from cyberflow.language.project.load import read_project

NAMES = ["a", "b", "ab", "a.yaml", "b.yaml", "c d", "x[1]", "!n", "#h", "é", "build"]
PATTERNS = [
    *(
        "a",
        "*.yaml",
        "/a",
        "a/",
        "!a",
        "!*.yaml",
        "**/a",
        "a/**",
        "a/**/b",
        "/a/b",
        "b/",
        "[ab]",
        "[!a]*",
        "[a-c].yaml",
    ),
    *(
        "\\!n",
        "\\#h",
        "#h",
        "!n",
        "x[[]1]",
        "x[1]",
        "x\\[1\\]",
        "c\\ d",
        "c d ",
        "c d\\ ",
        "*",
        "!*/",
        "!/b",
        "?",
        "??",
    ),
    *(
        "**",
        "a**b",
        "*/a",
        "/*",
        "foo**",
        "[[:alpha:]]",
        "[]a]",
        "[a",
        "a\\",
        "/",
        "a//b",
        "é",
        "[^b]",
        "[b-a]",
        "!build/",
    ),
    *("**/", "/**", "a/*", "**/b/**", "\\a", "[a\\]]", "   ", "\t", "a\t"),
]
WORKFLOW = "workflows:\n  NAME: {prompt: Look.}\n"


def ignored(root: Path, folder: str = "") -> set[str]:
    """Every path below a folder of a work tree that is ignored, with all that is below an ignored folder."""
    files, found = IgnoreFiles(root), set()

    def walk(folder: str) -> None:
        files.enter(folder)
        for name in sorted(one.name for one in (root / folder).iterdir()):
            path = f"{folder}/{name}" if folder else name
            if name in (".git", ".gitignore"):
                continue
            if files.ignores(path, is_folder=(root / path).is_dir()):
                found.update({path, *(str(one.relative_to(root)) for one in (root / path).rglob("*"))})
            elif (root / path).is_dir():
                walk(path)

    walk(folder)
    return {path for path in found if not path.endswith(".gitignore")}


def ignored_by_git(root: Path) -> set[str]:
    paths = [str(path.relative_to(root)) for path in root.rglob("*") if ".git" not in path.relative_to(root).parts[0]]
    command = ["git", "-C", str(root), "check-ignore", "-z", "--stdin", "--no-index"]
    answer = subprocess.run(command, input=os.fsencode("\0".join(paths)), capture_output=True, check=False)
    return {path for path in os.fsdecode(answer.stdout).split("\0") if path and not path.endswith(".gitignore")}


def grow(source: random.Random, root: Path) -> None:
    """A random tree with random ignore files."""
    folders = [root]
    for _ in range(18):
        path = source.choice(folders) / source.choice(NAMES)
        if path.exists():
            continue
        if source.random() < 0.3:
            path.mkdir()
            folders.append(path)
        else:
            path.write_text("")
    for folder in source.sample(folders, min(len(folders), 3)):
        lines = [source.choice(PATTERNS) for _ in range(source.randint(1, 4))]
        (folder / ".gitignore").write_text(source.choice(["\n", "\r\n"]).join(lines))
    (root / ".git" / "info" / "exclude").write_text(source.choice(PATTERNS) + "\n")


@pytest.mark.slow
@pytest.mark.skipif(which("git") is None, reason="there is no git to compare with")
def test_every_answer_is_that_of_git(tmp_path: Path) -> None:
    source = random.Random(3)
    for number in range(60):
        root = tmp_path / str(number)
        subprocess.run(["git", "init", "-q", str(root)], check=True)
        grow(source, root)
        assert ignored(root) == ignored_by_git(root), number


def declare(root: Path, *paths: str) -> None:
    (root / "cyberflow.yaml").write_text("project: clinic\n")
    for number, path in enumerate(paths):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(WORKFLOW.replace("NAME", f"w{number}"))


def sources(root: Path) -> set[str]:
    return {document.path for document in read_project(root).documents} - {"cyberflow.yaml"}


def test_no_git_and_no_repository_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    declare(tmp_path, "a.yaml", "scratch.yaml", "deep/b.yaml", "deep/c.yaml")
    (tmp_path / ".gitignore").write_text("/scratch.yaml\n")
    (tmp_path / "deep" / ".gitignore").write_text("*\n!b.yaml\n")
    assert sources(tmp_path) == {"a.yaml", "deep/b.yaml"}


def test_what_stands_above_the_project_counts_up_to_the_repository(tmp_path: Path) -> None:
    project = tmp_path / "repository" / "flows" / "clinic"
    project.mkdir(parents=True)
    declare(project, "a.yaml", "b.yaml", "c.yaml", "d.yaml")
    (tmp_path / ".gitignore").write_text("a.yaml\n")
    (tmp_path / "repository" / ".git" / "info").mkdir(parents=True)
    (tmp_path / "repository" / ".git" / "info" / "exclude").write_text("b.yaml\n")
    (tmp_path / "repository" / ".gitignore").write_text("/flows/clinic/c.yaml\n/d.yaml\n")
    assert sources(project) == {"a.yaml", "d.yaml"}


def test_a_linked_work_tree_has_the_exclude_file_of_its_repository(tmp_path: Path) -> None:
    (tmp_path / "main" / ".git" / "worktrees" / "one").mkdir(parents=True)
    (tmp_path / "main" / ".git" / "worktrees" / "one" / "commondir").write_text("../..\n")
    (tmp_path / "main" / ".git" / "info").mkdir()
    (tmp_path / "main" / ".git" / "info" / "exclude").write_text("b.yaml\n")
    (tmp_path / "one").mkdir()
    declare(tmp_path / "one", "a.yaml", "b.yaml")
    (tmp_path / "one" / ".git").write_text("gitdir: ../main/.git/worktrees/one\n")
    assert sources(tmp_path / "one") == {"a.yaml"}


@pytest.mark.slow
@pytest.mark.skipif(which("git") is None, reason="there is no git that could be called")
def test_nothing_of_a_foreign_repository_is_run(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    command = f"touch {tmp_path / 'pwned'}"
    for key in ("core.fsmonitor", "core.sshCommand", "core.pager", "diff.external"):
        subprocess.run(["git", "-C", str(tmp_path), "config", key, command], check=True)
    declare(tmp_path, "a.yaml")
    assert sources(tmp_path) == {"a.yaml"}
    assert not (tmp_path / "pwned").exists()


@pytest.mark.parametrize("damage", ["folder", "link", "bytes", "large"])
def test_an_ignore_file_that_is_none_stops_nothing(tmp_path: Path, damage: str) -> None:
    declare(tmp_path, "a.yaml")
    path = tmp_path / ".gitignore"
    match damage:
        case "folder":
            path.mkdir()
        case "link":
            path.symlink_to("/dev/zero")
        case "bytes":
            path.write_bytes(b"\xff\xfe\x00[\n\\")
        case "large":
            path.write_bytes(b"[a" * 3_000_000)
    assert sources(tmp_path) == {"a.yaml"}
