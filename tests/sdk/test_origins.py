"""The ledgers of a project: where they are, and what of them a run belongs to."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from cyberflow.run.work.entry import LedgerEntry, LedgerHeader
from cyberflow.run.work.journal import open_journal
from cyberflow.run.work.ledger import Ledger
from cyberflow.sdk.runs.origins import ledger_paths, origins, remember_ledger


def make_ledger(path: Path, header: dict[str, Any], *entries: LedgerEntry) -> Path:
    head = LedgerHeader(str(uuid4()), path.stem, "local", **header)
    with Ledger.create(path, head) as ledger, ledger.transaction():
        ledger.write(entries)
    return path


def sent(id: str, step: str, run: str, *more: str, kind: Any = "chain") -> LedgerEntry:
    session = f"s-{run}" if kind == "chain" else None
    return LedgerEntry(id, step, kind=kind, stage="accepted", session_id=session, run_ids=(run, *more))


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / ".cyberflow"


@pytest.mark.parametrize(
    ("id", "step", "chain"),
    [
        ("find", "find", "search"),
        ("file[a/b]", "file", "put"),
        ("wards[a]/rounds[1/see]", "wards[a]/rounds", "visit"),
        ("wards[x/rounds]/rounds[2]", "wards[x/rounds]/rounds", "visit"),
        ("wards[a]/gone", "wards[a]/gone", None),
    ],
)
def test_a_step_is_named_with_the_chain_that_it_runs(state: Path, id: str, step: str, chain: str | None) -> None:
    inner = {"rounds": {"run": "visit"}, "see": {"run": "wrong"}}
    steps = {"find": {"run": "search"}, "file": {"run": "put"}, "wards": {"run": "ward", "runs": inner}}
    options = {"options": {"steps": steps}, "kind": "pipeline"}
    path = make_ledger(state / "ledgers" / "night.db", options, sent(id, step, "r1", "r2"))

    known = origins(state)

    assert known["r2"] is known["r1"] is known["s-r1"]
    assert known["r1"].chain == chain
    assert known["r1"].to_json() == {"kind": "pipeline", "name": "night", "id": id, "ledger": str(path)}


def test_rows_keys_and_single_runs_are_told_apart(state: Path) -> None:
    make_ledger(state / "ledgers" / "rows.db", {}, sent("intake[3]", "intake", "row"))
    make_ledger(state / "ledgers" / "script.db", {"kind": "script"}, sent("find", "look", "key", kind="run"))
    open_journal(state, "local").record("sending", name="visit", session_id="s", run_ids=["one", "two"])
    open_journal(state, "local").record("sending", name="short", session_id="t", run_ids=["only"])
    open_journal(state, "local").record("sending", name="look", run_ids=["alone"])
    open_journal(state, "local").record("sending", name="look", kind="run", session_id="s", run_ids=["joined"])
    known = origins(state)

    assert [known[id].chain for id in ("row", "key", "one", "only", "alone")] == [
        *("intake", None, "visit", "short", None)
    ]
    assert known["joined"].chain is None
    assert [known[id].declared for id in ("key", "alone")] == ["look", "look"]
    assert [(part := known[id].to_json()) and part["id"] for id in ("row", "key", "s", "alone")] == [
        *("intake[3]", "find", None, None)
    ]


def test_a_run_says_more_than_the_session_that_several_joined(state: Path) -> None:
    open_journal(state, "local").record("sending", name="first", session_id="s", run_ids=["a", "b"])
    open_journal(state, "local").record("sending", name="second", session_id="s", run_ids=["c", "d"])
    known = origins(state)

    assert [known[id].chain for id in ("a", "d")] == ["first", "second"]


def test_a_ledger_elsewhere_is_remembered_until_it_is_gone(state: Path, tmp_path: Path) -> None:
    inside = make_ledger(tmp_path / "a" / "march.db", {}, sent("intake[1]", "intake", "r1"))
    outside = make_ledger(tmp_path.parent / f"{tmp_path.name}-b" / "märz\n.db", {}, sent("intake[1]", "intake", "r2"))
    usual = make_ledger(state / "ledgers" / "march.db", {}, sent("intake[1]", "intake", "r3"))
    for path in (inside, outside, inside, usual):
        remember_ledger(state, path)

    assert ledger_paths(state) == {"march": usual, "march-2": inside, "märz\n": outside}
    assert set(origins(state)) >= {"r1", "r2", "r3"}
    listed = json.loads((state / "ledgers" / "elsewhere").read_text(encoding="utf-8"))
    assert Path(listed[0]) == Path("a/march.db")
    inside.unlink()
    assert set(ledger_paths(state)) == {"march", "märz\n"}


@pytest.mark.parametrize("content", [b"", b"{", b"[3, null]", b"7", b"\xff"])
def test_a_list_that_cannot_be_read_hides_no_other_ledger(state: Path, content: bytes) -> None:
    usual = make_ledger(state / "ledgers" / "march.db", {}, sent("intake[1]", "intake", "r1"))
    (state / "ledgers" / "elsewhere").write_bytes(content)
    (state / "ledgers" / "torn.db").write_bytes(b"not a ledger")
    damaged = make_ledger(state / "ledgers" / "damaged.db", {}, sent("intake[1]", "intake", "r2"))
    with closing(sqlite3.connect(damaged)) as connection, connection:
        connection.execute("UPDATE entries SET run_ids = ?", ('["r2"',))

    assert ledger_paths(state)["march"] == usual
    assert set(origins(state)) == {"r1", "s-r1"}


def test_a_wait_waits_and_nothing_accepted_it(state: Path) -> None:
    path = make_ledger(
        state / "ledgers" / "night.db",
        {"kind": "pipeline"},
        LedgerEntry("release", "release", kind="wait", stage="accepted", facts={"question": "Close?"}),
        LedgerEntry("later", "later", kind="wait", stage="ended", status="success"),
        sent("find", "find", "r1"),
    )
    with Ledger.open(path, shared=True) as ledger:
        assert ledger.counts() == {"waiting": 1, "success": 1, "accepted": 1}
        assert sorted(entry.display_status for entry in ledger.entries()) == ["accepted", "success", "waiting"]
