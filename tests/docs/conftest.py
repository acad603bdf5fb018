"""Somebody who reads the manual, with a home, a project and an account of their own."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cyberflow.emulator.platform import Platform
from tests.docs.reader import Reader
from tests.emulator.served import serve


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    keep = ("SYSTEMROOT", "LANG", "TMPDIR", "LD_LIBRARY_PATH")
    environ = {name: os.environ[name] for name in keep if name in os.environ} | {
        "PATH": os.pathsep.join((f"{tmp_path}/bin", str(Path(sys.executable).parent), os.environ["PATH"])),
        "HOME": str(tmp_path),
        "COLUMNS": "120",
        **dict.fromkeys(("CYBERDESK_API_KEY", "CYBERUN_API_KEY", "KEY"), "any"),
        **dict.fromkeys(("EPIC_PASSWORD", "ERP_PASSWORD", "TOKEN"), "canary-4711"),
        **{f"GIT_{who}_{what}": "ada@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
    }
    folder = tmp_path / "project"
    folder.mkdir()
    with Platform.open(":memory:") as platform, serve(platform.app) as address:
        reader = Reader(folder, environ, address)
        with reader.stack:
            yield reader
