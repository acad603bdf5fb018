"""What an editor says: two checkers over a file without a mistake and over one with a mistake in each marked line."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

SAMPLES = Path(__file__).parent / "typing"


def marked(name: str) -> set[int]:
    """The lines of a sample that hold a mistake."""
    lines = (SAMPLES / name).read_text(encoding="utf-8").splitlines()
    return {number for number, line in enumerate(lines, 1) if line.endswith("# error")}


Checker = Callable[[Path, Path], Iterator[tuple[int, str]]]
pytestmark = pytest.mark.slow


def mypy(path: Path, cache: Path) -> Iterator[tuple[int, str]]:
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", f"--cache-dir={cache}", "--output=json"]
    answer = subprocess.run([*command, str(path)], capture_output=True, text=True, check=False)
    assert not answer.stderr
    for found in map(json.loads, filter(lambda line: line.startswith("{"), answer.stdout.splitlines())):
        if found["severity"] == "error":
            yield found["line"], found["message"]


def basedpyright(path: Path, _cache: Path) -> Iterator[tuple[int, str]]:
    command = [sys.executable, "-m", "basedpyright", "--level", "error", "--outputjson", "--pythonpath", sys.executable]
    answer = subprocess.run([*command, str(path)], capture_output=True, text=True, check=False)
    for found in json.loads(answer.stdout)["generalDiagnostics"]:
        yield found["range"]["start"]["line"] + 1, found["message"]


@pytest.mark.parametrize("sample", ["good.py", "good_pipeline.py", "good_journal.py"])
@pytest.mark.parametrize("checker", [mypy, basedpyright], ids=["mypy", "basedpyright"])
def test_nothing_is_said_of_good_code(checker: Checker, sample: str, tmp_path: Path) -> None:
    assert not list(checker(SAMPLES / sample, tmp_path))


@pytest.mark.parametrize("sample", ["bad.py", "bad_pipeline.py", "bad_journal.py"])
@pytest.mark.parametrize("checker", [mypy, basedpyright], ids=["mypy", "basedpyright"])
def test_each_mistake_is_flagged_at_its_line(checker: Checker, sample: str, tmp_path: Path) -> None:
    found = dict(checker(SAMPLES / sample, tmp_path))
    assert len(marked(sample)) >= 12
    assert set(found) == marked(sample)
