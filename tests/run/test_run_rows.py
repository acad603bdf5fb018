"""Rows of a file: columns to inputs, and every mistake with its row and column."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cyberflow.errors import UsageError
from cyberflow.run.batch.rows import RowMapper, read_mapping
from cyberflow.run.batch.table import RowFault, Table
from cyberflow.run.chain.placement import TargetIds
from cyberflow.run.chain.request import RequestParts
from cyberflow.run.inputs.arguments import Arguments, RawArguments
from tests.run.intake import PATIENT, bundle, chain, may, need

NAMES = {name: name for name in ("patient-lookup", "book-visit", "file-letter")}
INPUTS = {"patient": need(PATIENT), "date": need(), "note": may(), "count": may({"type": "integer"})}


def read(
    path: Path, content: str | bytes, mapping: dict[str, str] | None = None, asked: RawArguments | None = None
) -> Any:
    """The inputs of every row as they reach the first two steps, or the findings as they are shown."""
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    declared = chain(inputs=INPUTS)
    parts = RequestParts(
        bundle(declared), Arguments(secrets={"epic_password": "x"}), TargetIds(NAMES), dict[str, bytes]().__getitem__
    )
    rows = RowMapper(declared, Table(path), mapping or {}, asked or RawArguments())
    found = list(rows.requests(parts))
    faults = [row.to_text(path.name) for row in found if isinstance(row, RowFault)]
    good = [
        (row[1].body["steps"][0]["inputs"]["patient"], row[1].body["steps"][1]["inputs"].get("note"))
        for row in found
        if not isinstance(row, RowFault)
    ]
    return faults or good


def test_csv_with_any_separator_bom_and_quotes(tmp_path: Path) -> None:
    patient = '{"id": "7"}'
    quoted = '"' + patient.replace('"', '""') + '"'
    for separator in ",;\t":
        text = separator.join(["patient", "date", "note"]) + "\r\n"
        text += separator.join([quoted, "2026-03-01", '"two\r\nlines"']) + "\r\n\r\n"
        text += separator.join([quoted, "2026-03-02", ""]) + "\r\n"
        for start in (b"", b"\xef\xbb\xbf"):
            assert read(tmp_path / "rows.csv", start + text.encode()) == [
                ({"id": "7"}, "two\r\nlines"),
                ({"id": "7"}, None),
            ]


def test_a_finding_has_row_and_column(tmp_path: Path) -> None:
    text = 'patient;date;count\n{"id": "7"};;1\n{"id": 7};x;1.5\nJones;x;\n{"id": "7"};x\n'
    assert read(tmp_path / "rows.csv", text) == [
        "rows.csv:2: row 1, column `date`: the cell is empty, and `date` is required",
        "rows.csv:3: row 2, column `patient`: input `patient.id` must be `string`, not `integer`",
        "rows.csv:3: row 2, column `count`: input `count` must be `integer`, not `number`",
        (
            "rows.csv:4: row 3, column `patient`: input `patient` must be "
            "`{id: string, dob?: string, tags?: string[]}`; what was given is not JSON"
        ),
        "rows.csv:5: row 4: it has 2 cells, and the first line names 3",
    ]


def test_columns_that_are_no_inputs(tmp_path: Path) -> None:
    text = "patiant,date,epic_password,$epic_password,date,\n1,2,3,4,5,6\n"
    found = read(tmp_path / "rows.csv", text)
    assert found[:3] == [
        "rows.csv:1: two columns are called `date`",
        (
            "rows.csv:1: column `patiant`: `intake` has no input `patiant`: did you mean `patient`? "
            "Or leave the column out with `--map patiant=`"
        ),
        (
            "rows.csv:1: column `epic_password`: `epic_password` is a secret and is given by where to find it: "
            "`-s epic_password=env:VARIABLE`"
        ),
    ]
    assert "no column gives" not in "\n".join(found), "it is misspelt, and that was said"


def test_columns_are_mapped_and_left_out(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    mapping = read_mapping(("who=patient", "day=date", "memo="))
    assert read(path, 'who,day,memo\n"{""id"": ""7""}",x,private\n', mapping) == [({"id": "7"}, None)]
    assert read(path, 'who,day\n"{""id"": ""7""}",x\n', mapping) == [
        "rows.csv:1: `--map` names a column `memo` that is not there; known: `day`, `who`"
    ]
    for wrong in ("date", "=date"):
        with pytest.raises(UsageError, match="has no column"):
            read_mapping((wrong,))
    with pytest.raises(UsageError, match="twice"):
        read_mapping(("a=x", "a=y"))


def test_what_rows_do_not_give_is_given_once(tmp_path: Path) -> None:
    asked = RawArguments(("note=for all",), {"patient": {"id": "0"}})
    assert read(tmp_path / "rows.csv", "date,note\nx,\ny,own\n", asked=asked) == [
        ({"id": "0"}, "for all"),
        ({"id": "0"}, "own"),
    ]
    for name, rows in (("rows.csv", "date\nx\ny\n"), ("rows.jsonl", '{"date": "x"}\n{"date": "y"}\n')):
        assert read(tmp_path / name, rows, asked=RawArguments(("nota=1",), {"patient": {}})) == [
            f"{name}: `intake` has no input `nota`: did you mean `note`?",
            f"{name}: input `patient` lacks `id`",
        ]


def test_json_lines_keep_their_types(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    line = {"patient": {"id": "7"}, "date": "x", "note": "ä"}
    assert read(path, "\n" + json.dumps(line, ensure_ascii=False) + "\n\n") == [({"id": "7"}, "ä")]
    assert read(path, '{"patient": {"id": "7"}, "date": 3}\n{"dat": 1}\n[]\n{"a": 1, "a": 2}\n{') == [
        "rows.jsonl:1: row 1, column `date`: input `date` must be `string`, not `integer`",
        "rows.jsonl:2: row 2: `intake` has no input `dat`: did you mean `date`?",
        (
            "rows.jsonl:2: row 2: input `patient` is missing: give it with `-i patient=…`, "
            "a `{id: string, dob?: string, tags?: string[]}`"
        ),
        'rows.jsonl:3: row 3: it must be an object: `{"date": "2026-03-01"}`',
        "rows.jsonl:4: row 4: it has an object with the same key twice",
        "rows.jsonl:5: row 5: it is not JSON, at line 1, column 2",
    ]


def test_half_a_character_is_told_with_its_row(tmp_path: Path) -> None:
    good = '{"patient": {"id": "7"}, "date": "x", "note": "\\ud83d\\ude00"}\n'
    assert read(tmp_path / "rows.jsonl", good) == [({"id": "7"}, "😀")]
    (told,) = read(tmp_path / "rows.jsonl", good + good.replace("\\ude00", "") + good)
    assert told.startswith("rows.jsonl:2: row 2: it holds half of a character")


@pytest.mark.parametrize("content", ["", "\n\n"])
def test_a_file_without_rows(tmp_path: Path, content: str) -> None:
    assert "rows.csv:1: the first line must name the columns" in read(tmp_path / "rows.csv", content)
    assert read(tmp_path / "rows.jsonl", content) == ["rows.jsonl: there are no rows"]
    assert "rows.csv: there are no rows" in read(tmp_path / "rows.csv", "date,patient\n")


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not UTF-8") as caught:
        read(tmp_path / "rows.csv", "date\nä\n".encode("utf-16"))
    assert "CSV UTF-8" in (caught.value.help or "")
    assert "this is not CSV" in read(tmp_path / "rows.csv", 'date\n"open\n')[0]
    with pytest.raises(UsageError, match="cannot be read"):
        list(Table(tmp_path / "missing.csv").rows())


def test_a_file_that_changes_under_the_batch_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("date\na\nb\n", encoding="utf-8")
    table = Table(path)
    list(table.rows())
    digest = table.digest
    path.write_text("date\na\nbb\n", encoding="utf-8")
    with pytest.raises(UsageError, match="was changed"):
        list(table.rows())
    assert len(digest) == 64


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\x00\r"), min_size=1).filter(str.strip)


@given(rows=st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=5), separator=st.sampled_from(",;\t"))
def test_what_a_spreadsheet_writes_is_what_is_read(
    tmp_path_factory: pytest.TempPathFactory, rows: Any, separator: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "law.csv"
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=separator).writerows([("date", "note"), *rows])
    path.write_bytes(text.getvalue().encode())
    found = [row for row in Table(path).rows() if not isinstance(row, RowFault)]
    assert [(row.texts["date"], row.texts["note"]) for row in found] == rows
