"""Where the outside suites are: data of other projects that tests read when it is there, and skip otherwise."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

SUITES = Path(os.environ.get("CYBERFLOW_SUITES") or Path(__file__).parents[2] / "shared" / "suites")


def needs_suite(name: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(not (SUITES / name).is_dir(), reason=f"the suite {name} is not here")
