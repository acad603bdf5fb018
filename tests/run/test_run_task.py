"""Tasks from declaration to result on the local platform in process, where time passes only when somebody sleeps."""

from __future__ import annotations

import stat
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from cyberflow.client.cyberun.client import CyberunClient
from cyberflow.client.cyberun.events import TaskEvent
from cyberflow.client.cyberun.wire import CyberunWorkflow, TaskRecord
from cyberflow.client.http.errors import ApiError, Unreachable
from cyberflow.client.http.request import write_request
from cyberflow.client.http.retry import Retry
from cyberflow.compiler.bundle import BundledTask
from cyberflow.emulator.platform import Platform
from cyberflow.errors import CyberflowError, UsageError
from cyberflow.redact import Redactor
from cyberflow.run.inputs.arguments import Arguments, FileArgument
from cyberflow.run.task.follow import cancel_task, follow_task, merge_event, merge_task
from cyberflow.run.task.outputs import file_name
from cyberflow.run.task.request import TaskState, check_request, task_files
from cyberflow.run.task.submit import prepare_task, submit_task
from cyberflow.run.work.entry import LedgerEntry
from cyberflow.run.work.journal import JOURNAL, follow_command, open_journal
from cyberflow.run.work.polling import FollowOptions, PollInterval
from tests.run.clinic import Time, Wire
from tests.run.gpu_world import fill
from tests.run.journals import entry_of_task, open_entries

pytestmark = pytest.mark.anyio

CANARY = "canary-7f3a9b2c"
SCHEMA = {"schema": {"type": "string"}, "required": True}
TASK = BundledTask(
    "poster",
    "text-to-image",
    inputs={"heading": SCHEMA, "palette": {"schema": {"type": "string"}, "required": False}},
    secrets={"token": SCHEMA},
    parameters={
        "prompt": "A <heading>, <palette>",
        "palette": "<palette>",
        "key": "<$token>",
        "n": {"deep": ["<heading>"]},
    },
    files={"input_image": "file://logo"},
    timeout="20m",
)
GIVEN = Arguments({"heading": "Sale"}, {"token": CANARY}, {"logo": FileArgument("logo.png", b"png")})
LIVE = TaskState("poster", "text-to-image", "t1")


@pytest.fixture
async def cyberun(anyio_backend: str, platform: Platform) -> AsyncIterator[CyberunClient]:
    async with CyberunClient.connect("http://local/api/v1", "sk-1", app=Wire(platform.app)) as opened:
        yield opened


def watch(time: Time, **options: Any) -> FollowOptions:
    return FollowOptions(**{"interval": PollInterval(1.0, 5.0), "clock": time, "sleep": time.sleep, **options})


async def submitted(cyberun: CyberunClient, folder: Path, **script: Any) -> TaskState:
    request = fill(BundledTask("poster", "poster"))
    workflow = await prepare_task(cyberun, BundledTask("poster", "poster"), request)
    id = await cyberun.simulate({"poster": script})
    state = await submit_task(cyberun, request, workflow, open_journal(folder, "local"), id)
    return replace(state, submitted_at=None)  # it is followed by another clock than it was submitted by


def test_a_request_is_filled_and_a_missing_optional_leaves_its_parameter_out() -> None:
    request = fill(TASK, GIVEN)

    assert request.parameters == {"prompt": "A Sale, ", "key": CANARY, "n": {"deep": ["Sale"]}}
    assert request.files["input_image"].content == b"png"
    assert (request.limit, request.secrets) == (1200.0, (CANARY,))
    assert CANARY not in repr(request)
    assert task_files(TASK) == [{"content": "file://logo"}]


PARAMETERS: list[dict[str, Any]] = [
    {"key": "prompt", "type": "string", "required": True},
    {"key": "width", "type": "number", "min": 64, "max": 2048},
    {"key": "tile", "type": "boolean"},
    {"key": "style", "type": "select", "options": ["calm", {"value": "bold"}]},
    {"key": "input_image", "type": "file", "accept": ["image/png", ".webp"], "required": True, "label": "Logo"},
    {"key": "odd", "type": "tensor"},
]
FITS = {"prompt": "x", "width": 64, "tile": True, "style": "bold", "odd": [1]}


@pytest.mark.parametrize(
    ("parameters", "file", "said"),
    [
        (FITS, "a.png", None),
        (FITS, "a.WEBP", None),
        ({**FITS, "promt": "y"}, "a.png", "no parameter `promt`; did you mean `prompt`?"),
        ({"width": 64}, "a.png", "requires the parameter `prompt`"),
        ({**FITS, "width": 4096}, "a.png", "parameter `width`"),
        ({**FITS, "width": "wide"}, "a.png", "parameter `width` must be `number`, not `string`"),
        ({**FITS, "tile": "yes"}, "a.png", "parameter `tile` must be `boolean`"),
        ({**FITS, "style": "wild"}, "a.png", 'parameter `style` must be one of "calm" | "bold"'),
        ({**FITS, "input_image": "a.png"}, None, "takes a file; name it under `files`"),
        (FITS, None, "requires the parameter `input_image` (Logo); set it under `files`"),
        (FITS, "a.txt", "does not take a file `a.txt`; it takes image/png, .webp"),
    ],
)
async def test_a_request_is_held_against_what_the_workflow_takes(
    cyberun: CyberunClient, parameters: dict[str, Any], file: str | None, said: str | None
) -> None:
    body = {"workflow_slug": "poster", "display_name": "P", "workflow_json": {}, "parameters": PARAMETERS[:-1]}
    await cyberun.transport.send(_post("/workflows/import", body))
    task = BundledTask("p", "poster", parameters=parameters, files={"input_image": "file://in"} if file else {})
    given = Arguments(files={"in": FileArgument(file, b"x")} if file else {})
    if said is None:
        workflow = CyberunWorkflow.model_validate({"id": "w", "parameters": PARAMETERS})
        check_request(task, fill(task, given), workflow)
        return

    with pytest.raises(UsageError) as caught:
        await prepare_task(cyberun, task, fill(task, given))

    assert said in str(caught.value)


def _post(path: str, body: Any) -> Any:
    return write_request("POST", path, body)


async def test_a_secret_that_does_not_fit_is_not_shown() -> None:
    task = BundledTask("p", "w", secrets={"token": SCHEMA}, parameters={"style": "<$token>"})
    workflow = CyberunWorkflow.model_validate({"id": "w", "parameters": PARAMETERS[3:4]})

    with pytest.raises(UsageError) as caught:
        check_request(task, fill(task, Arguments(secrets={"token": CANARY})), workflow)

    assert CANARY not in str(caught.value)


@pytest.mark.parametrize("body", [{"id": "w"}, {"id": "w", "parameters": None}])
async def test_where_the_service_does_not_say_what_it_takes_nothing_is_refused(body: dict[str, Any]) -> None:
    check_request(TASK, fill(TASK, GIVEN), CyberunWorkflow.model_validate(body))


async def test_a_workflow_that_is_not_there_is_named_with_its_neighbours(cyberun: CyberunClient) -> None:
    await cyberun.workflow("text-to-image")

    for name, said in (("Text-To-Image", "did you mean `text-to-image`?"), ("text-to-image@x", "has no version x")):
        task = BundledTask("p", name)
        with pytest.raises(UsageError) as caught:
            await prepare_task(cyberun, task, fill(task))
        assert said in f"{caught.value} {caught.value.help}"


@pytest.mark.slow
async def test_hours_in_waiting_cost_few_requests_and_no_end(
    cyberun: CyberunClient, time: Time, tmp_path: Path
) -> None:
    state = await submitted(cyberun, tmp_path, course=[["waiting", 3 * 3600], ["running", 60]])

    states = [one async for one in follow_task(cyberun, state, watch(time))]

    assert [one.status for one in states] == ["waiting", "running", "completed"]
    assert len(time.slept) < 3 * 3600 / 4


async def test_the_limit_counts_wherever_the_task_is(cyberun: CyberunClient, time: Time, tmp_path: Path) -> None:
    state = await submitted(cyberun, tmp_path, course=[["waiting", None]])

    states = [one async for one in follow_task(cyberun, state, watch(time), 1200)]

    assert 1200 <= time.seconds < 1230
    assert (states[-1].status, states[-1].timed_out, states[-1].cancelled) == ("cancelled", True, True)


async def test_a_limit_and_a_timeout_keep_to_the_earlier(cyberun: CyberunClient, time: Time, tmp_path: Path) -> None:
    state = await submitted(cyberun, tmp_path, course=[["waiting", None]])

    left = [one async for one in follow_task(cyberun, state, watch(time, timeout=10), 1200)][-1]
    cancelled = [one async for one in follow_task(cyberun, state, watch(time, timeout=10, cancel_on_timeout=True))][-1]

    assert (left.status, left.cancelled, left.timed_out) == ("waiting", False, True)
    assert cancelled.status == "cancelled"


async def test_a_task_that_does_not_heed_a_cancel_is_left_after_a_while(
    cyberun: CyberunClient, time: Time, tmp_path: Path
) -> None:
    state = await submitted(cyberun, tmp_path, course=[["running", None]], abort=9999)
    await cyberun.task(state.task_id)

    last = [one async for one in cancel_task(cyberun, state, watch(time))][-1]

    assert (last.status, last.is_live) == ("running", True)
    assert time.seconds < 60


async def test_steps_back_are_no_surprise(cyberun: CyberunClient, time: Time, tmp_path: Path) -> None:
    state = await submitted(cyberun, tmp_path, course=[["running", 10], ["waiting", 10], ["running", 10]])

    states = [one.status async for one in follow_task(cyberun, state, watch(time))]

    assert states == ["running", "waiting", "running", "completed"]


async def test_a_service_that_cannot_be_asked_is_asked_again_for_a_while(time: Time, tmp_path: Path) -> None:
    faults = [{"fault": "status", "status": 503, "path": "/api/v1/r/tasks/*", "skip": 1, "times": None}]
    with Platform.open(":memory:", clock=time.wall, faults=faults) as platform:
        retry = Retry(retries=0)
        async with CyberunClient.connect("http://local/api/v1", "sk-1", app=platform.app, retry=retry) as cyberun:
            state = await submitted(cyberun, tmp_path, course=[["running", None]])
            troubles = await until_it_gives_up(follow_task(cyberun, state, watch(time, patience=60)))

    assert troubles[0] is None
    assert "503" in str(troubles[1])
    assert 60 <= time.seconds < 75


async def until_it_gives_up(states: AsyncIterator[TaskState]) -> list[str | None]:
    found: list[str | None] = []
    try:
        async for one in states:
            found += [one.trouble]
    except ApiError:
        return found
    raise AssertionError


def test_the_end_of_a_task_is_never_taken_from_an_event() -> None:
    assert merge_event(LIVE, TaskEvent("status", {"status": "queued"})).status == "queued"
    for event in (
        TaskEvent("completed", {"status": "completed"}),
        TaskEvent("status", {"status": "completed"}),
        TaskEvent("status", {"status": 7}),
        TaskEvent("error", {"error": "could not fetch"}),
        TaskEvent("glow", {}),
    ):
        assert merge_event(LIVE, event) == LIVE


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"progress": 0.6, "current_node": "KSampler", "step_current": 12, "step_total": 20}, "KSampler 12/20 60%"),
        ({"progress": 0.25, "stage": "train", "message": "iteration 700"}, "train iteration 700 25%"),
        ({"progress": "half", "step_total": 0}, None),
    ],
)
def test_progress_in_words(data: dict[str, Any], words: str | None) -> None:
    state = merge_event(LIVE, TaskEvent("progress", data))

    assert (state.status, state.message) == ("running", words)


def test_a_look_ends_what_was_troubling() -> None:
    troubled = TaskState("p", "w", "t", "running", trouble="no answer", message="60%")

    assert merge_task(troubled, TaskRecord(id="t", task_status="running")).message == "60%"
    over = merge_task(troubled, TaskRecord(id="t", task_status="failed", task_error="no memory"))
    assert (over.trouble, over.message, over.error, over.exit_code) == (None, None, ("no memory",), 1)


async def test_the_journal_knows_before_the_service_does(cyberun: CyberunClient, tmp_path: Path) -> None:
    request = fill(TASK, GIVEN)
    workflow = await prepare_task(cyberun, TASK, request)
    invocation = open_journal(tmp_path, "prod")
    before: list[LedgerEntry | None] = []
    inner = cyberun.transport.fetch

    async def listening(sent: Any, *rest: Any) -> Any:
        if sent.path.endswith("/run"):
            before.append(invocation.entry)
        return await inner(sent, *rest)

    cyberun.transport.fetch = listening  # type: ignore[method-assign, assignment]
    state = await submit_task(cyberun, request, workflow, invocation)

    [first] = before
    assert first is not None
    assert (first.stage, first.kind, first.facts["workflow"]) == ("sending", "task", "text-to-image")
    entry = entry_of_task(tmp_path, state.task_id)
    assert entry is not None
    assert (entry.stage, entry.step, entry.facts["target"]) == ("accepted", "poster", "prod")
    assert [one.task_id for one in open_entries(tmp_path)] == [state.task_id]
    journal = tmp_path / JOURNAL
    assert CANARY.encode() not in journal.read_bytes()
    assert stat.S_IMODE(journal.stat().st_mode) == 0o600


async def test_a_refusal_is_no_riddle(tmp_path: Path) -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        return httpx.Response(409, json={"error_message": "workflow is disabled"})

    for carrier, said in ((refuse, "409"), (_unsent, "cannot be reached")):
        transport: Any = httpx.MockTransport(carrier)
        cyberun = CyberunClient.connect("https://gpu.example.test/api/v1", "sk-1", app=transport)
        invocation = open_journal(tmp_path, "prod")
        with pytest.raises(CyberflowError) as caught:
            await submit_task(cyberun, fill(BundledTask("p", "w")), CyberunWorkflow(id="w"), invocation)
        assert said in str(caught.value)
        assert (entry := invocation.entry) is not None
        assert entry.stage == "refused"


def _unsent(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("refused")


async def test_a_lost_answer_and_a_lost_list_are_said(tmp_path: Path) -> None:
    def lost(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadError("reset")

    transport: Any = httpx.MockTransport(lost)
    retry = Retry(retries=0)
    cyberun = CyberunClient.connect("https://gpu.example.test/api/v1", "sk-1", app=transport, retry=retry)

    with pytest.raises(Unreachable) as caught:
        await submit_task(cyberun, fill(BundledTask("p", "w")), CyberunWorkflow(id="w"), open_journal(tmp_path, "prod"))

    assert "cyberflow runs list --tasks --target prod" in str(caught.value.help)


@pytest.mark.parametrize(
    ("key", "head", "name"),
    [
        ("9.images.0", b"\x89PNG\r\n\x1a\n", "9.images.0.png"),
        ("out.png", b"\x89PNG\r\n\x1a\n", "out.png"),
        ("out.png", b"\xff\xd8\xff\xe0", "out.png.jpg"),
        ("photo.JPEG", b"\xff\xd8\xff\xe0", "photo.JPEG"),
        ("film", b"\x00\x00\x00\x18ftypmp42", "film.mp4"),
        ("mesh", b"glTF\x02", "mesh.glb"),
        ("scene.splat", b"\x00\x01", "scene.splat"),
        ("9.splat.0", b"\x00\x01", "9.splat.0.bin"),
        ("log", b"done \xc3", "log.txt"),
        ("data.csv", b"a,b\n", "data.csv"),
        ("meta", b'{"a": 1}', "meta.json"),
        ("", b"", "file.bin"),
        ("../../x", b"GIF89a", "x.gif"),
        ("NUL", b"GIF89a", "_NUL.gif"),
        ("a" * 400, b"GIF89a", "a" * 146 + ".gif"),
    ],
)
def test_names(key: str, head: bytes, name: str) -> None:
    assert file_name(key, head) == name


def test_the_result_as_data() -> None:
    state = TaskState("poster", "w", "t1", "failed", (f"bad key {CANARY}",))

    assert state.to_json({}, Redactor([CANARY])) == {
        "version": 1,
        "name": "poster",
        "status": "failed",
        "task_id": "t1",
        "outputs": {},
        "error": "bad key •••",
    }
    assert follow_command("prod", None, ["t1"]) == "cyberflow runs watch t1 --target prod"
