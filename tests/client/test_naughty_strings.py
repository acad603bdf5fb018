"""Strings that break other people's programs: through the client to the platform and back, byte for byte."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from cyberflow.client.cyberdesk.client import Cyberdesk
from cyberflow.client.cyberdesk.wire import WorkflowRecord
from cyberflow.emulator.platform import Platform
from cyberflow.redact import MASK, Redactor
from cyberflow.storage import safe_name
from tests.suites import SUITES, needs_suite

SUITE = SUITES / "naughty" / "blns.json"
pytestmark = [needs_suite("naughty"), pytest.mark.slow]
STRINGS: list[str] = json.loads(SUITE.read_text(encoding="utf-8")) if SUITE.is_file() else []


async def deploy_and_read_back() -> list[tuple[str, WorkflowRecord]]:
    found = []
    with Platform.open(":memory:") as platform:
        async with Cyberdesk.connect("http://local", "any", app=platform.app) as desk:
            for text in STRINGS:
                body: dict[str, Any] = {
                    "main_prompt": f"{text}.",
                    "output_schema": json.dumps({"type": "object", "description": text}),
                    "post_run_check_failure_cleanup_prompt": text,
                }
                if 0 < len(text) <= 255:
                    body["name"] = text
                made = await desk.workflows.create(body)
                found.append((text, await desk.workflows.get(made.id)))
    return found


def test_what_is_sent_is_what_comes_back() -> None:
    found = asyncio.run(deploy_and_read_back())

    assert len(found) == len(STRINGS) > 500
    for text, workflow in found:
        assert workflow.main_prompt == f"{text}."
        assert json.loads(workflow.output_schema or "")["description"] == text
        assert workflow.post_run_check_failure_cleanup_prompt == text
        assert workflow.name == (text if 0 < len(text) <= 255 else workflow.name)


async def submit_and_read_back() -> list[Any]:
    with Platform.open(":memory:") as platform:
        async with Cyberdesk.connect("http://local", "any", app=platform.app) as desk:
            made = await desk.workflows.create({"main_prompt": "Type {text}."})
            values = {f"v{number}": text for number, text in enumerate(STRINGS)}
            run = await desk.runs.create({"workflow_id": made.id, "input_values": {"text": "x", **values}})
            back = (await desk.runs.get(run.id)).input_values or {}
            return [back[f"v{number}"] for number in range(len(STRINGS))]


def test_inputs_of_a_run_arrive_as_they_are() -> None:
    assert asyncio.run(submit_and_read_back()) == STRINGS


@pytest.mark.parametrize("text", [text for text in STRINGS if len(text.strip()) > 11], ids=ascii)
def test_each_of_them_as_a_secret_is_masked(text: str) -> None:
    redactor = Redactor([text])

    for written in (text, json.dumps(text), repr(text), json.dumps({"a": [text]}, ensure_ascii=False)):
        clean = redactor.text(f"before {written} after")
        assert MASK in clean
        assert text not in clean


@pytest.mark.parametrize("text", STRINGS, ids=ascii)
def test_each_of_them_as_a_file_name_is_one_name(text: str, tmp_path: Path) -> None:
    path = tmp_path / safe_name(text)
    path.touch()

    assert [*tmp_path.iterdir()] == [path]
