"""The colours and the width of statuses, for every view that shows some."""

from __future__ import annotations

COLOURS = {
    "success": "green",
    "completed": "green",
    "running": "cyan",
    "cancelled": "yellow",
    **dict.fromkeys(("error", "task_failed", "failed"), "red"),
}
STATUS = 14
"""How wide a column of statuses is: `running_checks` fits."""


def colour_of(status: str) -> str:
    return COLOURS.get(status, "yellow")
