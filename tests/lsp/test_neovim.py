"""A session in a real editor: Neovim, where there is one, with nothing between it and the server."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cyberflow.compiler.check import check
from cyberflow.language.project.load import read_project

HERE = Path(__file__).parent
EXAMPLES = HERE.parents[1] / "examples"


@pytest.mark.slow
def test_a_finding_is_shown_an_output_completed_an_input_renamed(tmp_path: Path) -> None:
    editor = shutil.which("nvim")
    if editor is None:
        pytest.skip("there is no Neovim")
    root = Path(shutil.copytree(EXAMPLES / "patient-intake", tmp_path / "intake"))
    answer = tmp_path / "answer.json"
    names = {"ROOT": str(root), "PYTHON": sys.executable, "ANSWER": str(answer), "HOME": str(tmp_path)}
    words = [editor, "--headless", "-u", "NONE", "-n", "-c", f"luafile {HERE / 'session.lua'}"]
    subprocess.run(words, env={**os.environ, **names}, check=True, timeout=120, capture_output=True)

    seen = json.loads(answer.read_text(encoding="utf-8"))

    assert "trouble" not in seen, seen
    assert seen["finding"] == {
        "message": "`lookup` has no output `mrm`",
        "code": "unknown-output",
        "line": 21,
        "column": 22,
    }
    assert seen["completion"] == ["mrn", "coverage"]
    texts = {path: (root / path).read_text(encoding="utf-8") for path in ("chains.yaml", "workflows.yaml")}
    assert "mrn: {$ref: lookup.outputs.mrn}" in texts["chains.yaml"]
    assert "why: New patient visit" in texts["chains.yaml"]
    assert "      why: string" in texts["workflows.yaml"]
    assert "<why>" in (root / "prompts" / "book-visit.md").read_text(encoding="utf-8")
    assert check(read_project(root)) == []
