"""Ids and statuses as they are typed: what can be neither is refused before a target is asked."""

from __future__ import annotations

from cyberflow.errors import UsageError


def parse_id(value: str) -> str:
    """The type of an argument that is the id of a run, a session or a task."""
    from cyberflow.run.chain.journal import check_id

    return check_id(value, "a run or session")


def check_status(status: str | None, *, tasks: bool) -> None:
    """Raise UsageError for a status that no run, or no task, can have."""
    from cyberflow.client.cyberdesk.wire import FINAL, LIVE
    from cyberflow.client.cyberun.wire import KNOWN_STATUSES
    from cyberflow.diagnostics import did_you_mean

    known = KNOWN_STATUSES if tasks else FINAL | LIVE
    if status is not None and status not in known:
        raise UsageError(f"no {'task' if tasks else 'run'} has the status `{status}`", help=did_you_mean(status, known))
