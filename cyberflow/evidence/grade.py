"""Grading: how sure it is which content a run executed. Pure; what a statement holds is graded by it again.

A run executes what its workflow says while it runs, and bears no version. So the question is whether a write fell
between its creation and its end: the grades differ in who can say so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import pairwise

from cyberflow.client.cyberdesk.wire import is_live, parse_time
from cyberflow.evidence.facts import LATEST, SHORT, ContentState, Grading, RunEvidence
from cyberflow.run.readings.reading import WorkflowReading


def grade(evidence: RunEvidence) -> Grading:
    """Grade one run: the strongest that holds, but `changed` before anything that a write in the run would belie."""
    if (why := _ungraded(evidence)) is not None:
        return Grading("unknown", why)
    for attempt in (_proven, _bounded, _changed, _recorded):
        found = attempt(evidence)
        if found is not None:
            return found
    return Grading("unknown", _why_unknown(evidence))


def needs_versions(evidence: RunEvidence) -> bool:
    """Whether a grade would rest on the versions of the workflow."""
    return grade(evidence).grade not in ("proven", "bounded") and _ungraded(evidence) is None


def _ungraded(evidence: RunEvidence) -> str | None:
    """Why nothing can be said of a run, whatever is known of its workflow."""
    run = evidence.run
    if is_live(run.status):
        return "the run is not over"
    if parse_time(run.created_at) is None or parse_time(run.ended_at) is None:
        return "the service does not say when it ran" if run.started_at else "the run never started"
    if run.overrides:
        return f"the run had a {' and a '.join(run.overrides)} of its own, not the workflow's"
    return None


def _window(evidence: RunEvidence) -> tuple[datetime, datetime]:
    created, ended = parse_time(evidence.run.created_at), parse_time(evidence.run.ended_at)
    assert created is not None  # noqa: S101 - `_ungraded` was asked
    assert ended is not None  # noqa: S101 - as above
    return created, ended


def _proven(evidence: RunEvidence) -> Grading | None:
    readings, run = evidence.readings, evidence.run
    if len(readings) < 2 or evidence.times != (run.started_at, run.ended_at):  # noqa: PLR2004 - before and after
        return None
    created, _ = _window(evidence)
    if len({(one.hash, one.updated_at) for one in readings}) > 1 or not _is_before(readings[0].updated_at, created):
        return None
    if evidence.now is not None and _in_window(evidence, evidence.now.updated_at):
        return None
    first = readings[0]
    reason = "submitted by us; the content was the same before the submission and after the end"
    return Grading("proven", reason, first.hash, first.commit)


def _bounded(evidence: RunEvidence) -> Grading | None:
    created, _ = _window(evidence)
    for reading, when in _after(evidence):
        if _is_before(reading.updated_at, created):
            reason = f"the workflow was last written {_when(reading.updated_at)}, before the run was made; read {when}"
            return Grading("bounded", reason, reading.hash, reading.commit)
    return None


def _changed(evidence: RunEvidence) -> Grading | None:
    written = [one.updated_at for one, _ in _after(evidence)] + [one.since for one in evidence.states]
    inside = sorted({one for one in written if _in_window(evidence, one)}, key=lambda one: parse_time(one) or LATEST)
    if not inside:
        return None
    before, after = _hashes_around(evidence)
    reason = f"the workflow was written {', '.join(map(_when, inside))}, while the run was going"
    both = (
        "the same before and after" if before == after and before else f"{_name(before)} before, {_name(after)} after"
    )
    return Grading("changed", f"{reason}: {both}", hashes=(before, after))


def _recorded(evidence: RunEvidence) -> Grading | None:
    state = _state_in_force(evidence)
    if state is None or state.hash is None or not state.marked:
        return None
    reason = f"the versions of the workflow say that it was not written from {_when(state.since)} to the end of the run"
    return Grading("recorded", reason, state.hash, state.commit)


def _why_unknown(evidence: RunEvidence) -> str:
    if evidence.now is None:
        return "the workflow is gone"
    state = _state_in_force(evidence)
    if state is None:
        return "it was written after the run, and no version tells what it said before"
    if state.hash is None:
        return "it was written after the run, and the version before does not hold all of it"
    return "it was written after the run, and the version before bears no marker of ours"


def _after(evidence: RunEvidence) -> Iterator[tuple[WorkflowReading, str]]:
    """The readings that were taken after the end, in words when."""
    same_run = evidence.times == (evidence.run.started_at, evidence.run.ended_at)
    if evidence.readings and same_run:
        yield evidence.readings[-1], "after its end"
    if evidence.now is not None:
        yield evidence.now, "now"


def _state_in_force(evidence: RunEvidence) -> ContentState | None:
    """The version that stood from before the run was made until after its end."""
    created, ended = _window(evidence)
    for state, following in pairwise((*evidence.states, None)):
        if state is None or not _is_before(state.since, created):
            continue
        until = parse_time(following.since) if following is not None else None
        if until is None or until > ended:
            return state
    return None


def _hashes_around(evidence: RunEvidence) -> tuple[str | None, str | None]:
    """The content as the run was made, and as it was at its end, as far as anyone knows."""
    created, ended = _window(evidence)
    before = _last_hash(evidence, lambda moment: moment < created)
    after = _last_hash(evidence, lambda moment: moment <= ended)
    return before, after


def _last_hash(evidence: RunEvidence, wanted: Callable[[datetime], bool]) -> str | None:
    known = [(one.since, one.hash) for one in evidence.states]
    known += [(one.updated_at, one.hash) for one in (*evidence.readings, *([evidence.now] if evidence.now else []))]
    dated = [
        (moment, content) for text, content in known if (moment := parse_time(text)) is not None and wanted(moment)
    ]
    return max(dated, key=lambda one: (one[0], one[1] or ""))[1] if dated else None


def _is_before(text: str, moment: datetime) -> bool:
    read = parse_time(text)
    return read is not None and read < moment


def _in_window(evidence: RunEvidence, text: str) -> bool:
    created, ended = _window(evidence)
    read = parse_time(text)
    return read is not None and created <= read <= ended


def _when(text: str) -> str:
    moment = parse_time(text)
    return f"{moment:%Y-%m-%d %H:%M:%S}.{moment.microsecond // 1000:03} UTC" if moment else text


def _name(content: str | None) -> str:
    return content[:SHORT] if content else "nobody knows what"
