"""What importing costs, and what it leaves."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from cyberflow.language.python.reading.environment import environment_hash
from cyberflow.storage import ELSEWHERE, write_bytes
from tests.processes import started

HEAVY = ("networkx", "jinja2", "httpx", "starlette", "markdown_it", "rich", "click", "PIL")


def loaded(program: str) -> set[str]:
    show = f"import sys; print('LOADED', *(set(sys.modules) & set({(*HEAVY, 'pydantic', 'yaml')!r})))"
    answer = subprocess.run([sys.executable, "-c", f"{program}\n{show}"], capture_output=True, text=True, check=True)
    return set(answer.stdout.rsplit("LOADED", 1)[1].split())


def test_importing_the_package_loads_nothing() -> None:
    assert loaded("import cyberflow; cyberflow.__version__; dir(cyberflow)") == set()


def test_the_decorators_load_nothing_either() -> None:
    use = "@workflow(tags=['a'])\ndef log_out() -> None:\n    'Log out.'"
    assert loaded(f"from cyberflow import Secret, chain, workflow, workflow_ref\n{use}") == set()


def test_the_public_names_are_there_and_no_others() -> None:
    import cyberflow

    for name in cyberflow.__all__:
        assert getattr(cyberflow, name) is not None
    assert dir(cyberflow) == sorted(cyberflow.__all__)
    with pytest.raises(AttributeError, match="no attribute 'worklow'"):
        cyberflow.worklow  # type: ignore[attr-defined]  # noqa: B018


@pytest.mark.slow
def test_files_that_go_while_the_project_is_read_are_not_missed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _COMING_AND_GOING, str(tmp_path)]
    with started(command, stdout=subprocess.PIPE) as going:
        assert going.stdout
        going.stdout.readline()
        try:
            assert all(environment_hash(tmp_path) for _ in range(1000))
        finally:
            going.kill()


_COMING_AND_GOING = """
import pathlib, sys

paths = [pathlib.Path(sys.argv[1], f"{number}.db-shm") for number in range(30)]
print("begun", flush=True)
while True:
    for path in paths:
        path.touch()
    for path in paths:
        path.unlink()
"""


def test_ledgers_among_the_modules_are_no_part_of_their_environment(tmp_path: Path) -> None:
    beside = ["march.db-wal", "march.db-lock", "march.jsonl", "march.rows.csv", "march.db.files/file/banner.png"]
    for path in ("cyberflow.yaml", "flows/glue.py", "march.csv"):
        write_bytes(tmp_path / path, b"x")
    before = environment_hash(tmp_path)
    for path in ("march.db", *beside):
        write_bytes(tmp_path / "flows" / path, b"x")
    unknown = environment_hash(tmp_path)
    write_bytes(tmp_path / ".cyberflow" / ELSEWHERE, b'["flows/march.db", "/elsewhere/april.db"]')

    assert environment_hash(tmp_path) == before != unknown
    for path in ("flows/march.py", "flows/march.dbx", "flows/march.db-notes", "march.jsonl"):
        write_bytes(tmp_path / path, b"x")
        assert environment_hash(tmp_path) != before
        (tmp_path / path).unlink()
    assert environment_hash(tmp_path) == before
