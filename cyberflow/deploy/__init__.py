"""Bundle and snapshot to plan, plan to outcomes. It decides what to write and writes it; nothing is printed here."""

from __future__ import annotations

from cyberflow.deploy.adopt import adopt
from cyberflow.deploy.apply import apply
from cyberflow.deploy.change import (
    Breaking,
    Change,
    FieldChange,
    Kept,
    Outcome,
    Plan,
    PlanRefused,
    Problem,
    Prune,
    Status,
)
from cyberflow.deploy.declare import Language
from cyberflow.deploy.diff import field_diff
from cyberflow.deploy.plan import plan
from cyberflow.deploy.prepare import prepare, until_idle
from cyberflow.deploy.pull import Chosen, Pulled, choose, image_files, pull
from cyberflow.deploy.saved import Saved, load_plan, save

__all__ = [
    "Breaking",
    "Change",
    "Chosen",
    "FieldChange",
    "Kept",
    "Language",
    "Outcome",
    "Plan",
    "PlanRefused",
    "Problem",
    "Prune",
    "Pulled",
    "Saved",
    "Status",
    "adopt",
    "apply",
    "choose",
    "field_diff",
    "image_files",
    "load_plan",
    "plan",
    "prepare",
    "pull",
    "save",
    "until_idle",
]
