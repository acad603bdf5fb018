"""A commit written out: every byte of it, nothing of the user's touched, nothing believed that its id does not say."""

from __future__ import annotations

import os
import subprocess
import zlib
from pathlib import Path

import pytest

from cyberflow.deploy.checkout import CommitUnreadable, branches_with, checkout, read_commit

pytestmark = pytest.mark.slow
WHO = ["-c", "user.name=Ada Muster", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"]


def git(folder: Path, *words: str) -> str:
    done = subprocess.run(["git", "-C", str(folder), *WHO, *words], check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "mono"
    (folder / "flows" / "prompts").mkdir(parents=True)
    (folder / ".gitignore").write_text("*.tmp\n", encoding="utf-8")
    (folder / "flows" / "cyberflow.yaml").write_text("project: clinic\n", encoding="utf-8")
    (folder / "flows" / "prompts" / "ä b.wire").write_bytes(b"one\r\ntwo\xff")
    (folder / "elsewhere").write_text("big\n", encoding="utf-8")
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "Ask for the date of birth\n\nMore.")
    return folder


def everything(folder: Path) -> dict[str, tuple[int, bytes]]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): (path.stat().st_mtime_ns, path.read_bytes()) for path in files}


def test_a_project_is_written_out_as_it_was(repository: Path) -> None:
    """With hooks, filters and line ends that would change or tell something."""
    commit = git(repository, "rev-parse", "HEAD")
    hook = repository / ".git" / "hooks" / "post-checkout"
    hook.write_text(f"#!/bin/sh\ntouch {repository}/ran\n", encoding="utf-8")
    hook.chmod(0o755)
    (repository / "flows" / "cyberflow.yaml").write_text("project: other\n", encoding="utf-8")
    for name, value in {"core.autocrlf": "true", "filter.x.smudge": f"touch {repository}/ran"}.items():
        git(repository, "config", name, value)
    (repository / ".git" / "info" / "attributes").write_text("* filter=x export-ignore\n", encoding="utf-8")
    before = everything(repository)

    with checkout(repository / "flows", commit[:12]) as (root, facts):
        assert (root / "cyberflow.yaml").read_bytes() == b"project: clinic\n"
        assert (root / "prompts" / "ä b.wire").read_bytes() == b"one\r\ntwo\xff"
        assert (root.parent / ".gitignore").read_bytes() == b"*.tmp\n"
        assert sorted(path.name for path in root.parent.iterdir()) == [".git", ".gitignore", "flows"]
    assert not root.exists()
    assert (facts.id, facts.author, facts.subject) == (commit, "Ada Muster", "Ask for the date of birth")
    assert not facts.signed
    assert facts.at > 1_000_000_000
    assert everything(repository) == before


def test_what_leads_to_a_commit_is_told(repository: Path) -> None:
    commit = git(repository, "rev-parse", "HEAD")
    git(repository, "branch", "release/1")
    assert branches_with(repository, commit) == ["main", "release/1"]

    git(repository, "commit", "-q", "--amend", "-m", "Reworded")
    git(repository, "branch", "-D", "release/1")
    assert branches_with(repository, commit) == []
    assert read_commit(repository, commit).subject == "Ask for the date of birth", "it is still there to be read"


@pytest.mark.parametrize("commit", ["0" * 40, "HEAD", "main", "--help", "", "zzzzzzz"])
def test_a_commit_that_is_not_there_is_said(repository: Path, commit: str) -> None:
    with pytest.raises(CommitUnreadable, match="not in this repository"), checkout(repository, commit):
        pass


def test_without_a_repository_there_is_no_commit(tmp_path: Path) -> None:
    with pytest.raises(CommitUnreadable, match="not in a git repository"), checkout(tmp_path, "0" * 40):
        pass
    for _ in range(20):  # git goes away before or after it is asked
        with pytest.raises(CommitUnreadable, match="not in this repository"):
            read_commit(tmp_path, "0" * 40)


def test_a_project_that_stood_elsewhere_is_said(repository: Path) -> None:
    commit = git(repository, "rev-parse", "HEAD")
    (repository / "later").mkdir()
    with pytest.raises(CommitUnreadable, match="no folder `later`"), checkout(repository / "later", commit):
        pass


def test_one_byte_changed_in_an_object_is_seen(repository: Path) -> None:
    commit = git(repository, "rev-parse", "HEAD")
    blob = git(repository, "rev-parse", "HEAD:flows/cyberflow.yaml")
    file = repository / ".git" / "objects" / blob[:2] / blob[2:]
    content = zlib.decompress(file.read_bytes()).replace(b"clinic", b"clinix")
    file.chmod(0o644)
    file.write_bytes(zlib.compress(content))

    with pytest.raises(CommitUnreadable) as raised, checkout(repository, commit):
        pass
    assert raised.value.damaged


def test_no_object_stands_in_for_another(repository: Path) -> None:
    before = git(repository, "rev-parse", "HEAD")
    (repository / "flows" / "cyberflow.yaml").write_text("project: other\n", encoding="utf-8")
    git(repository, "commit", "-qam", "Other")
    git(repository, "replace", before, "HEAD")

    with checkout(repository / "flows", before) as (root, _):
        assert (root / "cyberflow.yaml").read_bytes() == b"project: clinic\n"


def test_a_tree_that_writes_through_a_link_is_refused(repository: Path, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine", encoding="utf-8")
    link = (
        subprocess.run(
            ["git", "-C", str(repository), "hash-object", "-w", "--stdin"],
            input=os.fsencode(victim),
            capture_output=True,
            check=True,
        )
        .stdout.decode()
        .strip()
    )
    blob = git(repository, "rev-parse", "HEAD:flows/cyberflow.yaml")
    tree = b"120000 a\0" + bytes.fromhex(link) + b"100644 a\0" + bytes.fromhex(blob)
    made = (
        subprocess.run(
            ["git", "-C", str(repository), "hash-object", "-w", "-t", "tree", "--literally", "--stdin"],
            input=tree,
            capture_output=True,
            check=True,
        )
        .stdout.decode()
        .strip()
    )
    commit = git(repository, "commit-tree", made, "-m", "x")

    with pytest.raises(CommitUnreadable), checkout(repository, commit):
        pass
    assert victim.read_text(encoding="utf-8") == "mine"
