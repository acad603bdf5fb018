"""What a pipeline does next, as a pure reducer: `advance(state, now)` gives commands and changes nothing. The same
entries at the same time ask for the same; whoever is killed reads the ledger, and goes on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from cyberflow.run.inputs.durations import parse_duration
from cyberflow.run.inputs.inputs import read_inputs
from cyberflow.run.pipeline.changes import reopen_inside
from cyberflow.run.pipeline.commands import CallFunction, PipelineCommand, SubmitJob, WriteEntry
from cyberflow.run.pipeline.state import KINDS, Item, PipelineState, Scope, StepProgress
from cyberflow.run.pipeline.values import reads_item
from cyberflow.run.pipeline.waits import end_wait, open_wait
from cyberflow.run.work.entry import LedgerEntry
from cyberflow.run.work.policy import RetryPolicy, next_action, next_attempt

UNFORGIVEN = ("unknown", "cancelled")
"""What `on_failure: continue` does not forgive: somebody has to look, or did something."""
ONCE_MORE = RetryPolicy(failed=True, unknown=True)
"""Of what is over, only that comes here which is run once more."""


def advance(state: PipelineState, invocation: str, now: float) -> Iterator[PipelineCommand]:
    """What is to be done now. Whoever does it tells the state with `apply`, and asks again."""
    for scope in state.scopes_to_look_at():
        for progress in scope.steps.values():
            if progress.expanded:
                yield from _advance_step(state, progress, invocation, now)
        entry = state.entries.get(scope.prefix.removesuffix("/")) if scope.prefix else None
        if entry is not None and entry.stage == "accepted" and scope.is_over:
            yield WriteEntry(_end_scope(state, scope, entry, now))


def next_due(state: PipelineState) -> float | None:
    """When something is to be done that only time brings about, None when there is nothing such."""
    moments = [
        moment
        for scope in state.scopes.values()
        for progress in scope.timed
        for id in progress.live
        if (moment := _due(progress, state.entries[id])) is not None
    ]
    return min(moments, default=None)


def waiting_entries(state: PipelineState) -> list[LedgerEntry]:
    """The waits that are open."""
    waits = (one for scope in state.scopes.values() for one in scope.timed if one.step.wait is not None)
    return [state.entries[id] for one in waits for id in one.live]


def pending_retries(state: PipelineState) -> list[tuple[LedgerEntry, float]]:
    """What failed and is tried again, each with when."""
    timed = ((one, state.entries[id]) for scope in state.scopes.values() for one in scope.timed for id in one.live)
    found = ((entry, _due(progress, entry)) for progress, entry in timed if entry.is_over)
    return [(entry, due) for entry, due in found if due is not None]


def scope_status(state: PipelineState, scope: Scope) -> str:
    """The first status of a step that failed and was not forgiven, or `success`."""
    for progress in scope.steps.values():
        if progress.problem is not None:
            return "error"
        if progress.failures:
            entries = (state.entries[id] for id in progress.items if id in state.entries)
            failed = [entry.display_status for entry in entries if entry.is_over and not entry.has_succeeded]
            return next((status for status in failed if status in UNFORGIVEN), failed[0])
    return "success"


def _due(progress: StepProgress, entry: LedgerEntry) -> float | None:
    if entry.kind == "wait":
        return entry.facts.get("due")
    if entry.is_over and progress.step.retry is not None:
        ended = entry.facts.get("ended_at", 0.0)
        return float(ended + (parse_duration(progress.step.retry.after) or 0.0))
    return None


def _advance_step(
    state: PipelineState, progress: StepProgress, invocation: str, now: float
) -> Iterator[PipelineCommand]:
    yield from _note_step(state, progress)
    if progress.is_over:
        return
    for item in list(progress.live.values()) if progress.is_timed else ():
        entry = state.entries[item.id]
        if entry.kind == "wait" and entry.stage == "accepted":
            if (ended := end_wait(entry, state.answers.get(entry.id), now)) is not None:
                yield WriteEntry(ended)
        elif entry.is_over and (due := _due(progress, entry)) is not None and now >= due:
            yield from (WriteEntry(one) for one in reopen_inside(state.entries, entry))
            yield _begin(state, progress, item, invocation, now)
    room = max(0, (progress.step.each.parallel if progress.step.each else 1) - len(progress.live))
    ready = iter(progress.todo.values())
    if progress.is_stopped:
        ready = (item for item in progress.todo.values() if _is_under_way(state, item))
    for item in list(islice(ready, room)):
        yield _begin(state, progress, item, invocation, now)


def _is_under_way(state: PipelineState, item: Item) -> bool:
    entry = state.entries.get(item.id)
    return entry is not None and entry.stage in ("sending", "accepted")


def _note_step(state: PipelineState, progress: StepProgress) -> Iterator[PipelineCommand]:
    """What is written of a step as a whole: that it was left out, that it cannot run, how many items it has."""
    path, kind = progress.path, KINDS[progress.step.kind]
    known = state.entries.get(path)
    if progress.left_out:
        if known is None or known.status != "skipped":
            yield WriteEntry(LedgerEntry(path, path, kind=kind, stage="ended", status="skipped"))
    elif progress.problem is not None:
        if known is None or known.error != progress.problem:
            error = progress.problem
            yield WriteEntry(LedgerEntry(path, path, kind="each", stage="ended", status="error", error=error))
    elif progress.step.each is not None and _is_each_stale(progress, known):
        facts = {"total": progress.total}
        yield WriteEntry(LedgerEntry(path, path, kind="each", stage="accepted", facts=facts))
    elif progress.step.each is not None and progress.is_over and known is not None and known.stage == "accepted":
        status = "error" if progress.has_failed else "success"
        yield WriteEntry(replace(known, stage="ended", status=status))


def _is_each_stale(progress: StepProgress, known: LedgerEntry | None) -> bool:
    """Whether what is written of a list is not so any more: it has other items, or goes on after its end."""
    if known is None or known.facts.get("total") != progress.total:
        return True
    return known.stage == "ended" and not progress.is_over


def _begin(state: PipelineState, progress: StepProgress, item: Item, invocation: str, now: float) -> PipelineCommand:
    """Begin an item, or go on with one that was begun before."""
    step, kind = progress.step, KINDS[progress.step.kind]
    known = state.entries.get(item.id) or LedgerEntry(item.id, progress.path, item.number, kind)
    if reads_item(step) and not state.meets_condition(progress, item.inputs):
        return WriteEntry(replace(known, stage="ended", status="skipped"))
    filler = state.filler(progress.scope, item.inputs)
    if step.wait is not None:
        return WriteEntry(open_wait(known, step.wait, filler, now))
    inputs = filler.values(step.inputs, "input")
    if filler.problems:
        return WriteEntry(replace(known, stage="refused", error="\n".join(filler.problems)))
    entry = replace(known, inputs=inputs)
    if step.kind == "pipeline":
        return WriteEntry(_open_scope(state, step.run or "", entry, now))
    if step.call is not None:
        begun = known if known.stage == "sending" else next_attempt(entry, invocation, now)
        return CallFunction(begun, step, begun.inputs)
    policy = replace(ONCE_MORE, same=known.inputs == inputs)
    action = next_action(known, policy, now)
    if action in ("repeat", "follow"):
        return SubmitJob(known, step, progress.scope, known.inputs, action)
    return SubmitJob(entry, step, progress.scope, inputs, action)


def _open_scope(state: PipelineState, name: str, entry: LedgerEntry, now: float) -> LedgerEntry:
    pipeline = state.bundle.pipeline(name)
    if pipeline is None:
        return replace(entry, stage="refused", error=f"the bundle has no pipeline `{name}`")
    found = read_inputs(pipeline, (), entry.inputs)
    if found.problems:
        error = "\n".join(problem.text for problem in found.problems)
        return replace(entry, stage="refused", error=error)
    return replace(entry, stage="accepted", attempt=entry.attempt + 1, sent_at=now, inputs=dict(found.values))


def _end_scope(state: PipelineState, scope: Scope, entry: LedgerEntry, now: float) -> LedgerEntry:
    status = scope_status(state, scope)
    outputs = state.filler(scope).values(scope.pipeline.outputs, "output") if status == "success" else None
    why = next((f"`{one.step.id}`: {one.problem}" for one in scope.steps.values() if one.problem is not None), None)
    facts = {**entry.facts, "ended_at": now}
    return replace(entry, stage="ended", status=status, outputs=outputs, error=why, facts=facts)
