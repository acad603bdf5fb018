"""docs/local-platform.md: its Python runs, and its plan of faults is one."""

from __future__ import annotations

import json
import re
from pathlib import Path

from cyberflow.emulator.http.fault_plan import FaultPlan

PAGE = (Path(__file__).parent.parent.parent / "docs" / "local-platform.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def test_its_python_runs() -> None:
    first, *_ = blocks("python")

    exec(compile(first, "local-platform.md", "exec"), {})


def test_its_plan_is_one_and_shows_every_fault() -> None:
    (plan,) = blocks("json")
    rules = FaultPlan.model_validate(json.loads(plan)).faults

    assert {rule.fault for rule in rules} == set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE))
