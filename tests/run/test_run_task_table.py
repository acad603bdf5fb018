"""What becomes of a task in each case that the service leaves to its clients, met on the local platform over a socket.
The table of docs/cyberun.md is what these cases answer.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from cyberflow.client.cyberun.outputs import Outputs
from cyberflow.client.http.errors import ApiError, Unreachable
from cyberflow.run.task.outputs import SavedOutput
from cyberflow.run.work.journal import entries
from tests.run.gpu_world import EVENTS, RUN, STORE, Gpu, gpu, hours

pytestmark = [pytest.mark.anyio, pytest.mark.slow, pytest.mark.enable_socket]

PAGE = Path(__file__).parents[2] / "docs" / "cyberun.md"
BEGIN, END = "<!-- cases: begin -->", "<!-- cases: end -->"
MB = 1_000_000
Fault = dict[str, Any]


@dataclass(frozen=True)
class Case:
    name: str
    meet: Callable[[Gpu], Awaitable[str]]
    outcome: str
    faults: tuple[Fault, ...] = field(default=())


def stays(status: str) -> Callable[[Gpu], Awaitable[str]]:
    """A task that stays in a status for a while, seen there."""

    async def meet(gpu: Gpu) -> str:
        state = await gpu.run({"course": [[status, 0.8], ["running", 0.1]]})
        assert status in gpu.statuses
        return f"live; followed to {state.status}, exit code {state.exit_code}"

    return meet


def ends(status: str, **script: Any) -> Callable[[Gpu], Awaitable[str]]:
    async def meet(gpu: Gpu) -> str:
        state = await gpu.run({"seconds": 0.1, "status": status, **script})
        told = f": {state.error[0]}" if state.error else ""
        return f"final{told}; exit code {state.exit_code}"

    return meet


async def cancelled(gpu: Gpu) -> str:
    state = await gpu.start({"seconds": 30})
    await gpu.cyberun.cancel(state.task_id)
    state = await gpu.follow(state)
    return f"final; exit code {state.exit_code}" if state.status == "cancelled" else state.status


def shaped(shape: str) -> Callable[[Gpu], Awaitable[str]]:
    async def meet(gpu: Gpu) -> str:
        outputs = {"9.images.0": {}, "9.images.1": {"text": "seed 7"}}
        return names(await gpu.save(await gpu.run({"seconds": 0.1, "shape": shape, "outputs": outputs})), gpu)

    return meet


async def nothing(gpu: Gpu) -> str:
    """Of a task that failed, and of one that was cancelled."""
    failed = await gpu.run({"seconds": 0.1, "status": "failed", "error": "out of memory"})
    stopped = await gpu.start({"seconds": 30})
    await gpu.cyberun.cancel(stopped.task_id)
    outputs = [Outputs(gpu.cyberun, state.task_id) for state in (failed, await gpu.follow(stopped))]
    found = [await one.read() for one in outputs]
    errors = [one.result.task_error for one in outputs if one.result]
    return f"outputs: {sum(map(len, found))}, errors: `{errors[0]}` and none{errors[1]}"


async def expired(gpu: Gpu) -> str:
    state = await gpu.run({"seconds": 0.1})
    outputs = Outputs(gpu.cyberun, state.task_id)
    await outputs.read()
    gpu.clock.ahead += hours(1.5)
    (gpu.folder / "saved").mkdir()
    with (gpu.folder / "saved" / "x").open("w+b") as file:
        await outputs.download("9.images.0", file)
    return f"saved; {opened(gpu)}"


async def saved(gpu: Gpu) -> str:
    found = await gpu.save(await gpu.run({"seconds": 0.1}))
    asked = opened(gpu)
    if (failure := found[0].failure) is not None:
        assert isinstance(failure, ApiError)
        return f"not saved, the store says {failure.status}; {asked}"
    return f"saved whole; {asked}"


async def followed(gpu: Gpu) -> str:
    state = await gpu.run({"course": [["waiting", 0.2], ["running", 0.6]]})
    looks = gpu.asked("GET /r/tasks/*")  # before the stream and after it, where it lasts to the end
    how = "read to its end" if looks == 2 else "then looked at again and again"
    return f"{state.status}; {gpu.asked('GET /r/tasks/*/events')} stream, {how}"


async def too_late(gpu: Gpu) -> str:
    state = await gpu.run({"course": [["running", 0.6]], "abort": 5}, limit=0.3)
    assert (state.timed_out, state.cancelled) == (True, True)
    return f"{gpu.asked('POST /r/tasks/*/cancel')} cancel, then read again: {state.status}, exit code {state.exit_code}"


async def stuck(gpu: Gpu) -> str:
    state = await gpu.run({"course": [["pending", 0.05], ["waiting", None]]}, limit=0.4)
    assert gpu.statuses[-2:] == ["waiting", "cancelled"]
    return f"{gpu.asked('POST /r/tasks/*/cancel')} cancel, then read again: {state.status}, exit code {state.exit_code}"


async def left(gpu: Gpu) -> str:
    state = await gpu.run({"course": [["waiting", None]]}, timeout=0.3)
    return f"left as it is, {state.status}; {gpu.asked('POST /r/tasks/*/cancel')} cancels, exit code {state.exit_code}"


async def lost(gpu: Gpu) -> str:
    """A task of somebody else's workflow, and one that the journal knows, are no candidates."""
    await gpu.cyberun.submit("another", {})
    with pytest.raises((Unreachable, ApiError)) as caught:
        await gpu.start({"seconds": 0.1})
    tasks = [task.id async for task in gpu.cyberun.tasks() if task.id in str(caught.value.help)]
    [entry] = [one for one in entries(gpu.state_folder) if one.kind == "task"]
    sent = gpu.asked("POST /r/workflows/slug/text-to-image@2/run")
    return f"sent {sent} time, journal `{entry.stage}`, {len(tasks)} candidate listed"


async def uploaded(gpu: Gpu) -> str:
    content = b"\x89PNG\r\n\x1a\n" + b"x" * 100
    try:
        key = await gpu.cyberun.upload("in.png", content, "image/png")
    except ApiError as error:
        return f"given up at {error.status}; {gpu.asked('POST /r/files/presign')} addresses asked for"
    assert key.endswith("/in.png")
    return f"in place; {gpu.asked('POST /r/files/presign')} addresses asked for"


async def unsafe(gpu: Gpu) -> str:
    keys = ("../../etc/passwd", "CON", "a/b:c", "9.images.0")
    state = await gpu.run({"seconds": 0.1, "outputs": {key: {} for key in keys}})
    found = await gpu.save(state)
    assert {one.path.parent for one in found if one.path} == {gpu.folder / "saved"}
    return names(found, gpu)


async def resumed(gpu: Gpu) -> str:
    state = await gpu.run({"seconds": 0.1, "outputs": {"big": {"bytes": 3 * MB}}})
    found = await gpu.save(state)
    assert len(gpu.files()["big.png"]) == 3 * MB
    assert found[0].failure is None
    return f"saved whole; asked for {', '.join(one or 'all' for one in gpu.counted.ranges)}"


async def large(gpu: Gpu) -> str:
    """By a process of its own, so that its memory is only the client's."""
    state = await gpu.run({"seconds": 0.1, "outputs": {"film": {"bytes": 100 * MB}}})
    program = Path(__file__).parent / "saving_program.py"
    url = str(gpu.cyberun.transport).removeprefix("Transport(").removesuffix(")")
    words = [sys.executable, str(program), url, state.task_id, str(gpu.folder)]
    process = await asyncio.to_thread(subprocess.run, words, capture_output=True, text=True, check=True)
    size, grown = map(int, process.stdout.split())
    assert size == 100 * MB
    return f"saved whole; {'less' if grown < 4 * MB else 'more'} than 4 MB of memory"


def opened(gpu: Gpu) -> str:
    return f"results read: {gpu.asked('GET /r/tasks/*/result')}, addresses opened: {gpu.asked('GET /cyberun-store/*')}"


def names(found: list[SavedOutput], gpu: Gpu) -> str:
    assert not [one for one in found if one.failure]
    return ", ".join(f"`{one.key}` as `{one.path.name}`" for one in found if one.path) or "no outputs"


def hit(fault: str, path: str, **more: Any) -> tuple[Fault, ...]:
    return ({"fault": fault, "path": path, **more},)


CASES = (
    *(
        Case(f"state `{status}`", stays(status), "live; followed to completed, exit code 0")
        for status in ("pending", "waiting", "provisioning", "queued", "running")
    ),
    Case("state `completed`", ends("completed"), "final; exit code 0"),
    Case("state `failed`", ends("failed", error="CUDA out of memory"), "final: CUDA out of memory; exit code 1"),
    Case("state `cancelled`", cancelled, "final; exit code 1"),
    Case("a state nobody knows", stays("teleporting"), "live; followed to completed, exit code 0"),
    Case(
        "result of an agent of one's own: `storage_key`, `download_url`",
        shaped("local"),
        "`output_00001_.png` as `output_00001_.png`",
    ),
    Case(
        "result of the cloud: `s3_key`, `download_urls`",
        shaped("cloud"),
        "`9.images.0` as `9.images.0.png`, `9.images.1` as `9.images.1.txt`",
    ),
    Case(
        "result of both shapes at once",
        shaped("both"),
        "`output_00001_.png` as `output_00001_.png`, "
        "`9.images.0` as `9.images.0.png`, `9.images.1` as `9.images.1.txt`",
    ),
    Case("result of neither shape: `{}`", shaped("neither"), "no outputs"),
    Case("result of nulls", shaped("null"), "no outputs"),
    Case("result without the keys", shaped("absent"), "no outputs"),
    Case("results of a failed and of a cancelled task", nothing, "outputs: 0, errors: `out of memory` and none"),
    Case("an address whose hour is over", expired, "saved; results read: 2, addresses opened: 1"),
    Case(
        "403 from the store",
        saved,
        "saved whole; results read: 2, addresses opened: 2",
        hit("status", STORE, status=403, method="GET"),
    ),
    Case(
        "403 from the store for good",
        saved,
        "not saved, the store says 403; results read: 4, addresses opened: 4",
        hit("status", STORE, status=403, method="GET", times=None),
    ),
    Case(
        "503 from the store, once",
        saved,
        "saved whole; results read: 1, addresses opened: 2",
        hit("status", STORE, status=503, method="GET"),
    ),
    Case("the stream of events", followed, "completed; 1 stream, read to its end"),
    Case(
        "the stream is cut in the middle",
        followed,
        "completed; 1 stream, then looked at again and again",
        hit("truncate", EVENTS, bytes=200),
    ),
    Case(
        "the stream ends without a final event",
        followed,
        "completed; 1 stream, then looked at again and again",
        hit("end", EVENTS, bytes=150),
    ),
    Case(
        "the stream stalls, then breaks",
        followed,
        "completed; 1 stream, then looked at again and again",
        hit("stall", EVENTS, bytes=200, seconds=0.1),
    ),
    Case(
        "there is no stream: 503",
        followed,
        "completed; 1 stream, then looked at again and again",
        hit("status", EVENTS, status=503),
    ),
    Case("a cancel that comes too late", too_late, "1 cancel, then read again: completed, exit code 0"),
    Case("`timeout:` is over in `waiting`", stuck, "1 cancel, then read again: cancelled, exit code 1"),
    Case("`--timeout` is over in `waiting`", left, "left as it is, waiting; 0 cancels, exit code 1"),
    Case(
        "a submission whose answer was lost",
        lost,
        "sent 1 time, journal `unknown`, 1 candidate listed",
        hit("drop", RUN, method="POST", when="after", skip=1),
    ),
    Case(
        "a submission that never arrived, as far as one can tell",
        lost,
        "sent 1 time, journal `unknown`, 0 candidate listed",
        hit("drop", RUN, method="POST", skip=1),
    ),
    Case(
        "a submission answered with 500, though it was taken",
        lost,
        "sent 1 time, journal `unknown`, 1 candidate listed",
        hit("status", RUN, method="POST", status=500, when="after", skip=1),
    ),
    Case(
        "an upload answered with 412",
        uploaded,
        "in place; 2 addresses asked for",
        hit("status", STORE, method="PUT", status=412),
    ),
    Case(
        "an upload whose answer was lost",
        uploaded,
        "in place; 2 addresses asked for",
        hit("drop", STORE, method="PUT", when="after"),
    ),
    Case(
        "an upload answered with 412 for good",
        uploaded,
        "given up at 412; 3 addresses asked for",
        hit("status", STORE, method="PUT", status=412, times=None),
    ),
    Case(
        "unsafe output keys",
        unsafe,
        "`../../etc/passwd` as `passwd.png`, `CON` as `_CON.png`, "
        "`a/b:c` as `b_c.png`, `9.images.0` as `9.images.0.png`",
    ),
    Case(
        "a download that breaks off twice",
        resumed,
        "saved whole; asked for all, bytes=1000000-, bytes=2000000-",
        hit("truncate", STORE, method="GET", bytes=MB, times=2),
    ),
    Case("an output of 100 MB", large, "saved whole; less than 4 MB of memory"),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_a_case(case: Case, tmp_path: Path) -> None:
    async with gpu(tmp_path, case.faults) as met:
        assert await case.meet(met) == case.outcome


def test_the_table_of_the_manual_is_these_cases() -> None:
    page = PAGE.read_text(encoding="utf-8")
    rows = "".join(f"| {case.name} | {case.outcome} |\n" for case in CASES)
    before, _, rest = page.partition(BEGIN)
    wanted = f"{before}{BEGIN}\n\n| case | outcome |\n|---|---|\n{rows}\n{END}{rest.partition(END)[2]}"
    if os.environ.get("CYBERFLOW_UPDATE_DOCS"):
        PAGE.write_text(wanted, encoding="utf-8")
    assert page == wanted, "docs/cyberun.md is stale: run this test with CYBERFLOW_UPDATE_DOCS=1"
