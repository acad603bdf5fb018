"""The client against the service's published Python client: the same paths, parameters and optional fields."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

import attrs
import pytest

from cyberflow.client.cyberdesk import records, wire
from cyberflow.client.cyberdesk.attachments import AttachmentFilters
from cyberflow.client.cyberdesk.client import Cyberdesk
from cyberflow.client.cyberdesk.connections import ConnectionFilters
from cyberflow.client.cyberdesk.machines import MachineFilters
from cyberflow.client.cyberdesk.runs import RunFilters
from cyberflow.client.cyberdesk.trajectories import TrajectoryFilters
from cyberflow.client.cyberdesk.workflows import WorkflowFilters
from cyberflow.errors import CyberflowError
from tests.client.scripted_service import Script, answer

pytestmark = pytest.mark.anyio

A, B = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
LISTS = ("fields", "include", "tag_ids")
CLIENT = "openapi_client.cyberdesk_cloud_client"

CONTRACT = Path(__file__).parent.parent / "emulator" / "data" / "openapi.json"

NOUNS = {
    wire.WorkflowRecord: "WorkflowResponseWithIncludes",
    wire.CheckRecord: "WorkflowPostRunCheckResponse",
    wire.RunCheck: "RunPostRunCheckSnapshot",
    wire.ModelMetadataRecord: "WorkflowModelMetadata",
    wire.TagRecord: "WorkflowTagResponse",
    wire.TagGroup: "WorkflowTagGroupResponse",
    wire.Machine: "MachineResponseWithIncludes",
    wire.Pool: "PoolResponseWithIncludes",
    wire.Model: "ModelConfigurationResponse",
    wire.RunRecord: "RunResponseWithIncludes",
    records.ChainAccepted: "WorkflowChainResponse",
    wire.Attachment: "RunAttachmentResponse",
    records.SignedUrl: "RunImageSignedUrlResponse",
    records.DownloadUrl: "RunAttachmentDownloadUrlResponse",
    records.Trajectory: "TrajectoryResponseWithIncludes",
    records.Connection: "ConnectionResponse",
    records.Usage: "UsageAggregateResponse",
    records.BulkAccepted: "RunBulkCreateResponse",
    records.MachinesHealth: "MachinesHealthCheckResponse",
}


@pytest.mark.parametrize("noun", NOUNS, ids=lambda noun: noun.__name__)
def test_a_field_is_known_to_the_service_and_required_only_where_it_requires_it(noun: type[wire.WireRecord]) -> None:
    theirs = {
        field.name.rstrip("_"): field for field in attrs.fields(getattr(import_module(f"{CLIENT}.models"), NOUNS[noun]))
    }

    assert set(noun.model_fields) <= set(theirs)
    for name, ours in noun.model_fields.items():
        if ours.is_required():
            assert theirs[name].default is attrs.NOTHING


def test_the_statuses_and_projectable_fields_are_those_of_the_service() -> None:
    models = import_module(f"{CLIENT}.models")

    assert {status.value for status in models.RunStatus} == wire.FINAL | wire.LIVE
    assert set(wire.RUN_FIELDS) == {field.value for field in models.RunField}
    assert set(wire.RUN_FIELDS) | set(wire.RUN_BASE) == {
        field.name for field in attrs.fields(models.RunResponse) if field.name != "additional_properties"
    }


def endpoints() -> dict[str, set[str]]:
    """Method and path of every endpoint that the published client has, with the names of its query parameters."""
    found: dict[str, set[str]] = {}
    for file in Path(str(import_module(f"{CLIENT}.api").__file__)).parent.glob("*/*.py"):
        text = file.read_text(encoding="utf-8")
        if (method := re.search(r'"method": "(\w+)"', text)) and (url := re.search(r'"url": "([^"]+)"', text)):
            route = re.sub(r"\{\w+\}", "{}", url[1])
            found[f"{method[1].upper()} {route}"] = set(re.findall(r'\bparams\["(\w+)"\]', text))
    return found


ENDPOINTS = endpoints()

CALLS: list[Callable[[Cyberdesk], Awaitable[object]]] = [
    lambda desk: desk.health(),
    lambda desk: desk.workflows.create({}),
    lambda desk: desk.workflows.get(A),
    lambda desk: desk.workflows.update(A, {}),
    lambda desk: desk.workflows.delete(A),
    lambda desk: desk.workflows.duplicate(A),
    lambda desk: desk.workflows.versions(A),
    lambda desk: desk.workflows.tags(A),
    lambda desk: desk.workflows.add_tags(A, [B]),
    lambda desk: desk.workflows.remove_tag(A, B),
    lambda desk: desk.images.list(),
    lambda desk: desk.images.upload("x.png", b"", "image/png"),
    lambda desk: desk.images.delete("o/x.png"),
    lambda desk: desk.images.signed_url("o/x.png"),
    lambda desk: desk.tags.list(),
    lambda desk: desk.tags.get(A),
    lambda desk: desk.tags.create({}),
    lambda desk: desk.tags.update(A, {}),
    lambda desk: desk.tags.delete(A),
    lambda desk: desk.tags.archive(A),
    lambda desk: desk.tags.unarchive(A),
    lambda desk: desk.groups.list(),
    lambda desk: desk.groups.get(A),
    lambda desk: desk.groups.create({}),
    lambda desk: desk.machines.get(A, include=["pools"]),
    lambda desk: desk.machines.create({}),
    lambda desk: desk.machines.update(A, {}),
    lambda desk: desk.machines.delete(A),
    lambda desk: desk.pools.get(A, include=["machines"]),
    lambda desk: desk.pools.create({}),
    lambda desk: desk.pools.add_machines(A, [B]),
    lambda desk: desk.models.list(),
    lambda desk: desk.models.get(A),
    lambda desk: desk.models.create({}),
    lambda desk: desk.runs.get(A, include=["workflow"]),
    lambda desk: desk.runs.create({}),
    lambda desk: desk.runs.chain({}),
    lambda desk: desk.runs.cancel(A),
    lambda desk: desk.runs.retry(A),
    lambda desk: desk.runs.delete(A),
    lambda desk: desk.runs.image_url(A, "supabase://run-images/x"),
    lambda desk: desk.runs.bulk({}),
    lambda desk: desk.runs.update(A, {}),
    lambda desk: desk.runs.trajectory(A),
    lambda desk: desk.runs.generate_trajectory(A),
    lambda desk: desk.health_of_database(),
    lambda desk: desk.health_of_machines(),
    lambda desk: desk.workflows.merge(A, B),
    lambda desk: desk.workflows.add_tags_to_many([A], [B]),
    lambda desk: desk.tags.reorder([A]),
    lambda desk: desk.groups.update(A, {}),
    lambda desk: desk.groups.delete(A),
    lambda desk: desk.groups.reorder([A]),
    lambda desk: desk.machines.clear_session(A),
    lambda desk: desk.machines.pools(A),
    lambda desk: desk.machines.set_pools(A, [B]),
    lambda desk: desk.pools.page(include="machines"),
    lambda desk: desk.pools.update(A, {}),
    lambda desk: desk.pools.delete(A),
    lambda desk: desk.pools.remove_machines(A, [B]),
    lambda desk: desk.models.update(A, {}),
    lambda desk: desk.models.delete(A),
    lambda desk: desk.trajectories.page(),
    lambda desk: desk.trajectories.get(A, include=["workflow"]),
    lambda desk: desk.trajectories.latest(A),
    lambda desk: desk.trajectories.create({}),
    lambda desk: desk.trajectories.update(A, {}),
    lambda desk: desk.trajectories.duplicate(A),
    lambda desk: desk.trajectories.delete(A),
    lambda desk: desk.connections.page(),
    lambda desk: desk.connections.get(A),
    lambda desk: desk.connections.create({}),
    lambda desk: desk.connections.update(A, {}),
    lambda desk: desk.connections.delete(A),
    lambda desk: desk.usage.aggregate("2026-01-01", "2026-02-01", mode="billed"),
    lambda desk: desk.attachments.get(A),
    lambda desk: desk.attachments.create({}),
    lambda desk: desk.attachments.expire(A, None),
    lambda desk: desk.attachments.delete(A),
    lambda desk: desk.attachments.download_url(A),
]


async def asked(script: Script, call: Callable[[Cyberdesk], Awaitable[object]]) -> tuple[str, set[str]]:
    script.says(answer(200, "not JSON"))
    with suppress(CyberflowError):
        await call(script.desk(retries=0))
    sent = script.asked[-1]
    return f"{sent.method} {re.sub(f'{A}|{B}', '{}', sent.url.path)}", set(sent.url.params)


@pytest.mark.parametrize("call", CALLS, ids=range(len(CALLS)))
async def test_a_call_is_an_endpoint_of_the_service(
    script: Script, call: Callable[[Cyberdesk], Awaitable[object]]
) -> None:
    endpoint, params = await asked(script, call)

    assert endpoint in ENDPOINTS
    assert params <= ENDPOINTS[endpoint]


async def test_a_download_is_an_endpoint_of_the_service(script: Script, tmp_path: Path) -> None:
    endpoint, _ = await asked(script, lambda desk: desk.attachments.download(A, tmp_path / "x"))

    assert endpoint in ENDPOINTS


def wrapped() -> set[str]:
    """Every operation that the published client wraps."""
    contract = json.loads(CONTRACT.read_text(encoding="utf-8"))
    return {
        f"{method.upper()} {re.sub(r'{[^}]+}', '{}', route)}"
        for route, operations in contract["paths"].items()
        for method, operation in operations.items()
        if operation.get("x-sdk-method")
    }


async def test_every_operation_that_the_published_client_wraps_is_here(tmp_path: Path) -> None:
    reached = {
        (await asked(Script(), call))[0]
        for call in (
            *CALLS,
            lambda desk: desk.workflows.page(),
            lambda desk: desk.runs.page(),
            lambda desk: desk.machines.page(),
            lambda desk: desk.attachments.page(),
            lambda desk: desk.attachments.download(A, tmp_path / "x"),
        )
    }

    assert len(wrapped()) == 76
    assert wrapped() <= reached


@pytest.mark.parametrize(
    "list_",
    [
        lambda desk, words: desk.workflows.page(include=words),
        lambda desk, words: desk.runs.page(include=words),
        lambda desk, words: desk.machines.get(A, include=words),
        lambda desk, words: desk.trajectories.page(include=words),
    ],
)
async def test_a_bare_string_is_one_word(script: Script, list_: Any) -> None:
    await asked(script, lambda desk: list_(desk, "workflow"))
    await asked(script, lambda desk: list_(desk, ["workflow"]))

    assert [request.url.params["include"] for request in script.asked] == ["workflow"] * 2


@pytest.mark.parametrize(
    ("filters", "noun"),
    [
        (WorkflowFilters, "workflows"),
        (RunFilters, "runs"),
        (MachineFilters, "machines"),
        (AttachmentFilters, "attachments"),
        (TrajectoryFilters, "trajectories"),
        (ConnectionFilters, "connections"),
    ],
)
async def test_a_list_has_every_filter_of_the_service(script: Script, filters: Any, noun: str) -> None:
    given: dict[str, Any] = {name: ["x"] if name in LISTS else "x" for name in filters.__annotations__}

    endpoint, params = await asked(script, lambda desk: getattr(desk, noun).page(**given))

    assert params == ENDPOINTS[endpoint] - {"include_tags"}, "include_tags is the old form of include"
