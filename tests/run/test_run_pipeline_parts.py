"""The parts of a pipeline by themselves: functions that are called, keys of items, first differences, format 1."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import pytest

from cyberflow.compiler.pipeline.form import BundledCall, BundledStep, BundledWait
from cyberflow.errors import UsageError
from cyberflow.redact import Redactor
from cyberflow.run.pipeline.calls import FunctionCaller, find_function
from cyberflow.run.pipeline.changes import first_path
from cyberflow.run.pipeline.commands import CallFunction
from cyberflow.run.pipeline.values import StepValues, item_key
from cyberflow.run.pipeline.waits import end_wait, open_wait, parse_instant
from cyberflow.run.work.entry import LedgerEntry
from cyberflow.run.work.ledger import Ledger
from cyberflow.schema.values import ABSENT

pytestmark = pytest.mark.anyio
FUNCTIONS = """
import asyncio
import time
from typing import TypedDict


class Answer(TypedDict):
    text: str


def shout(text: str, seconds: float, key: str) -> Answer:
    print("aloud")
    time.sleep(seconds)
    return {"text": f"{text} {key}"}


async def later(text: str) -> Answer:
    await asyncio.sleep(0)
    return {"text": text}


def wrong(text: str) -> Answer:
    return {}


def fail(text: str) -> Answer:
    raise ValueError(f"no {text}")


def leave(text: str) -> Answer:
    raise SystemExit(text)


async def leave_later(text: str) -> Answer:
    raise SystemExit(3)
"""


def command(function: str, *, key: bool = False, **inputs: Any) -> CallFunction:
    outputs = {"text": {"schema": {"type": "string"}, "required": True}}
    call = BundledCall(f"pipeline_functions:{function}", {}, outputs, key)
    entry = LedgerEntry("step", "step", kind="call", stage="sending", attempt=1, key="k-1")
    return CallFunction(entry, BundledStep("step", "call", call=call), inputs)


async def test_functions_end_in_any_order_and_print_nothing_among_the_results(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pipeline_functions.py").write_text(FUNCTIONS, encoding="utf-8")
    monkeypatch.setattr(sys, "path", list(sys.path))
    caller, stdout = FunctionCaller(tmp_path, Redactor(["s3cret"])), sys.stdout
    made = await asyncio.gather(
        *(caller(command("shout", key=True, text=f"t{n}", seconds=0.02 * n), lambda: 5.0) for n in (2, 1, 3))
    )
    assert [entry.outputs for entry in made] == [{"text": f"t{n} k-1"} for n in (2, 1, 3)]
    assert sys.stdout is stdout
    assert (capsys.readouterr().out, made[0].facts) == ("", {"ended_at": 5.0})

    ended = {name: await caller(command(name, text="s3cret"), lambda: 5.0) for name in ("later", "wrong", "fail")}
    assert ended["later"].outputs == {"text": "•••"}
    assert (ended["wrong"].status, ended["wrong"].error) == ("error", "output `text` is missing")
    assert ended["fail"].error == "pipeline_functions.py:27: ValueError: no •••"
    for name, said in (("leave", "31: SystemExit: •••"), ("leave_later", "35: SystemExit: 3")):
        left = await caller(command(name, text="s3cret"), lambda: 5.0)
        assert (left.status, left.error) == ("error", f"pipeline_functions.py:{said}")
    typed = await caller(command("later", text=7), lambda: 5.0)
    assert (typed.error or "").startswith("input `text`: ")
    nowhere = await caller(command("nowhere"), lambda: 5.0)
    assert "cannot be found" in (nowhere.error or "")


async def test_another_project_with_a_module_of_the_same_name_is_not_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))
    for word in ("first", "second"):
        (tmp_path / word / "glue_of_two").mkdir(parents=True)
        text = f"def say() -> dict:\n    return {{'text': '{word}'}}\n"
        (tmp_path / word / "glue_of_two" / "steps.py").write_text(text, encoding="utf-8")
    said = [find_function(tmp_path / word, "glue_of_two.steps:say")() for word in ("first", "second", "first")]
    assert said == [{"text": "first"}, {"text": "second"}, {"text": "first"}]


@pytest.mark.parametrize("path", ["yaml/steps.py", "code/steps.py", "my-flows/steps.py", "a/b/steps.py", "json.py"])
async def test_a_function_of_a_module_that_has_the_name_of_a_library_is_found(path: str, tmp_path: Path) -> None:
    (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
    text = "def total(count: int) -> dict[str, int]:\n    return {'count': count}\n"
    (tmp_path / path).write_text(text, encoding="utf-8")
    name = path.removesuffix(".py").replace("/", ".")
    before = dict(sys.modules)
    assert find_function(tmp_path, f"{name}:total")(2) == {"count": 2}
    assert {key for key, module in before.items() if sys.modules.get(key) is not module} == set()
    with pytest.raises(UsageError, match="cannot be found"):
        find_function(tmp_path, "yaml.lost:total")


@pytest.mark.parametrize(
    ("value", "key"),
    [
        *(("INV-7", "INV-7"), (7, "7"), ("a/b", "a/b"), ("a[0]\n%", "a%5B0%5D%0A%25")),
        *((True, None), (1.5, None), (None, None), ("", None), (ABSENT, None), ([], None)),
    ],
)
def test_a_key_is_a_text_or_an_integer_and_leaves_an_id_readable(value: Any, key: str | None) -> None:
    assert item_key(value) == key


@pytest.mark.parametrize(
    ("before", "now", "path"),
    [
        ({"a": {"b": [1, 2]}}, {"a": {"b": [1, 3]}}, "a.b[1]"),
        ({"a": [1]}, {"a": [1, 2]}, "a[1]"),
        *(({"a": 1}, {}, "a"), ({}, {"b": 1}, "b"), ({"a": 1}, {"a": True}, "a"), ({"a": 1}, {"a": 1.0}, None)),
        ([{"x": None}], [{"x": 0}], "[0].x"),
    ],
)
def test_the_first_path_that_differs(before: Any, now: Any, path: str | None) -> None:
    assert first_path(before, now) == path


def test_waits_end_at_an_instant_or_with_an_answer() -> None:
    filler, blank = (
        StepValues({"month": "March", "at": "2026-03-31T18:00:00Z"}, lambda _: ABSENT),
        LedgerEntry("w", "w"),
    )
    asked = open_wait(blank, BundledWait(signal="Close <month>?", timeout="1h"), filler, 100.0)
    assert (asked.facts["question"], asked.facts["due"]) == ("Close March?", 3700.0)
    assert end_wait(asked, None, 3699.0) is None
    late = end_wait(asked, None, 3700.0)
    assert late is not None
    assert (late.status, late.error) == ("error", "nobody answered in time")
    until = open_wait(blank, BundledWait(until="<at>"), filler, 100.0)
    assert until.facts["due"] == parse_instant("2026-03-31T18:00:00Z")
    assert open_wait(blank, BundledWait(until="<month>"), filler, 100.0).stage == "refused"
    assert parse_instant("2026-03-31") == parse_instant("2026-03-31T00:00:00Z")


def test_a_ledger_of_format_1_keeps_the_keys_under_which_its_rows_were_sent(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    with sqlite3.connect(path) as old:
        old.executescript(
            """
            CREATE TABLE head (id INTEGER PRIMARY KEY CHECK (id = 1), content TEXT NOT NULL);
            CREATE TABLE rows (
                number INTEGER PRIMARY KEY, stage TEXT NOT NULL, attempt INTEGER NOT NULL, sent_at REAL,
                session_id TEXT, run_ids TEXT, status TEXT, outputs TEXT, error TEXT);
            INSERT INTO head VALUES (1, '{"invocation": "00000000-0000-4000-8000-000000000000", "name": "intake",
                "target": "prod", "file": "rows.csv", "digest": "d", "total": 3, "shape": "s", "options": {}}');
            INSERT INTO rows VALUES (1, 'sending', 2, 5.0, NULL, NULL, NULL, NULL, NULL);
            PRAGMA user_version = 1;
            """
        )
    old.close()
    with Ledger.open(path) as ledger:
        [first, second, third] = ledger.rows()
        assert (first.id, first.stage, first.sent_at) == ("intake[1]", "sending", 5.0)
        assert first.key == str(uuid5(UUID("00000000-0000-4000-8000-000000000000"), "1/2"))
        assert (second.stage, third.id, ledger.counts()) == ("waiting", "intake[3]", {"sending": 1, "waiting": 2})
