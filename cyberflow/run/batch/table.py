"""A file of rows for many runs: CSV or JSON Lines, read one row at a time and never held whole. What the values mean is
not known here, only whose column they stand in.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from cyberflow.errors import UsageError
from cyberflow.run.batch.csv_rows import CsvFault, drop_empty_tail, read_csv
from cyberflow.schema.read_value import UnreadableValue, read_json
from cyberflow.storage import open_atomic, unique_path

LINES = frozenset({".jsonl", ".ndjson"})
STANDARD_INPUT = "-"
CHUNK = 1 << 16


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
                text = io.TextIOWrapper(io.BufferedReader(hashed, CHUNK), encoding="utf-8-sig", newline="")
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
        number, columns = 0, None
        try:
            for line, cells in read_csv(text):
                if columns is None:
                    columns = tuple(name.strip() for name in cells)
                    if not any(columns):
                        break
                    yield from _header_faults(columns)
                    self.columns = columns
                elif any(cell.strip() for cell in cells):
                    number += 1
                    yield _read_row(number, line, columns, cells)
        except CsvFault as fault:
            yield RowFault(fault.line, number + 1, "", str(fault))
            return
        if not columns or not any(columns):
            yield RowFault(1, 0, "", "the first line must name the columns")


def is_stream(path: Path) -> bool:
    """Whether rows can be read from it only once: standard input, a pipe, a device."""
    return str(path) == STANDARD_INPUT or (path.exists() and not path.is_file() and not path.is_dir())


def copy_stream(path: Path, ledger: Path) -> Path:
    """Copy a stream of rows beside a ledger, where a batch can read it again, and give the copy's path: `.jsonl` where
    its first line is an object. Raises UsageError when it cannot be read, CyberflowError for the disk.
    """
    try:
        ledger.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with sys.stdin.buffer if str(path) == STANDARD_INPUT else path.open("rb") as stream:
            first = stream.read(CHUNK)
            suffix = ".jsonl" if first.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"{" else ".csv"
            copy = unique_path(ledger.parent, f"{ledger.stem}.rows{suffix}")
            with open_atomic(copy) as file:
                while first:
                    file.write(first)
                    first = stream.read(CHUNK)
    except OSError as error:
        raise UsageError(f"the rows of {path} cannot be read: {(error.strerror or 'no access').lower()}") from error
    return copy


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


def _header_faults(columns: Sequence[str]) -> Iterator[RowFault]:
    for index, name in enumerate(columns):
        if name and name in columns[:index]:
            yield RowFault(1, 0, "", f"two columns are called `{name}`")


def _read_row(number: int, line: int, columns: Sequence[str], cells: Sequence[str]) -> TableRow | RowFault:
    """A column without a name is left out where it is empty, which is how spreadsheets fill their width."""
    cells = drop_empty_tail(cells, len(columns))
    if len(cells) != len(columns):
        return RowFault(
            line,
            number,
            "",
            f"it has {len(cells)} cell{'s' * (len(cells) != 1)}, and the first line names {len(columns)}",
        )
    for index, (name, cell) in enumerate(zip(columns, cells, strict=True), 1):
        if not name and cell.strip():
            return RowFault(line, number, "", f"column {index} has no name, and its cell is not empty")
    return TableRow(number, line, {name: cell for name, cell in zip(columns, cells, strict=True) if name and cell})


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
