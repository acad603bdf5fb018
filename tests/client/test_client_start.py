"""What the client costs before it is used, and which module may know httpx."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import cyberflow.client

ROOM = Path(cyberflow.client.__file__).parent


@pytest.mark.parametrize(
    ("statement", "absent"),
    [
        ("import cyberflow.client", ("httpx", "pydantic", "asyncio")),
        ("from cyberflow.client.http.errors import ApiError, Unreachable", ("httpx", "pydantic", "asyncio")),
        ("import cyberflow.client.cyberdesk.wire", ("httpx", "asyncio")),
    ],
)
def test_what_is_not_used_is_not_loaded(statement: str, absent: tuple[str, ...]) -> None:
    code = f"{statement}; import sys; print(*(name for name in {absent!r} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.split() == []


def test_only_the_room_of_the_transport_knows_httpx() -> None:
    asks = re.compile(r"^\s*(import|from) httpx", re.MULTILINE)
    knowing = {file.parent.name for file in ROOM.rglob("*.py") if asks.search(file.read_text(encoding="utf-8"))}

    assert knowing == {"http"}
