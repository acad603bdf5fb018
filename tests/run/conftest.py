from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from cyberflow.emulator.platform import Platform
from tests.run.clinic import Time, World


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def platform(time: Time) -> Iterator[Platform]:
    with Platform.open(":memory:", clock=time.wall) as opened:
        yield opened


@pytest.fixture
async def world(anyio_backend: str, platform: Platform, time: Time, tmp_path: Path) -> AsyncIterator[World]:
    made = World(platform, time, tmp_path / ".cyberflow")
    async with made.desk:
        await made.deploy()
        yield made
