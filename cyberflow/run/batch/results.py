"""The results of a batch as a file, one row after the other in the order they came in: JSON Lines, or CSV."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, TextIO

from cyberflow.run.work.entry import LedgerEntry
from cyberflow.storage import open_atomic

OWN = ("row", "status", "session_id", "error")


def write_results(path: Path, entries: Iterable[LedgerEntry], outputs: Sequence[str]) -> None:
    """Write `.csv` as CSV with a column for each of the outputs, all else as JSON Lines. It appears whole or not at
    all. Raises CyberflowError when the disk refuses.
    """
    with open_atomic(path) as content:
        file = io.TextIOWrapper(content, encoding="utf-8", newline="")
        (_write_csv if path.suffix.casefold() == ".csv" else _write_json_lines)(file, entries, outputs)
        file.detach()


def _write_json_lines(file: TextIO, entries: Iterable[LedgerEntry], _: Sequence[str]) -> None:
    for entry in entries:
        facts = {
            "row": entry.number,
            "status": entry.display_status,
            "session_id": entry.session_id,
            "run_ids": entry.run_ids,
        }
        outputs = entry.outputs if isinstance(entry.outputs, dict) else {}
        file.write(json.dumps({**facts, "outputs": outputs, "error": entry.error}, ensure_ascii=False) + "\n")


def _write_csv(file: TextIO, entries: Iterable[LedgerEntry], outputs: Sequence[str]) -> None:
    writer = csv.writer(file)
    writer.writerow([*OWN, *outputs])
    for entry in entries:
        own = entry.outputs if isinstance(entry.outputs, dict) else {}
        facts = (entry.number, entry.display_status, entry.session_id or "", entry.error or "")
        writer.writerow([*facts, *(_cell(own.get(name)) for name in outputs)])


def _cell(value: Any) -> Any:
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value, ensure_ascii=False)
