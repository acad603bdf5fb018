from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from cyberflow.emulator.platform import Platform
from tests.emulator.served import serve
from tests.evidence.clinic import Clinic, Clock


@pytest.fixture
def account() -> Iterator[tuple[str, Clock]]:
    """An account of its own, served on a port of this machine, with a machine that is connected."""
    clock = Clock()
    with Platform.open(":memory:", clock=clock) as platform, serve(platform.app) as url:
        yield url, clock


@pytest.fixture
def clinic(tmp_path: Path, account: tuple[str, Clock], monkeypatch: pytest.MonkeyPatch) -> Clinic:
    for name in [name for name in os.environ if name.startswith(("GITHUB_", "GITLAB_", "CI_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("CLINIC_KEY", "any")
    return Clinic.begin(tmp_path / "clinic", *account)
