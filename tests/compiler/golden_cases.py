"""The golden cases: every folder `tests/cases/<rule>/<case>/` is a small project. Each is analysed once for all tests
that only read what is found there.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from cyberflow.compiler.facts.analysis import Analysis
from cyberflow.compiler.facts.state import ProjectState
from cyberflow.compiler.rules import REMOTE_RULES

CASES = Path(__file__).parents[1] / "cases"
FOLDERS = sorted(path.parent for path in CASES.glob("*/*/cyberflow.yaml"))
QUICK = [one for one in FOLDERS if one.parent.name not in REMOTE_RULES]


def name(folder: Path) -> str:
    return folder.relative_to(CASES).as_posix()


@cache
def analysis(folder: Path) -> Analysis:
    """A case that is held open; what a test lays over it, it takes away."""
    return Analysis(folder)


@cache
def state(folder: Path) -> ProjectState:
    return analysis(folder).state()
