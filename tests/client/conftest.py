from __future__ import annotations

import pytest

from tests.client.scripted_service import Script


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
