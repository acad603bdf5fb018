"""`cyberflow dev` as a process of its own, and the official SDK in front of it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.cli_program import Program
from tests.processes import started

CANARY = "sdk-canary-5c3e"
pytestmark = pytest.mark.slow


@pytest.fixture
def dev(intake: Path) -> Iterator[str]:
    """The url of a running `cyberflow dev` for a copy of patient-intake."""
    command = [sys.executable, "-m", "cyberflow", "dev", "--port", "0"]
    with started(command, cwd=intake, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert "http://127.0.0.1:" in line
        yield line.split()[2]
        process.send_signal(signal.SIGINT)
        assert process.wait(120) == 0


def key_of(project: Path) -> str:
    return str(json.loads((project / ".cyberflow" / "dev.json").read_text(encoding="utf-8"))["token"])


def test_the_official_sdk_cannot_tell(dev: str, intake: Path) -> None:
    """Two workflows, a chain with a ref and a secret: success, the resolved input, and no secret anywhere."""
    from cyberdesk import CyberdeskClient, WorkflowCreate
    from openapi_client.cyberdesk_cloud_client.models import ChainStep, WorkflowChainCreate

    client = CyberdeskClient(key_of(intake), base_url=dev)
    outputs = {"type": "object", "properties": {"result": {"type": "string", "examples": ["a bear"]}}}
    find = client.workflows.create_sync(
        WorkflowCreate(
            main_prompt="<p>Sign in with {$pin}, find {topic}.</p>", name="find", output_schema=json.dumps(outputs)
        )
    ).data
    use = client.workflows.create_sync(WorkflowCreate(main_prompt="<p>Write down {fact}.</p>", name="use")).data
    steps: list[Any] = [
        ChainStep.from_dict(
            {
                "workflow_id": str(find.id),
                "session_alias": "first",
                "inputs": {"topic": "pandas"},
                "sensitive_inputs": {"pin": CANARY},
            }
        ),
        ChainStep.from_dict(
            {
                "workflow_id": str(use.id),
                "session_alias": "second",
                "inputs": {"fact": {"$ref": "first.outputs.result"}},
            }
        ),
    ]

    chain = client.runs.chain_sync(WorkflowChainCreate(steps=steps)).data
    last = wait(client, str(chain.run_ids[-1]))

    assert last.status.value == "success"
    assert last.input_values.to_dict() == {"fact": "a bear"}
    first = client.runs.get_sync(str(chain.run_ids[0])).data
    assert CANARY not in json.dumps([last.to_dict(), first.to_dict()], default=str)
    assert list(first.sensitive_input_aliases.to_dict()) == ["pin"]
    client.close()
    files = [path for path in (intake / ".cyberflow").rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if CANARY.encode() in path.read_bytes()]


def wait(client: Any, run_id: str) -> Any:
    for _ in range(200):
        run = client.runs.get_sync(run_id).data
        if run.status.value not in ("scheduling", "running", "running_checks"):
            return run
        time.sleep(0.1)
    raise AssertionError("the run did not end")


def test_the_target_local_talks_to_it(dev: str, program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EPIC_PASSWORD", CANARY)

    applied = program("apply", "--yes")
    ran = program("run", "sign-in", "-i", "username=front", "-s", "password=env:EPIC_PASSWORD")

    assert applied.code == 0, applied.text
    assert dev in applied.err
    assert ran.code == 0, ran.text
    (submitted,) = [line for line in ran.err.splitlines() if "submitted" in line]
    assert re.search(rf"run (\S+), see {dev}/#/runs/\1$", submitted)
    announced = Path(".cyberflow/dev.json")
    assert (announced.stat().st_mode & 0o777) == 0o600
    assert json.loads(announced.read_text(encoding="utf-8"))["url"] == dev


def test_a_run_goes_on_over_kill_9(intake: Path, program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    """The state of a simulated run is a function of its script, its start and the clock."""
    monkeypatch.setenv("EPIC_PASSWORD", CANARY)
    assert program("apply", "--yes").code == 0
    command = [sys.executable, "-m", "cyberflow", "run", "sign-in", "-i", "username=front"]
    command += ["-s", "password=env:EPIC_PASSWORD", "--out", "never.json"]
    process = subprocess.Popen(command, cwd=intake, stderr=subprocess.PIPE, text=True, env=dict(os.environ))
    assert process.stderr is not None
    while "submitted" not in (line := process.stderr.readline()):
        assert line
    process.kill()
    process.wait()
    process.stderr.close()

    run_id = line.split()[-1]
    assert run_id
    assert status_of(intake, run_id) == "success"


def status_of(project: Path, run_id: str) -> str:
    """The status that the database's own platform gives a run, a few seconds later by its clock."""
    import asyncio
    from datetime import UTC, datetime, timedelta

    from cyberflow.client.cyberdesk.client import Cyberdesk
    from cyberflow.emulator.platform import Platform

    async def read() -> str:
        with Platform.open(
            project / ".cyberflow/local.db", clock=lambda: datetime.now(UTC) + timedelta(seconds=30)
        ) as platform:
            async with Cyberdesk.connect("http://local", "any", app=platform.app) as desk:
                return (await desk.runs.get(run_id)).status

    return asyncio.run(read())
