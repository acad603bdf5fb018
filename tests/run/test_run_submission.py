"""Submitting: written down first, once however often it is sent, and nothing secret on the disk."""

from __future__ import annotations

import os
import stat
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from cyberflow.client.cyberdesk.client import Cyberdesk
from cyberflow.client.http.errors import ApiError, Unreachable
from cyberflow.client.http.retry import Retry
from cyberflow.errors import CyberflowError
from cyberflow.run.chain.follow import follow
from cyberflow.run.chain.placement import RunPlacement, TargetIds
from cyberflow.run.chain.reducer import replay
from cyberflow.run.chain.request import RequestParts, run_request
from cyberflow.run.chain.result import result_of
from cyberflow.run.chain.submit import submit
from cyberflow.run.inputs.arguments import Arguments
from cyberflow.run.work.entry import LedgerEntry
from cyberflow.run.work.journal import JOURNAL, Invocation, follow_command, open_journal
from tests.run.clinic import World
from tests.run.intake import FILE, MARK, bundle
from tests.run.journals import open_entries

pytestmark = pytest.mark.anyio


def entry_of(invocation: Invocation) -> LedgerEntry:
    entry = invocation.entry
    assert entry is not None
    return entry


async def no_wait(_: float) -> None:
    pass


def scripted(answer: Any) -> Cyberdesk:
    transport: Any = httpx.MockTransport(answer)
    return Cyberdesk.connect("https://api.example.test", "key", app=transport, retry=Retry(sleep=no_wait))


async def test_the_journal_knows_before_the_service_does(world: World) -> None:
    invocation = open_journal(world.folder, "local")
    before: list[LedgerEntry] = []
    inner = world.wire.app

    async def app(scope: Any, receive: Any, send: Any) -> None:
        before.append(entry_of(invocation))
        await inner(scope, receive, send)

    world.wire.app = app
    state = await submit(world.desk, world.request(), invocation)

    [first] = before
    assert (first.stage, first.step, first.kind, first.facts["target"]) == ("sending", "intake", "chain", "local")
    assert (UUID(first.key or "").version, first.key) == (4, invocation.key)
    after = entry_of(invocation)
    assert (after.stage, after.session_id) == ("accepted", state.session_id)
    assert after.run_ids == tuple(step.run_id for step in state.steps)


async def test_neither_inputs_nor_secrets_reach_the_disk(world: World) -> None:
    state, invocation = await world.start()
    events = [event async for event in follow(world.desk, state, world.watch())]
    invocation.record("ended", status=result_of(replay(state, events)).status)

    written = "".join(path.read_text(errors="replace") for path in world.folder.rglob("*") if path.is_file())
    assert "ended" in written
    for text in (MARK, "2026-03-01", "patient"):
        assert text not in written


@pytest.mark.skipif(os.name == "nt", reason="POSIX modes")
async def test_the_journal_is_its_owner_s_alone(world: World) -> None:
    _, invocation = await world.start()
    assert entry_of(invocation).stage == "accepted"
    assert stat.S_IMODE((world.folder / JOURNAL).stat().st_mode) == 0o600
    assert stat.S_IMODE(world.folder.stat().st_mode) == 0o700
    assert (world.folder / ".gitignore").read_text() == "*\n"


async def test_the_same_invocation_submits_once_and_another_one_anew(world: World) -> None:
    invocation = open_journal(world.folder, "local")
    first = await submit(world.desk, world.request(), invocation)
    again = await submit(world.desk, world.request(), invocation)
    other, _ = await world.start()

    assert again == first
    assert other.session_id != first.session_id


async def test_what_is_unfinished_is_known_until_its_end(world: World) -> None:
    state, invocation = await world.start()
    torn, _ = await world.start()
    (entry, other) = open_entries(world.folder)
    assert (entry.id, entry.step, entry.stage, entry.session_id) == (
        *(invocation.id, "intake", "accepted"),
        state.session_id,
    )
    assert entry.run_ids == tuple(step.run_id for step in state.steps)
    assert (
        follow_command("local", entry.session_id, entry.run_ids)
        == f"cyberflow runs watch {state.session_id} --target local"
    )
    assert follow_command("prod", None, ()) == "cyberflow runs list --target prod"
    assert follow_command("prod", None, ("r1",)) == "cyberflow runs watch r1 --target prod"
    assert open_entries(world.folder) == [entry, other]
    invocation.record("ended", status="success")
    assert [entry.session_id for entry in open_entries(world.folder)] == [torn.session_id]
    assert open_entries(world.folder.parent / "nowhere") == []


@pytest.mark.parametrize(
    ("answer", "what", "error"),
    [
        (
            lambda request: httpx.Response(422, json={"detail": [{"loc": ["body"], "msg": "no", "type": "x"}]}),
            "refused",
            ApiError,
        ),
        (lambda request: httpx.Response(404, json={"message": "no such workflow"}), "refused", ApiError),
        (lambda request: httpx.Response(500), "unknown", ApiError),
        (lambda request: httpx.Response(402), "refused", ApiError),
        (lambda request: httpx.Response(409), "refused", ApiError),
        (lambda request: httpx.Response(415), "refused", ApiError),
        (lambda request: httpx.Response(409, headers={"Idempotency-Status": "in_progress"}), "unknown", ApiError),
        (lambda request: httpx.Response(201, json={"session": "x"}), "unknown", ApiError),
    ],
)
async def test_a_submission_that_fails_is_refused_or_of_unknown_fate(
    world: World, answer: Any, what: Any, error: Any
) -> None:
    invocation = open_journal(world.folder, "prod")
    async with scripted(answer) as desk:
        with pytest.raises(error) as caught:
            await submit(desk, world.request(), invocation, world.watch())

    assert entry_of(invocation).stage == what
    assert ("cyberflow runs list --target prod" in (caught.value.help or "")) == (what == "unknown")
    assert [entry.stage for entry in open_entries(world.folder)] == (["unknown"] if what == "unknown" else [])
    assert MARK not in str(caught.value) + repr(caught.value)


@pytest.mark.parametrize(
    ("failure", "what"), [(httpx.ConnectError("refused"), "refused"), (httpx.ReadError("reset"), "unknown")]
)
async def test_whether_it_may_have_arrived_decides(world: World, failure: Any, what: Any) -> None:
    invocation = open_journal(world.folder, "prod")
    keys = []

    def fail(request: httpx.Request) -> httpx.Response:
        keys.append(request.headers["Idempotency-Key"])
        raise failure

    async with scripted(fail) as desk:
        with pytest.raises(Unreachable):
            await submit(desk, world.request(), invocation, world.watch())
    assert entry_of(invocation).stage == what
    assert set(keys) == {invocation.key}


async def test_runs_that_are_not_as_many_as_the_steps(world: World) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(201, json={"session_id": "s-1", "run_ids": ["r1"]})

    invocation = open_journal(world.folder, "prod")
    async with scripted(answer) as desk:
        with pytest.raises(CyberflowError, match="1 runs for the 3 steps") as caught:
            await submit(desk, world.request(), invocation, world.watch())
    assert "s-1" in str(caught.value.help)
    assert entry_of(invocation).run_ids == ("r1",)


async def test_nothing_is_sent_that_cannot_be_written_down(world: World, tmp_path: Path) -> None:
    invocation = open_journal(world.folder, "local")
    (world.folder / JOURNAL).mkdir()
    with pytest.raises(CyberflowError, match="cannot be written"):
        await submit(world.desk, world.request(), invocation)
    assert world.wire.asked == []
    (tmp_path / "file").write_text("")
    with pytest.raises(CyberflowError, match="cannot be written"):
        open_journal(tmp_path / "file", "local")


async def test_times_in_the_journal_come_from_its_clock(world: World) -> None:
    fixed = replace(open_journal(world.folder, "local", id="given"), clock=lambda: datetime(2026, 1, 2, 3, tzinfo=UTC))
    fixed.record("sending")
    fixed.record("ended")
    assert entry_of(fixed).facts["at"] == "2026-01-02T03:00:00+00:00"
    assert fixed.key == "given"


@pytest.mark.parametrize("keep", [False, True])
async def test_a_single_run_is_submitted_and_followed_by_one_list_request_a_look(world: World, keep: bool) -> None:
    made = run_request(
        FILE,
        RequestParts(
            bundle(),
            Arguments({"mrn": "M7"}),
            TargetIds(world.ids),
            dict[str, bytes]().__getitem__,
            RunPlacement(keep_session=keep),
        ),
    )
    state = await submit(world.desk, made, open_journal(world.folder, "local"))
    world.wire.asked.clear()
    events = [event async for event in follow(world.desk, state, world.watch())]
    result = result_of(replay(state, events))

    assert state.session_id == (state.steps[0].run_id if keep else None)
    assert (result.status, result.outputs, len(result.steps)) == ("success", {"filed": True}, 1)
    assert {(method, path) for method, path, _ in world.wire.asked} == {("GET", "/v1/runs")}
    machines = [machine async for machine in world.desk.machines.list()]
    assert [machine.reserved_session_id for machine in machines] == [state.session_id]
