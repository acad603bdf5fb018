"""The site on a platform in process, and for the slow tests on a port of 127.0.0.1, as a browser meets it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from cyberflow.emulator.platform import Platform
from cyberflow.web.routes import site
from tests.web.browser import Browser, executable
from tests.web.loopback import Fetch, serving


@pytest.fixture
def platform() -> Iterator[Platform]:
    with Platform.open(":memory:") as opened:
        yield opened


@pytest.fixture
def fetch(platform: Platform) -> Fetch:
    """`fetch(path, method=…, host=…, headers=…)` at the whole site, in process."""
    app = site(platform.app, "clinic-intake")

    async def send(path: str, method: str, host: str, options: dict[str, Any]) -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=f"http://{host}") as client:
            return await client.request(method, path, **options)

    def fetch(path: str, *, method: str = "GET", host: str = "127.0.0.1:7700", **options: Any) -> httpx.Response:
        return asyncio.run(send(path, method, host, options))

    return fetch


@pytest.fixture
def address(platform: Platform) -> Iterator[str]:
    yield from serving(platform)


@pytest.fixture
def keyed_address() -> Iterator[str]:
    """A platform that takes one key alone."""
    with Platform.open(":memory:", api_key="cd_sesame") as opened:
        yield from serving(opened)


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Browser]:
    if executable() is None:
        pytest.skip("no Chromium is installed")
    with Browser(tmp_path / "profile") as opened:
        yield opened


@pytest.fixture
def client(address: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=address, headers={"Authorization": "Bearer cd_test"}, trust_env=False) as opened:
        yield opened
