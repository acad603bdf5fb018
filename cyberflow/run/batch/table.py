"""A file of rows for many runs: CSV or JSON Lines, read one row at a time and never held whole. What the values mean is
not known here, only whose column they stand in.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from cyberflow.errors import UsageError
from cyberflow.schema.read_value import UnreadableValue, read_json

SEPARATORS = ",;\t"
LINES = frozenset({".jsonl", ".ndjson"})
FORMS = "name the file rows.csv or rows.jsonl"


class RowFault(NamedTuple):
    """What is wrong with a row, or with the file as a whole (`row` 0). No text repeats a cell."""

    line: int
    row: int
    column: str
    text: str

    def to_text(self, file: str) -> str:
        where = f"{file}:{self.line}" if self.line else file
        row = f" row {self.row}" + (f", column `{self.column}`" if self.column else "") + ":" if self.row else ""
        return f"{where}:{row} {self.text}"


@dataclass(frozen=True)
class TableRow:
    """One row: `texts` of a CSV file, empty cells left out, or `values` of JSON, by column. Rows count from 1."""

    number: int
    line: int
    texts: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Table:
    """A file that can be read again and again. `columns` are a CSV file's, None for JSON Lines; `digest` is the sha256
    of the bytes, once they were read to the end.
    """

    path: Path
    digest: str = ""
    columns: tuple[str, ...] | None = None
    _state: tuple[int, int] | None = None

    def rows(self) -> Iterator[TableRow | RowFault]:
        """Read it from its beginning. Raises UsageError when it cannot be read, or has changed since the last time."""
        suffix = self.path.suffix.casefold()
        try:
            with self.path.open("rb", buffering=0) as raw:
                self._check_state()
                hashed = _HashingReader(raw)
                text = io.TextIOWrapper(io.BufferedReader(hashed, 1 << 16), encoding="utf-8-sig", newline="")
                yield from _read_json_lines(text) if suffix in LINES else self._read_csv(text)
                self._check_state()
                self.digest = hashed.digest.hexdigest()
        except OSError as error:
            raise UsageError(f"{self.path} cannot be read: {(error.strerror or 'no access').lower()}") from error
        except UnicodeDecodeError:
            help = "save it as `CSV UTF-8`" if suffix not in LINES else "save it as UTF-8"
            raise UsageError(f"{self.path} is not UTF-8", help=help) from None

    def _check_state(self) -> None:
        found = self.path.stat()
        state = (found.st_size, found.st_mtime_ns)
        if self._state not in (None, state):
            raise UsageError(f"{self.path} was changed while it was in use", help="begin again with the new file")
        self._state = state

    def _read_csv(self, text: io.TextIOWrapper) -> Iterator[TableRow | RowFault]:
        head = text.readline()
        if not head.strip():
            yield RowFault(1, 0, "", "the first line must name the columns")
            return
        separator = max(SEPARATORS, key=lambda one: (_outside_quotes(head, one), -SEPARATORS.index(one)))
        reader = csv.reader(_prepend(head, text), delimiter=separator, strict=True)
        number = 0
        try:
            columns = tuple(name.strip() for name in next(reader))
            yield from _header_faults(columns)
            self.columns = columns
            for cells in reader:
                if not any(cell.strip() for cell in cells):
                    continue
                number += 1
                yield _read_row(number, reader.line_num, columns, cells)
        except csv.Error as error:
            yield RowFault(reader.line_num, number + 1, "", f"this is not CSV: {error}")


class _HashingReader(io.RawIOBase):
    """Bytes that are hashed as they pass."""

    def __init__(self, raw: io.RawIOBase | io.FileIO) -> None:
        self._raw = raw
        self.digest = sha256()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        count = self._raw.readinto(buffer) or 0
        self.digest.update(memoryview(buffer)[:count])
        return count


def _prepend(head: str, rest: Iterator[str]) -> Iterator[str]:
    yield head
    yield from rest


def _outside_quotes(line: str, separator: str) -> int:
    return sum(part.count(separator) for part in line.split('"')[::2])


def _header_faults(columns: Sequence[str]) -> Iterator[RowFault]:
    for index, name in enumerate(columns, 1):
        if not name:
            yield RowFault(1, 0, "", f"column {index} has no name")
        elif name in columns[: index - 1]:
            yield RowFault(1, 0, "", f"two columns are called `{name}`")


def _read_row(number: int, line: int, columns: Sequence[str], cells: Sequence[str]) -> TableRow | RowFault:
    if len(cells) != len(columns):
        return RowFault(line, number, "", f"it has {len(cells)} cells, and the first line names {len(columns)}")
    return TableRow(number, line, {name: cell for name, cell in zip(columns, cells, strict=True) if cell != ""})


def _read_json_lines(text: Iterator[str]) -> Iterator[TableRow | RowFault]:
    number = 0
    for line, written in enumerate(text, 1):
        if not written.strip():
            continue
        number += 1
        try:
            value = read_json(written)
        except UnreadableValue as error:
            yield RowFault(line, number, "", f"it {error}")
            continue
        if isinstance(value, dict):
            yield TableRow(number, line, values=value)
        else:
            yield RowFault(line, number, "", 'it must be an object: `{"date": "2026-03-01"}`')
