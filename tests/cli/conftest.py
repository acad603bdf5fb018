"""A project on disk and the program as a person calls it, in this process."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cyberflow.cli.main import run
from tests.cli.cli_program import Answer, Program

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def program(capsys: pytest.CaptureFixture[str]) -> Program:
    """Call cyberflow with words; gives exit code and both streams."""

    def call(*words: str) -> Answer:
        capsys.readouterr()
        code = run(list(words))
        return Answer(code, *capsys.readouterr())

    return call


@pytest.fixture
def example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """A copy of an example, as working directory."""

    def copy(name: str) -> Path:
        folder = tmp_path / name
        shutil.copytree(EXAMPLES / name, folder, ignore=shutil.ignore_patterns(".cyberflow", "dist", "__pycache__"))
        monkeypatch.chdir(folder)
        return folder

    return copy


@pytest.fixture
def intake(example: Callable[[str], Path]) -> Path:
    return example("patient-intake")


@pytest.fixture
def served() -> Iterator[str]:
    """The url of a local platform on a port of this machine."""
    import uvicorn

    from cyberflow.emulator.platform import Platform

    with Platform.open(":memory:") as platform:
        server = uvicorn.Server(uvicorn.Config(platform.app, port=0, log_level="warning", lifespan="off"))
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        while thread.is_alive() and not server.started:
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
        server.should_exit = True
        thread.join()
