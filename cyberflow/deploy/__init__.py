"""Bundle and snapshot to plan, plan to outcomes. It decides what to write and writes it; nothing is printed here, and
nothing is ever deleted.
"""

from __future__ import annotations

from cyberflow.deploy.apply import apply
from cyberflow.deploy.change import Change, FieldChange, Kept, Outcome, Plan, PlanRefused, Problem
from cyberflow.deploy.diff import field_diff
from cyberflow.deploy.plan import plan

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
