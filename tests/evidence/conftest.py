from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn

from cyberflow.emulator.platform import Platform
from tests.evidence.clinic import Clinic, Clock


@pytest.fixture
def account() -> Iterator[tuple[str, Clock]]:
    """An account of its own, served on a port of this machine, with a machine that is connected."""
    clock = Clock()
    with Platform.open(":memory:", clock=clock) as platform:
        server = uvicorn.Server(uvicorn.Config(platform.app, port=0, log_level="warning", lifespan="off"))
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        while thread.is_alive() and not server.started:
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}", clock
        server.should_exit = True
        thread.join()


@pytest.fixture
def clinic(tmp_path: Path, account: tuple[str, Clock], monkeypatch: pytest.MonkeyPatch) -> Clinic:
    for name in [name for name in os.environ if name.startswith(("GITHUB_", "GITLAB_", "CI_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("CLINIC_KEY", "any")
    return Clinic.begin(tmp_path / "clinic", *account)
