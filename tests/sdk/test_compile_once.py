"""A project is compiled once for each of its targets, whoever asks for it and for its findings."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from cyberflow.compiler.build import GraphBuilder
from cyberflow.sdk.flow_tests.suite import FlowSuite
from cyberflow.sdk.project import compile_project

EXAMPLES = Path(__file__).parents[2] / "examples"
WARNED = "project: p\nworkflows:\n  w: {prompt: Open it., inputs: {note: string}}\n"


def compilations(work: Callable[[], Any]) -> Counter[str]:
    """How often a project is compiled for each target while something works."""
    seen: Counter[str] = Counter()

    def note(frame: FrameType, event: str, _: Any) -> None:
        if event == "call" and frame.f_code is GraphBuilder.build.__code__:
            seen[frame.f_locals["self"].project.target] += 1

    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(None)
    return seen


@pytest.mark.parametrize("load", [compile_project, FlowSuite.load])
@pytest.mark.parametrize("example", ["monthly-report", "patient-intake", "red-panda"])
def test_each_target_is_compiled_once(load: Callable[[Path], Any], example: str) -> None:
    seen = compilations(lambda: load(EXAMPLES / example))

    assert set(seen.values()) == {1}
    assert len(seen) == (1 if example == "red-panda" else 2)


@pytest.mark.parametrize("target", [None, "prod"])
def test_a_project_with_a_warning_is_compiled_once_too(tmp_path: Path, target: str | None) -> None:
    (tmp_path / "cyberflow.yaml").write_text(f"{WARNED}targets: {{prod: {{}}}}\n", encoding="utf-8")

    assert compilations(lambda: compile_project(tmp_path, target)) == {target or "local": 1}
