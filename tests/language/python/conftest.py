"""Projects of Python modules, in folders of the test's own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.language.python.python_project import Project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


@pytest.fixture
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Project]:
    """Make any number of projects."""
    return lambda name: Project(tmp_path_factory.mktemp(name))
