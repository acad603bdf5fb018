"""A platform on a clock that the test turns, in memory or on a file."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from cyberflow.emulator.platform import Platform
from tests.emulator.emulator_api import Api, TurnedClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def clock() -> TurnedClock:
    return TurnedClock()


@pytest.fixture
def reopen(tmp_path: Path, clock: TurnedClock) -> Iterator[Callable[[], Api]]:
    """Open the platform on one file; each call closes the one before, as a restart does."""
    opened: list[Platform] = []

    def again() -> Api:
        if opened:
            opened.pop().close()
        opened.append(Platform.open(tmp_path / "local.db", clock=clock))
        return Api(opened[0])

    yield again
    for platform in opened:
        platform.close()


@pytest.fixture
def platform(clock: TurnedClock) -> Iterator[Platform]:
    with Platform.open(":memory:", clock=clock) as opened:
        yield opened


@pytest.fixture
def api(platform: Platform) -> Api:
    return Api(platform)


@pytest.fixture
def as_caller(platform: Platform) -> Callable[[str], Api]:
    return lambda key: Api(platform, key)


@pytest.fixture(scope="session")
def png() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (4, 4), "teal").save(out, "PNG")
    return out.getvalue()
