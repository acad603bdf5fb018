"""A pipeline of both services to its end, whatever the service does and whoever is killed: chains exactly once, a task
at most once.
"""

from __future__ import annotations

import random
from collections import Counter
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from cyberflow.errors import ConflictError, UsageError
from cyberflow.redact import Redactor
from cyberflow.run.pipeline.result import item_counts, pipeline_json, pipeline_outputs, pipeline_status
from cyberflow.run.pipeline.state import PipelineState
from cyberflow.run.work.ledger import Ledger
from cyberflow.sdk.pipelines.signals import adopt_task, signal
from tests.run.month_end import CANARY, Fuse, Killed, MonthEnd, month_end
from tests.run.weather import Weather

pytestmark = pytest.mark.anyio


def finish(state: PipelineState) -> dict[str, Any]:
    return pipeline_json(state, "month-end", "month-end.db", Redactor())


def bytes_below(folder: Path) -> bytes:
    """Everything that is on the disk, but for the sources."""
    paths = (path for path in folder.rglob("*") if path.is_file() and "flows" not in str(path))
    return b"".join(path.read_bytes() for path in paths)


async def test_it_runs_to_its_end_and_a_second_start_sends_nothing(tmp_path: Path) -> None:
    async with month_end(tmp_path / "p") as end:
        data = finish(await end.go())
        assert (data["status"], data["outputs"]) == ("success", {"count": 12, "closed": True})
        assert [step["status"] for step in data["steps"]] == [*["success"] * 4, "completed", "success"]
        assert data["steps"][1]["items"] == {"success": 12}
        assert [run["key"] for run in data["steps"][1]["runs"]][:3] == ["INV-0", "INV-1", "INV-2"]
        assert await end.sessions() == end.expected()
        assert len(await end.tasks()) == 1

        fuse = Fuse()
        assert finish(await end.go(fuse))["status"] == "success"
        assert fuse.count == 0
        written = bytes_below(tmp_path)
        assert b"INV-3" in written
        assert CANARY.encode() not in written


async def test_a_failure_that_is_forgiven_is_null_and_counts_for_nothing(tmp_path: Path) -> None:
    failed = {"file[INV-2]": {"status": "task_failed", "error": "not there"}}
    async with month_end(tmp_path / "p", items=4, outcomes=failed) as end:
        state = await end.go()
        assert (pipeline_status(state), pipeline_outputs(state)["count"]) == ("success", 3)
        assert item_counts(state, state.root.steps["file"]) == {"success": 3, "task_failed": 1}
        assert state.entries["close"].inputs["receipts"][2] is None

        with pytest.raises(ConflictError, match="`total` is done"):
            await end.go(retry_failed=True)
        end.outcomes = {}
        state = await end.go(retry_failed=True, rerun=("total",))
        assert pipeline_outputs(state)["count"] == 4
        assert state.entries["file[INV-2]"].attempt == 2


async def test_a_step_that_its_condition_leaves_out_counts_as_over(tmp_path: Path) -> None:
    async with month_end(tmp_path / "p", items=2) as end:
        data = finish(await end.go())
        assert [(step["id"], step["status"]) for step in data["steps"]][3:] == [
            ("release", "skipped"),
            ("banner", "completed"),
            ("close", "success"),
        ]


async def test_nothing_is_begun_after_until_and_only_waits_are_left_with_no_wait(tmp_path: Path) -> None:
    async with month_end(tmp_path / "p", items=4) as end:
        state = await end.go(until="file")
        assert (pipeline_status(state), "total" in state.entries) == ("stopped", False)
        state = await end.go(answer=False, no_wait=True)
        assert pipeline_status(state) == "waiting"
        with pytest.raises(UsageError, match="does not fit"):
            signal(end.ledger_path, "release", ["approved=perhaps"], wall=end.time)
        signal(end.ledger_path, "release", ["approved=true"], who="ada", wall=end.time)
        with pytest.raises(ConflictError, match="answered already, by ada"):
            signal(end.ledger_path, "release", ["approved=false"], wall=end.time)
        with pytest.raises(UsageError, match="asks nothing at `relaese`") as caught:
            signal(end.ledger_path, "relaese", [])
        assert caught.value.help == "did you mean `release`?"
        state = await end.go()
        assert (pipeline_status(state), state.entries["release"].outputs) == ("success", {"approved": True})
        with pytest.raises(ConflictError, match="answered already"):
            signal(end.ledger_path, "release", ["approved=true"], wall=end.time)


async def test_nobody_answers_in_time(tmp_path: Path) -> None:
    async with month_end(tmp_path / "p", items=4) as end:
        state = await end.go(answer=False)
        assert (pipeline_status(state), end.time.seconds > 48 * 3600) == ("error", True)
        assert "banner" not in state.entries


async def test_a_change_is_told_by_its_first_path_and_runs_once_more_when_asked(tmp_path: Path) -> None:
    async with month_end(tmp_path / "p", items=2) as end:
        await end.go()
        with pytest.raises(ConflictError, match=r"`find`: `inputs.month` is not what it was"):
            await end.go(document={"month": "2026-04"})
        assert pipeline_status(await end.go(document={"month": "2026-04"}, keep=True)) == "success"
        state = await end.go(rerun=("banner",), document={"month": "2026-04"})
        assert (pipeline_status(state), len(await end.tasks())) == ("success", 2)
        assert [state.entries[id].attempt for id in ("find", "banner", "close")] == [1, 2, 2]

        flows = end.root / "flows.yaml"
        flows.write_text(flows.read_text().replace("A poster for", "Another for"), encoding="utf-8")
        with pytest.raises(ConflictError, match=r"`banner`: `runs.parameters.prompt`") as caught:
            await end.go(document={"month": "2026-04"})
        assert "--rerun banner" in (caught.value.help or "")
        with pytest.raises(UsageError, match="has no step `clsoe`"):
            await end.go(rerun=("clsoe",))


async def test_two_items_of_one_key_fail_the_step_before_any_is_sent(tmp_path: Path) -> None:
    twice = {"find": {"outputs": {"invoices": [{"number": "A", "due": "x"}, {"number": "A", "due": "y"}]}}}
    async with month_end(tmp_path / "p", outcomes=twice) as end:
        data = finish(await end.go())
        assert data["steps"][1]["error"] == "items 0 and 1 have the same key `A`"
        assert (data["status"], data["steps"][1]["status"]) == ("error", "error")
        assert await end.sessions() == Counter({"list-invoices": 1})


async def test_a_cancellation_takes_everything_with_it(tmp_path: Path) -> None:
    async with month_end(tmp_path / "p", items=4, outcomes={"file": {"seconds": 3600}}) as end:
        async with end.open(Fuse(), {}) as (run, ledger):
            async with aclosing(run.run()) as updates:
                async for _ in updates:
                    if run.live_count == 4:
                        break
            await run.cancel()
            counts = ledger.counts()
        assert (counts["cancelled"], pipeline_status(run.state)) == (4, "cancelled")
        assert set(await end.statuses()) <= {"success", "cancelled"}
        machines = await end.reserved_machines()
        assert machines == []


async def settle(end: MonthEnd) -> PipelineState:
    """Go on to the end as a person would: a task whose answer was lost is looked for, and adopted or sent again."""
    state = await end.go()
    if pipeline_status(state) != "unknown":
        return state
    entry = state.entries["banner"]
    there = await end.tasks()
    assert (entry.stage, entry.run_ids, sorted(entry.facts.get("candidates", []))) == ("unknown", (), sorted(there))
    if there:
        adopt_task(end.ledger_path, "banner", there[0])
    return await end.go(resubmit_unknown=not there)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(4))
async def test_killed_at_every_write_and_every_request_each_chain_is_once_and_the_task_at_most_once(
    tmp_path: Path, part: int
) -> None:
    at, died = part + 1, True
    unknown = 0
    while died:
        async with month_end(tmp_path / str(at)) as end:
            try:
                await end.go(Fuse(at))
                died = False
            except Killed:
                pass
            with Ledger.open(end.ledger_path) as ledger:
                banner = ledger.find("banner")
                lost = banner is not None and banner.stage == "sending"
            state = await settle(end)
            assert pipeline_status(state) == "success", at
            assert await end.sessions() == end.expected(), at
            assert len(await end.tasks()) == 1, at
            unknown += lost
        at += 4
    assert at > 100


@pytest.mark.slow
@pytest.mark.parametrize("block", range(6))
async def test_random_faults_make_nothing_twice_and_outputs_stay_in_order(tmp_path: Path, block: int) -> None:
    for seed in range(block * 50, block * 50 + 50):
        chance = random.Random(seed)
        share = chance.choice([0.05, 0.15, 0.3])
        async with month_end(tmp_path / str(seed), items=5, retries=chance.choice([0, 2])) as end:
            end.wrap = lambda app, fuse, chance=chance, share=share: Weather(app, chance, share)
            state = await end.go()
            end.wrap = lambda app, fuse: app
            if pipeline_status(state) != "success":
                state = await settle(end)
            assert pipeline_status(state) == "success", seed
            assert await end.sessions() == end.expected(), seed
            assert len(await end.tasks()) == 1, seed
            assert [entry.id for entry in state.entries.values() if entry.step == "file" and entry.kind == "chain"] == [
                f"file[INV-{number}]" for number in range(5)
            ]
