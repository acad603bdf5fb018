"""The official SDK against a served platform: it cannot tell, and no secret is left anywhere."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from cyberflow.emulator.platform import Platform
from tests.emulator.served import serve

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.slow, pytest.mark.enable_socket]

SECRET = "canary-sdk-4711"
OUT = '{"type": "object", "properties": {"mrn": {"type": "string", "examples": ["M7"]}}, "required": ["mrn"]}'


@pytest.fixture
def served(tmp_path: Path) -> Iterator[str]:
    with Platform.open(tmp_path / "local.db") as platform, serve(platform.app) as url:
        yield url


def ok(response: Any) -> Any:
    """The data of an answer; the SDK hides a 422 there as well."""
    assert response.error is None, response.error
    assert type(response.data).__name__ != "HTTPValidationError", response.data
    return response.data


def test_the_sdk_drives_a_chain_to_success(served: str, tmp_path: Path) -> None:
    from cyberdesk import CyberdeskClient, WorkflowCreate, WorkflowUpdate
    from openapi_client.cyberdesk_cloud_client.models import (
        ChainStep,
        ChainStepInputsType0,
        ChainStepSensitiveInputsType0,
        WorkflowChainCreate,
    )

    client = CyberdeskClient(api_key="cd_any", base_url=served)
    find = ok(
        client.workflows.create_sync(WorkflowCreate(name="Find", main_prompt="Sign in with {$pw}.", output_schema=OUT))
    )
    book = ok(client.workflows.create_sync(WorkflowCreate(name="Book", main_prompt="Open the chart of {mrn}.")))
    assert ok(client.workflows.update_sync(str(book.id), WorkflowUpdate(name="Book a visit"))).name == "Book a visit"
    steps = [
        ChainStep(
            find.id, session_alias="find", sensitive_inputs=ChainStepSensitiveInputsType0.from_dict({"pw": SECRET})
        ),
        ChainStep(
            book.id, session_alias="book", inputs=ChainStepInputsType0.from_dict({"mrn": {"$ref": "find.outputs.mrn"}})
        ),
    ]
    chain = ok(client.runs.chain_sync(WorkflowChainCreate(steps=steps)))
    last = str(chain.run_ids[-1])
    deadline = time.monotonic() + 120
    while ok(client.runs.get_sync(last)).status not in {"success", "error", "cancelled", "task_failed"}:
        assert time.monotonic() < deadline
        time.sleep(0.1)

    done = ok(client.runs.get_sync(last))
    assert done.status == "success"
    assert done.input_values.to_dict() == {"mrn": "M7"}
    listed = ok(client.runs.list_sync(session_id=str(chain.session_id)))
    assert [run.status for run in listed.items] == ["success", "success"]
    url = next(
        block["image_url"]
        for message in done.run_message_history
        for block in message["content"]
        if block["type"] == "image"
    )
    signed = ok(client.runs.get_image_signed_url_sync(last, image_url=url))
    assert signed.signed_url.startswith(f"{served}/storage/")
    assert ok(client.machines.list_sync()).items[0].name == "local-1"
    assert client.runs.delete_sync(last).data == {"success": True}
    client.close()

    assert SECRET not in str(listed) + str(done)
    stored = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert b"Book a visit" in stored
    assert SECRET.encode() not in stored
