"""Batches on the local platform in process: every row one chain, whatever the service does and whoever is killed."""

from __future__ import annotations

import csv
import json
import random
from collections import Counter
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from cyberflow.client.cyberdesk.client import Cyberdesk
from cyberflow.client.http.errors import ApiError
from cyberflow.client.http.retry import Retry
from cyberflow.compiler.bundle import BundledChain
from cyberflow.errors import CyberflowError, UsageError
from cyberflow.run.batch.batch import Batch
from cyberflow.run.batch.results import write_results
from cyberflow.run.batch.rows import RowMapper
from cyberflow.run.batch.table import RowFault, Table
from cyberflow.run.chain.placement import TargetIds
from cyberflow.run.chain.request import RequestParts
from cyberflow.run.inputs.arguments import Arguments, RawArguments
from cyberflow.run.work.dispatch import EntryUpdate, ServiceTrouble
from cyberflow.run.work.entry import LedgerEntry, LedgerHeader
from cyberflow.run.work.executor import LocalExecutor
from cyberflow.run.work.ledger import Ledger
from cyberflow.run.work.policy import Limits, RetryPolicy
from tests.run.clinic import World
from tests.run.intake import CANARY, MARK, bundle
from tests.run.weather import Weather, nowhere

pytestmark = pytest.mark.anyio


class Killed(BaseException):
    pass


class Clinic:
    """A batch over the intake chain: its file, its ledger, and one go after the other."""

    def __init__(self, world: World, rows: int) -> None:
        self.world = world
        self.path = world.folder.parent / "rows.jsonl"
        lines = [{"patient": {"id": str(n)}, "date": f"day {n}"} for n in range(1, rows + 1)]
        self.path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
        self.ledger = world.folder / "ledgers" / "batch.db"
        self.whole = bundle()
        self.total = rows
        self.outcome: dict[str, Any] | None = None
        self.desk = world.desk

    @property
    def chain(self) -> BundledChain:
        found = self.whole.chain("intake")
        assert found is not None
        return found

    def open(self) -> Ledger:
        if self.ledger.exists():
            return Ledger.open(self.ledger)
        head = LedgerHeader(str(uuid4()), "intake", "local", str(self.path), "digest", self.total, "shape")
        return Ledger.create(self.ledger, head)

    def batch(self, ledger: Ledger, limits: Limits = Limits(), choice: RetryPolicy = RetryPolicy()) -> Batch:  # noqa: B008 - frozen
        given = Arguments(secrets={"epic_password": CANARY})
        parts = RequestParts(self.whole, given, TargetIds(self.world.ids), dict[str, bytes]().__getitem__)
        rows = RowMapper(self.chain, Table(self.path), {}, RawArguments())
        items = ((row[0].number, row[1]) for row in rows.requests(parts) if not isinstance(row, RowFault))
        watch = replace(self.world.watch(), patience=1e9)
        hands = LocalExecutor(self.desk, watch, given.redactor(), self.prepare, self.world.time)
        return Batch(ledger, items, hands, limits, choice, self.world.time)

    async def prepare(self, entry: LedgerEntry, _: Any) -> None:
        if self.outcome is not None:
            self.world.platform.simulate(self.outcome, idempotency_key=entry.key or "")

    async def go(self, limits: Limits = Limits(), choice: RetryPolicy = RetryPolicy()) -> tuple[Counter[str], Batch]:  # noqa: B008
        with self.open() as ledger:
            batch = self.batch(ledger, limits, choice)
            async for _ in batch.run():
                pass
            return Counter(ledger.counts()), batch

    async def chains(self) -> Counter[str]:
        """How many chains the platform has for each date; dates are told apart by the rows."""
        runs = [run async for run in self.world.desk.runs.list(limit=1000)]
        days = [run.input_values["reason"] for run in runs if run.session_alias == "book" and run.input_values]
        return Counter(days)


@pytest.fixture
def clinic(world: World) -> Clinic:
    return Clinic(world, 12)


def once(rows: int) -> Counter[str]:
    return Counter({f"Visit of day {n}": 1 for n in range(1, rows + 1)})


async def test_every_row_is_one_chain_and_the_results_are_in_order(clinic: Clinic) -> None:
    counts, batch = await clinic.go(Limits(parallel=5))

    assert (counts, batch.halt_reason) == ({"success": 12}, None)
    assert await clinic.chains() == once(12)
    with clinic.open() as ledger:
        entries = list(ledger.rows())
        write_results(clinic.path.with_suffix(".out.jsonl"), ledger.rows(), ["mrn", "summary"])
        write_results(clinic.path.with_suffix(".csv"), ledger.rows(), ["mrn", "summary"])
    assert [entry.number for entry in entries] == list(range(1, 13))
    assert entries[4].outputs == {"mrn": "M7", "summary": {"first": "a", "day": "day 5"}}
    lines = [json.loads(line) for line in clinic.path.with_suffix(".out.jsonl").read_text().splitlines()]
    assert [(line["row"], line["status"]) for line in lines] == [(n, "success") for n in range(1, 13)]
    written = clinic.path.with_suffix(".csv").read_text(encoding="utf-8").splitlines()
    table = list(csv.reader(written))
    assert table[0] == ["row", "status", "session_id", "error", "mrn", "summary"]
    assert [(row[0], row[4], json.loads(row[5])["day"]) for row in table[1:]] == [
        (str(n), "M7", f"day {n}") for n in range(1, 13)
    ]


async def test_many_chains_are_looked_after_by_one_request(clinic: Clinic) -> None:
    clinic.world.wire.asked.clear()
    await clinic.go(Limits(parallel=12))

    asked = Counter((method, path) for method, path, _ in clinic.world.wire.asked)
    looks = asked.pop(("GET", "/v1/runs"))
    assert asked == {("POST", "/v1/runs/chain"): 12}
    assert looks <= len(clinic.world.time.slept) + 12
    assert not [query for _, _, query in clinic.world.wire.asked if "run_message_history" in query]


@pytest.mark.parametrize("seed", range(12))
async def test_killed_anywhere_and_resumed_no_row_is_lost_and_none_is_sent_twice(clinic: Clinic, seed: int) -> None:
    """Killed at a random moment: before a write of the ledger, or between two things that happen."""
    chance = random.Random(seed)
    for _ in range(8):
        try:
            await one_go(clinic, chance)
        except Killed:
            continue
        break
    counts, _ = await clinic.go()

    assert counts == {"success": 12}
    assert await clinic.chains() == once(12)


async def one_go(clinic: Clinic, chance: random.Random) -> None:
    turns, writes = chance.randrange(1, 40), chance.randrange(1, 30)
    ledger = clinic.open()
    write, left = ledger.write, [writes]

    def dying(entries: Any) -> None:
        left[0] -= 1
        if not left[0]:
            raise Killed
        write(entries)

    ledger.write = dying  # type: ignore[method-assign]
    batch = clinic.batch(ledger, Limits(parallel=chance.choice([1, 3, 8])))
    try:
        async with aclosing(batch.run()) as events:
            async for _ in events:
                turns -= 1
                if not turns:
                    raise Killed
    finally:
        ledger._connection.rollback()
        ledger.close()


async def no_wait(_: float) -> None:
    pass


@pytest.mark.parametrize("retries", [0, 3])
async def test_bad_weather_makes_no_row_twice(clinic: Clinic, retries: int) -> None:
    weather = Weather(clinic.world.wire, random.Random(7), 0.3)
    retry = Retry(retries=retries, sleep=no_wait)
    async with Cyberdesk.connect("http://local", "any", app=weather, retry=retry) as clinic.desk:
        counts, _ = await clinic.go(Limits(parallel=6))

    assert counts == {"success": 12}
    assert await clinic.chains() == once(12)
    assert len(weather.met) == 4


async def test_a_lost_answer_is_asked_for_again_for_an_hour_and_is_unknown_then(clinic: Clinic) -> None:
    async def lose(scope: Any, receive: Any, send: Any) -> None:
        if scope["method"] == "POST":
            await clinic.world.wire(scope, receive, nowhere)
            raise ConnectionResetError("gone")
        await clinic.world.wire(scope, receive, send)

    told: list[Any] = []
    async with Cyberdesk.connect("http://local", "any", app=lose, retry=Retry(retries=0)) as clinic.desk:
        with clinic.open() as ledger:
            told += [turn async for turn in clinic.batch(ledger, Limits(parallel=12)).run()]
            counts = ledger.counts()
    clinic.desk = clinic.world.desk

    assert counts == {"unknown": 12}
    assert [turn for turn in told if isinstance(turn, ServiceTrouble)]
    assert await clinic.chains() == once(12)
    assert (await clinic.go())[0] == {"unknown": 12}
    assert (await clinic.go(choice=RetryPolicy(unknown=True)))[0] == {"success": 12}


async def test_the_first_rows_decide_whether_the_others_are_sent(clinic: Clinic) -> None:
    clinic.outcome = {"book": {"status": "task_failed", "error": f"no slot for {MARK}"}}
    counts, batch = await clinic.go(Limits(parallel=5, canary=2))
    assert counts == {"task_failed": 2, "waiting": 10}
    assert "0 of the first 2" in (batch.halt_reason or "")

    clinic.outcome = None
    assert (await clinic.go(Limits(canary=2)))[0] == {"task_failed": 2, "waiting": 10}
    counts, batch = await clinic.go(Limits(canary=2), RetryPolicy(failed=True))
    assert (counts, batch.halt_reason) == ({"success": 12}, None)


async def test_nothing_more_is_sent_after_so_many_failures_and_what_runs_is_followed(clinic: Clinic) -> None:
    clinic.outcome = {"lookup": {"status": "error", "error": ["the screen is black", "twice"]}}
    counts, batch = await clinic.go(Limits(parallel=2, failures=3))

    assert counts["error"] in (3, 4)
    assert counts["waiting"] == 12 - counts["error"]
    assert "--stop-at-failures" in (batch.halt_reason or "")
    with clinic.open() as ledger:
        assert ledger.row(1).error == "lookup: the screen is black\nlookup: twice"


async def test_failed_rows_run_again_under_another_key(clinic: Clinic) -> None:
    clinic.outcome = {"lookup": {"status": "error", "error": "boom"}}
    assert (await clinic.go())[0] == {"error": 12}
    clinic.outcome = None
    assert (await clinic.go())[0] == {"error": 12}
    assert (await clinic.go(choice=RetryPolicy(failed=True)))[0] == {"success": 12}
    with clinic.open() as ledger:
        assert [entry.attempt for entry in ledger.rows()] == [2] * 12
        assert ledger.key("intake[1]", 1) != ledger.key("intake[1]", 2)


async def test_a_row_that_the_service_refuses_does_not_stop_the_others(clinic: Clinic) -> None:
    async def picky(scope: Any, receive: Any, send: Any) -> None:
        message = await receive()
        if b"Visit of day 3" in message.get("body", b""):
            await send({"type": "http.response.start", "status": 422, "headers": []})
            await send({"type": "http.response.body", "body": b'{"detail": []}'})
            return

        first = [message]

        async def again() -> Any:
            return first.pop() if first else await receive()

        await clinic.world.wire(scope, again, send)

    async with Cyberdesk.connect("http://local", "any", app=picky) as clinic.desk:
        counts, _ = await clinic.go()
    assert counts == {"success": 11, "refused": 1}
    with clinic.open() as ledger:
        assert ledger.row(3).has_failed
        assert "422" in (ledger.row(3).error or "")


async def test_a_key_that_is_rejected_stops_the_batch_and_sends_nothing_twice(clinic: Clinic) -> None:
    async def locked(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 401, "headers": []})
        await send({"type": "http.response.body", "body": b"{}"})

    async with Cyberdesk.connect("http://local", "any", app=locked) as clinic.desk:
        with pytest.raises(ApiError):
            await clinic.go(Limits(parallel=3))
    clinic.desk = clinic.world.desk
    assert (await clinic.go())[0] == {"success": 12}
    assert await clinic.chains() == once(12)


@pytest.mark.parametrize("retries", [0, 2])
async def test_a_key_that_is_rejected_after_an_answer_was_lost_makes_no_row_twice(clinic: Clinic, retries: int) -> None:
    asked = 0

    async def revoked(scope: Any, receive: Any, send: Any) -> None:
        nonlocal asked
        asked += 1
        if asked == 1:
            await clinic.world.wire(scope, receive, nowhere)
            raise ConnectionResetError("gone")
        await send({"type": "http.response.start", "status": 401, "headers": []})
        await send({"type": "http.response.body", "body": b"{}"})

    retry = Retry(retries=retries, sleep=no_wait)
    async with Cyberdesk.connect("http://local", "any", app=revoked, retry=retry) as clinic.desk:
        with pytest.raises(ApiError):
            await clinic.go(Limits(parallel=1))
        with pytest.raises(ApiError):
            await clinic.go(Limits(parallel=1))
    clinic.desk = clinic.world.desk
    with clinic.open() as ledger:
        assert ledger.row(1).stage == "sending"
    assert (await clinic.go())[0] == {"success": 12}
    assert await clinic.chains() == once(12)


async def test_a_ledger_holds_no_secret_and_one_process_at_a_time(clinic: Clinic) -> None:
    clinic.outcome = {"lookup": {"outputs": {"mrn": CANARY, "medications": [CANARY]}}}
    await clinic.go()
    held = clinic.open()
    with pytest.raises(CyberflowError, match="another cyberflow"):
        clinic.open()
    held.close()
    files = written(clinic.ledger.parent)
    assert files
    assert not [data for data in files if MARK.encode() in data]
    with pytest.raises(UsageError, match="is there already"):
        Ledger.create(clinic.ledger, LedgerHeader("", "", "", "", "", 0, ""))
    other = clinic.ledger.with_name("other.db")
    other.write_text("no ledger")
    with pytest.raises(UsageError, match="not a ledger"):
        Ledger.open(other)


def written(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in folder.iterdir()]


async def test_a_deleted_session_is_an_error_of_its_row_alone(clinic: Clinic) -> None:
    clinic.outcome = {"lookup": {"seconds": 30}}
    with clinic.open() as ledger:
        gone = ""
        async for turn in clinic.batch(ledger, Limits(parallel=4)).run():
            if isinstance(turn, EntryUpdate) and turn.entry.stage == "accepted" and turn.entry.number == 4 and not gone:
                gone = turn.entry.run_ids[0]
                for run in reversed(turn.entry.run_ids):
                    await clinic.world.desk.runs.delete(run)
        assert ledger.counts() == {"success": 11, "error": 1}
        assert "gone from the service" in (ledger.row(4).error or "")
