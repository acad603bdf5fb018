"""After any edits, what is kept says what a fresh reading says, to the byte."""

from __future__ import annotations

from pathlib import Path

import pytest

from cyberflow.cli.views.findings.findings_json import render_json
from cyberflow.compiler.facts.analysis import Analysis
from cyberflow.compiler.facts.state import ProjectState
from tests.compiler.facts.random_project import RandomProject

SEQUENCES, GROUPS, EDITS = 500, 20, 10


def said(state: ProjectState) -> tuple[str, str | None]:
    bundle = state.bundle()
    return render_json(state.raw, list(state.findings)), bundle.to_json() if bundle else None


@pytest.mark.slow
@pytest.mark.parametrize("group", range(GROUPS))
def test_what_is_kept_is_what_a_fresh_reading_says(group: int, tmp_path: Path) -> None:
    for seed in range(group, SEQUENCES, GROUPS):
        root = tmp_path / str(seed)
        project = RandomProject(root, seed, python=seed % 6 == 0)
        analysis = Analysis(root)
        for edit in range(EDITS):
            assert said(analysis.state()) == said(Analysis(root).state()), (seed, edit)
            project.edit()
