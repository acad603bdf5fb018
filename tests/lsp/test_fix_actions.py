"""Every fix that the cases of the rules know, made by a code action of the server."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest

from cyberflow.compiler.check import check
from cyberflow.compiler.fixes.text_edits import text_fix
from cyberflow.diagnostics import Diagnostic
from cyberflow.language.project.load import RawProject, read_project
from tests.compiler.edited import edit_texts
from tests.compiler.golden_cases import FOLDERS
from tests.lsp.client import serving
from tests.lsp.expected import apply_edit, spot

pytestmark = pytest.mark.slow


def checked(root: Path) -> tuple[RawProject, list[Diagnostic]]:
    raw = read_project(root)
    return raw, check(raw)


def test_each_fix_is_a_code_action(tmp_path: Path) -> None:
    """One server for all of them: each case is a project of its own below the folder that is open."""
    made: dict[str, int] = {}
    copies = [Path(shutil.copytree(one, tmp_path / one.parent.name / one.name)) for one in FOLDERS]
    with serving(tmp_path) as client:
        for root in copies:
            raw, found = checked(root)
            for one in (one for one in found if text_fix(one, raw.sources) is not None):
                span = raw.sources.span(one.place)
                path = (root / span.path).relative_to(tmp_path).as_posix()
                text = (tmp_path / path).read_text(encoding="utf-8").removeprefix("\ufeff")
                at = raw.sources.documents[span.path].lines.offset(span.line, span.column - 1)  # type: ignore[attr-defined]
                place = spot(text, at)
                actions = client.about(
                    path, "codeAction", range={"start": place, "end": place}, context={"diagnostics": []}
                )
                fix = text_fix(one, raw.sources)
                assert fix is not None
                title = fix.message[:1].upper() + fix.message[1:]
                chosen = [act for act in actions if act["title"] == title and act["diagnostics"][0]["code"] == one.rule]
                assert chosen, (root, one, [act["title"] for act in actions])
                assert chosen[0]["isPreferred"] == fix.safe
                texts = apply_edit(tmp_path, chosen[0]["edit"])
                before = {name: document.text for name, document in raw.sources.documents.items()}
                assert texts == {root / name: made for name, made in edit_texts(fix.edits, before).items()}
                said = one.rule, one.message
                assert _after(root, texts)[said] < _said(found)[said]
                made[one.rule] = made.get(one.rule, 0) + 1
    assert len(made) >= 15, made


def _after(root: Path, texts: dict[Path, str]) -> Counter[tuple[str, str]]:
    """What is found in a project with other texts."""
    before = {path: path.read_bytes() for path in texts}
    for path, text in texts.items():
        path.write_text(text, encoding="utf-8")
    try:
        return _said(check(read_project(root)))
    finally:
        for path, data in before.items():
            path.write_bytes(data)


def _said(found: Iterable[Diagnostic]) -> Counter[tuple[str, str]]:
    return Counter((one.rule, one.message) for one in found)
