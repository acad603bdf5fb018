"""What `check --format json` says of a project's bytes, with places as an editor counts them; and edits at random."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cyberflow.cli.views.findings.report import render_findings
from cyberflow.compiler.check import check
from cyberflow.language.project.load import read_project
from tests.lsp.client import Client, Finding

PIECES = ["x", "\n", " ", "<", ">", "🐼", "{", "}", ":", "- ", "mrn", "\r\n", '"', "#", "$", "${{", "patient", "\u2028"]


def expected_findings(root: Path) -> set[Finding]:
    """The findings of the disk, positions from 0 in UTF-16."""
    raw = read_project(root)
    found = set()
    for one in json.loads(render_findings(raw, check(raw), "json"))["diagnostics"]:
        path = root / one["path"]
        lines = path.read_bytes().decode().replace("\r\n", "\n").split("\n") if path.is_file() else [""]
        start = _units(lines, one["line"], one["column"])
        end = _units(lines, one["end_line"], one["end_column"])
        found.add((one["path"], one["rule"], one["message"], *start, *end))
    return found


def _units(lines: list[str], line: int, column: int) -> tuple[int, int]:
    text = lines[line - 1] if line <= len(lines) else ""
    if column - 1 > len(text) and line < len(lines):
        return line, 0  # an empty place at the end of a line is shown as the line's end
    return line - 1, len(text[: column - 1].encode("utf-16-le")) // 2


def spot(text: str, offset: int) -> dict[str, int]:
    """An offset as a position of the protocol; between CR and LF no editor stands."""
    start = text.rfind("\n", 0, offset) + 1
    return {"line": text.count("\n", 0, offset), "character": len(text[start:offset].encode("utf-16-le")) // 2}


@dataclass
class RandomEditor:
    """Edits open files at random, on the disk and in the client alike."""

    client: Client
    paths: list[str]
    seed: int

    def __post_init__(self) -> None:
        self.source = random.Random(self.seed)
        self.original = {path: self.client.open(path) for path in self.paths}
        self.texts = dict(self.original)

    def edit(self) -> None:
        """Make one edit, and now and then put a file back as it was."""
        path = self.source.choice(self.paths)
        change = self._restore(path) if self.source.random() < 0.1 else self._change(path)
        if change is None:
            return
        (self.client.root / path).write_bytes(self.texts[path].encode())
        self.client.diagnostics(path, self.client.change(path, change))

    def _restore(self, path: str) -> dict[str, Any]:
        self.texts[path] = self.original[path]
        return {"text": self.texts[path]}

    def _change(self, path: str) -> dict[str, Any] | None:
        text = self.texts[path]
        low = self.source.randrange(len(text) + 1)
        high = min(len(text), low + self.source.choice([0, 0, 1, 3, 12]))
        new = self.source.choice(PIECES)
        if any(text[at - 1 : at + 1] == "\r\n" for at in (low, high)):
            return None
        self.texts[path] = text[:low] + new + text[high:]
        return {"range": {"start": spot(text, low), "end": spot(text, high)}, "text": new}


def apply_edit(root: Path, edit: dict[str, Any], texts: dict[str, str] | None = None) -> dict[Path, str]:
    """The texts that a workspace edit makes, by path, of those on the disk or of others; applied as an editor does."""
    found = {}
    for change in edit["documentChanges"]:
        path = change["textDocument"]["uri"].removeprefix(f"{root.as_uri()}/")
        text = (texts or {}).get(path) or (root / path).read_text(encoding="utf-8")
        spots = [
            (_offset(text, one["range"]["start"]), _offset(text, one["range"]["end"]), one) for one in change["edits"]
        ]
        for low, high, one in sorted(spots, key=lambda spot: spot[:2], reverse=True):
            text = text[:low] + one["newText"] + text[high:]
        found[root / path] = text
    return found


def _interval(text: str, edit: dict[str, Any]) -> tuple[int, int, str]:
    return _offset(text, edit["range"]["start"]), _offset(text, edit["range"]["end"]), edit["newText"]


def _offset(text: str, position: dict[str, int]) -> int:
    lines = text.split("\n")
    before = sum(len(line) + 1 for line in lines[: position["line"]])
    line = lines[position["line"]] if position["line"] < len(lines) else ""
    return before + len(line.encode("utf-16-le")[: 2 * position["character"]].decode("utf-16-le"))
