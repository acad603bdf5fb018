"""CSV as others write it: csv-spectrum, spreadsheets, databases, pipes."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from cyberflow.errors import UsageError
from cyberflow.run.batch.rows import RowMapper
from cyberflow.run.batch.table import RowFault, Table, copy_stream, is_stream
from cyberflow.run.chain.placement import TargetIds
from cyberflow.run.chain.request import RequestParts
from cyberflow.run.inputs.arguments import Arguments, RawArguments
from tests.processes import started
from tests.run.intake import bundle, need, workflow
from tests.suites import SUITES, needs_suite

SPECTRUM = SUITES / "csv"


def rows(path: Path, content: str | bytes) -> list[Any]:
    """The texts of each row, or what is wrong with it."""
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return [row.to_text(path.name) if isinstance(row, RowFault) else row.texts for row in Table(path).rows()]


@needs_suite("csv")
def test_csv_spectrum(tmp_path: Path) -> None:
    files = sorted((SPECTRUM / "csvs").glob("*.csv"))
    assert len(files) == 12
    for file in files:
        expected = json.loads((SPECTRUM / "json" / f"{file.stem}.json").read_text("utf-8"))
        table = expected if isinstance(expected, list) else [expected]
        given = [{name: cell for name, cell in row.items() if cell != ""} for row in table]
        if file.stem == "location_coordinates":  # the suite has another number on each side
            given[0]["Contact Phone Number"] = "2095257564"
        newline = "\r\n" if file.stem.endswith("crlf") else "\n"
        found = rows(tmp_path / file.name, file.read_bytes())
        assert [{k: v.replace(newline, "\n") for k, v in row.items()} for row in found] == [
            {k: v.replace(newline, "\n") for k, v in row.items()} for row in given
        ], file.name


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("bom", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_the_forms_of_spreadsheets(tmp_path: Path, separator: str, bom: str, end: str) -> None:
    lines = [["date", "note", "", ""], ["2026-03-01", "a, b; c | d", "", ""], ["", "", "", ""], ["2026-03-02", ""]]
    text = end.join(separator.join(f'"{cell}"' if "," in cell else cell for cell in line) for line in lines) + end
    found = rows(tmp_path / "rows.csv", bom + text.replace(f"2026-03-02{separator}", f"2026-03-02{separator * 3}"))
    assert found == [{"date": "2026-03-01", "note": "a, b; c | d"}, {"date": "2026-03-02"}]
    for line in ("sep=", "SEP="):
        named = f"{bom}{line}{separator}{end}{text.splitlines()[0]}{end}x{separator}y{separator}{separator}{end}"
        assert rows(tmp_path / "rows.csv", named) == [{"date": "x", "note": "y"}]


def test_a_separator_line_wins_over_what_the_names_look_like(tmp_path: Path) -> None:
    assert rows(tmp_path / "rows.csv", "sep=;\na,b;c\n1,5;2\n") == [{"a,b": "1,5", "c": "2"}]
    assert rows(tmp_path / "rows.csv", "sep\nx\n") == [{"sep": "x"}]


def test_what_stands_in_a_column_without_a_name(tmp_path: Path) -> None:
    found = rows(tmp_path / "rows.csv", "date,,note\nx,,y\nx,2,y\nx,,y,,\nx,,y,,z\nx,\n")
    assert found[0] == found[2] == {"date": "x", "note": "y"}
    assert found[1] == "rows.csv:3: row 2: column 2 has no name, and its cell is not empty"
    assert found[3] == "rows.csv:5: row 4: it has 5 cells, and the first line names 3"
    assert found[4] == "rows.csv:6: row 5: it has 2 cells, and the first line names 3"
    assert rows(tmp_path / "rows.csv", ",,\nx,y,z\n") == ["rows.csv:1: the first line must name the columns"]


def test_cells_of_any_length(tmp_path: Path) -> None:
    for cell in ("x" * 200_000, '"' + "line\n" * 100_000 + '"', "ä" * 1_000_000):
        (row,) = rows(tmp_path / "rows.csv", f"date,note\n1,{cell}\n")
        assert len(row["note"]) == len(cell.strip('"'))


@pytest.mark.parametrize(
    ("text", "line", "character", "good"),
    [
        ('date,note\na,"open\n' + "b,c\n" * 50, 2, 3, 0),
        ('date,note\na,"open\n' + "b,c\n" * 48 + 'd,"closed"\n', 2, 3, 0),
        ('date,note\na,b\nc,d\n"x,y\n', 4, 1, 2),
        ('date,note\na,"fine\nover two lines"\nb,"not\nfine\n', 4, 3, 1),
        ('date,note\n"a""b","c""\n', 2, 8, 0),
        ('sep=;\ndate;note\na;"b" c\n', 3, 3, 0),
        ('"date,note\na,b\n', 1, 1, 0),
        ('date,note\n5" pipe,"open\n', 2, 9, 0),
    ],
)
def test_a_quote_that_is_never_closed_is_told_where_it_opens(
    tmp_path: Path, text: str, line: int, character: int, good: int
) -> None:
    *found, fault = rows(tmp_path / "rows.csv", text)
    assert len([row for row in found if isinstance(row, dict)]) == good
    why = f"this is not CSV: the quote that opens at character {character} is never closed"
    assert fault.startswith(f"rows.csv:{line}: row {good + 1}: {why}")


def test_a_quote_inside_an_unquoted_cell_is_text(tmp_path: Path) -> None:
    assert rows(tmp_path / "rows.csv", 'date,note\n5" pipe,12"\n') == [{"date": '5" pipe', "note": '12"'}]


def test_spreadsheets_write_booleans_in_capitals(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("urgent,note,count\nTRUE,TRUE,1\nFalse,false,2\ntrue,x,3\nYES,x,4\n,x,5\n", encoding="utf-8")
    inputs = {"urgent": need({"type": "boolean"}), "note": need(), "count": need({"type": "integer"})}
    what = workflow("book", inputs, {})
    mapper = RowMapper(what, Table(path), {}, RawArguments())
    parts = RequestParts(
        bundle(workflows=[what]), Arguments(), TargetIds({"book": "w"}), dict[str, bytes]().__getitem__
    )
    found = [one.text if isinstance(one, RowFault) else one[1].inputs for one in mapper.requests(parts)]
    assert found[:3] == [
        {"urgent": True, "note": "TRUE", "count": 1},
        {"urgent": False, "note": "false", "count": 2},
        {"urgent": True, "note": "x", "count": 3},
    ]
    assert "is neither `true` nor `false`" in found[3]
    assert "the cell is empty, and `urgent` is required" in found[4]


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="named pipes")
@pytest.mark.parametrize(
    ("content", "suffix"), [("date\nx\n", ".csv"), ('\ufeff {"date": "x"}\n', ".jsonl"), ("", ".csv")]
)
def test_a_pipe_is_copied_beside_the_ledger(tmp_path: Path, content: str, suffix: str) -> None:
    pipe, ledger = tmp_path / "pipe", tmp_path / "ledgers" / "intake.db"
    os.mkfifo(pipe)
    assert is_stream(pipe)
    with started([sys.executable, "-c", f"open({str(pipe)!r}, 'w').write({content!r})"]):
        copy = copy_stream(pipe, ledger)
    assert copy == ledger.with_name(f"intake.rows{suffix}")
    assert copy.read_text("utf-8") == content
    assert copy.stat().st_mode & 0o077 == 0
    assert not is_stream(copy)
    assert [is_stream(Path(name)) for name in ("-", "/dev/null", str(tmp_path), str(tmp_path / "no"))] == [
        True,
        True,
        False,
        False,
    ]


def test_a_folder_is_not_a_file_of_rows(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        list(Table(tmp_path).rows())
