"""Bundle and snapshot to plan, plan to outcomes. It decides what to write and writes it; nothing is printed here, and
nothing is ever deleted.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cyberflow.deploy.apply import apply
    from cyberflow.deploy.change import Change, FieldChange, Kept, Outcome, Plan, PlanRefused, Problem
    from cyberflow.deploy.diff import field_diff
    from cyberflow.deploy.plan import plan

_HOMES = {
    "Change": "change",
    "FieldChange": "change",
    "Kept": "change",
    "Outcome": "change",
    "Plan": "change",
    "PlanRefused": "change",
    "Problem": "change",
    "apply": "apply",
    "field_diff": "diff",
    "plan": "plan",
}

__all__ = [
    "Change",
    "FieldChange",
    "Kept",
    "Outcome",
    "Plan",
    "PlanRefused",
    "Problem",
    "apply",
    "field_diff",
    "plan",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
