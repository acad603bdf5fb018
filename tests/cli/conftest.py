"""A project on disk and the program as a person calls it, in this process."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


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
    from cyberflow.emulator.platform import Platform
    from tests.emulator.served import serve

    with Platform.open(":memory:") as platform, serve(platform.app) as url:
        yield url
