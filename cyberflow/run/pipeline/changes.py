"""What differs between a ledger and what is declared and given now, and what runs once more. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, replace
from typing import Any

from cyberflow.compiler.bundle import GIVEN_FILE, Bundle
from cyberflow.compiler.flow_tests.step_names import parse_step_name
from cyberflow.compiler.pipeline.form import BundledPipeline, BundledStep
from cyberflow.diagnostics import did_you_mean
from cyberflow.errors import UsageError
from cyberflow.run.pipeline.state import PipelineState
from cyberflow.run.work.entry import LedgerEntry

NO_PART = ("parallel", "retry", "on_failure", "needs", "timeout")
"""What of a step says how it is run, and changes nothing of what it did."""


def files_to_give(pipeline: BundledPipeline) -> list[dict[str, str]]:
    """The files that are given at run time, as arguments are read."""
    values = (value for step in pipeline.steps for value in step.files.values())
    return [{"content": value} for value in values if isinstance(value, str) and value.startswith(GIVEN_FILE)]


def top_step(entry: LedgerEntry) -> str:
    """The step of the pipeline that was started which an entry belongs to, however deep it lies."""
    return entry.step.partition("[")[0].partition("/")[0]


def all_steps(bundle: Bundle, pipeline: BundledPipeline) -> Iterator[BundledStep]:
    """The steps of a pipeline and of all that it runs."""
    seen: set[str] = set()
    todo = [pipeline]
    while todo:
        one = todo.pop()
        if one.name in seen:
            continue
        seen.add(one.name)
        yield from one.steps
        inner = (bundle.pipeline(step.run or "") for step in one.steps if step.kind == "pipeline")
        todo += [found for found in inner if found is not None]


def find_step(bundle: Bundle, pipeline: BundledPipeline, id: str) -> BundledStep | None:
    """The step that an entry is of, however deep it lies."""
    found: BundledStep | None = None
    inside: BundledPipeline | None = pipeline
    for name, _ in parse_step_name(id):
        found = inside.step(name) if inside is not None else None
        inside = bundle.pipeline(found.run or "") if found is not None and found.kind == "pipeline" else None
    return found


def describe_steps(bundle: Bundle, pipeline: BundledPipeline) -> dict[str, Any]:
    """Each step with what it runs, by id; inner pipelines by their name. What only a reader sees is left out."""
    described: dict[str, Any] = {}
    for step in pipeline.steps:
        runs = _describe_declaration(bundle, step)
        own = {key: value for key, value in asdict(step).items() if key not in NO_PART}
        own["each"] = own["each"] and {key: value for key, value in own["each"].items() if key not in NO_PART}
        described[step.id] = {**own, "runs": runs}
    return json.loads(json.dumps(described, default=str))  # type: ignore[no-any-return]


def fingerprint(description: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(description, sort_keys=True).encode()).hexdigest()


def _describe_declaration(bundle: Bundle, step: BundledStep) -> Any:
    name = step.run or ""
    if step.kind == "pipeline":
        inner = bundle.pipeline(name)
        return describe_steps(bundle, inner) if inner else None
    if step.kind == "chain" and (chain := bundle.chain(name)) is not None:
        used = {one["workflow_id"] for one in chain.request["steps"]}
        workflows = [[one.name, one.inputs, sorted(one.secrets)] for one in bundle.workflows if one.name in used]
        return {"request": chain.request, "outputs": chain.outputs, "inputs": chain.inputs, "workflows": workflows}
    if step.kind == "workflow" and (workflow := bundle.workflow(name)) is not None:
        return {"inputs": workflow.inputs, "secrets": workflow.secrets, "files": workflow.files}
    if step.kind == "task" and (task := bundle.task(name)) is not None:
        return {key: value for key, value in asdict(task).items() if key not in NO_PART}
    return None


def first_difference(
    state: PipelineState, before: Mapping[str, Any], now: Mapping[str, Any], reopen: Collection[str]
) -> str | None:
    """What differs first for a step of which something is done, in the order of steps; None when nothing does. It names
    the path and no value.
    """
    done = [entry for entry in state.entries.values() if entry.stage in ("accepted", "ended") and not entry.has_failed]
    touched = {top_step(entry) for entry in done if entry.id not in reopen}
    for id, step in now.items():
        if id not in touched:
            continue
        if id in before and (path := first_path(before[id], step)) is not None:
            return f"`{id}`: `{path or 'step'}` is not what it was"
        for entry in done:
            if entry.step == id and entry.id not in reopen and (text := _input_difference(state, entry)) is not None:
                return text
    return None


def _input_difference(state: PipelineState, entry: LedgerEntry) -> str | None:
    progress = state.find(entry)
    if progress is not None and progress.expanded and entry.inputs is not None and entry.id not in progress.items:
        return f"`{entry.id}`: there is no such item any more"
    filled = _inputs_now(state, entry)
    path = None if filled is None else first_path(entry.facts.get("kept", entry.inputs), filled)
    return None if path is None else f"`{entry.id}`: `inputs.{path}` is not what it was"


def _inputs_now(state: PipelineState, entry: LedgerEntry) -> dict[str, Any] | None:
    """What an entry would be sent now; None for one that is not sent."""
    progress = state.find(entry)
    item = progress.items.get(entry.id) if progress else None
    if progress is None or item is None or entry.inputs is None or progress.step.kind == "pipeline":
        return None
    return state.filler(progress.scope, item.inputs).values(progress.step.inputs, "input")


def keep_results(state: PipelineState) -> list[LedgerEntry]:
    """The entries whose results are taken though they would be sent otherwise now: that is written down, and counts as
    what they were sent from then on.
    """
    kept = []
    for entry in state.entries.values():
        if entry.stage in ("accepted", "ended") and not entry.has_failed:
            filled = _inputs_now(state, entry)
            if filled is not None and first_path(entry.facts.get("kept", entry.inputs), filled) is not None:
                kept.append(replace(entry, facts={**entry.facts, "kept": filled}))
    return kept


def first_path(before: Any, now: Any) -> str | None:
    """The path of the first place in which two JSON values differ, None where they are the same."""
    if isinstance(before, dict) and isinstance(now, dict):
        for key in [*now, *(key for key in before if key not in now)]:
            if key not in before or key not in now:
                return str(key)
            if (below := first_path(before[key], now[key])) is not None:
                return f"{key}{'' if not below or below.startswith('[') else '.'}{below}"
        return None
    if isinstance(before, list) and isinstance(now, list):
        for index, (one, other) in enumerate(zip(before, now, strict=False)):
            if (below := first_path(one, other)) is not None:
                return f"[{index}]{'' if not below or below.startswith('[') else '.'}{below}"
        return None if len(before) == len(now) else f"[{min(len(before), len(now))}]"
    same = before == now and isinstance(before, bool) == isinstance(now, bool)
    return None if same else ""


def steps_to_rerun(pipeline: BundledPipeline, names: Collection[str]) -> list[str]:
    """The steps that are named and those that need them. Raises UsageError for one that there is not."""
    known = [step.id for step in pipeline.steps]
    for name in names:
        if name not in known:
            raise UsageError(f"`{pipeline.name}` has no step `{name}`", help=did_you_mean(name, known))
    again = set(names)
    for step in pipeline.steps:
        if again.intersection(step.needs):
            again.add(step.id)
    return [id for id in known if id in again]


def forget(entries: Mapping[str, LedgerEntry], steps: Collection[str]) -> tuple[list[LedgerEntry], list[str]]:
    """The entries of steps as if nothing was done yet: those that were sent keep the number of their attempt, so that
    no key is used twice; the others go. Raises UsageError while one is under way.
    """
    kept, gone = [], []
    for entry in entries.values():
        if top_step(entry) not in steps:
            continue
        if entry.stage in ("sending", "accepted") and entry.kind in ("chain", "run", "task"):
            raise UsageError(f"`{entry.id}` is under way", help="go on without --rerun, and rerun it when it is over")
        if entry.attempt and entry.kind in ("chain", "run", "task", "call"):
            kept.append(_blank(entry))
        else:
            gone.append(entry.id)
    return kept, gone


def _blank(entry: LedgerEntry) -> LedgerEntry:
    return LedgerEntry(entry.id, entry.step, entry.number, entry.kind, attempt=entry.attempt)


def reopen_inside(entries: Mapping[str, LedgerEntry], entry: LedgerEntry) -> list[LedgerEntry]:
    """What a retry of a pipeline that a step runs does once more: what failed in it. What went well in it stands."""
    if entry.kind != "pipeline":
        return []
    inside = {id: one for id, one in entries.items() if id.startswith(f"{entry.id}/")}
    inner, again = reopen(inside, failed=True, unknown=False)
    return [*inner, *(_blank(inside[id]) for id in again)]


def reopen(entries: Mapping[str, LedgerEntry], *, failed: bool, unknown: bool) -> tuple[list[LedgerEntry], set[str]]:
    """The pipelines inside that go on once more, and the ids of entries that run once more."""
    again = {
        entry.id
        for entry in entries.values()
        if entry.kind in ("chain", "run", "task", "call", "wait")
        and ((failed and entry.has_failed) or (unknown and entry.stage == "unknown"))
    }
    inner = [
        replace(entry, stage="accepted", status=None, outputs=None, error=None)
        for entry in entries.values()
        if entry.kind == "pipeline" and entry.is_over and any(id.startswith(f"{entry.id}/") for id in again)
    ]
    return inner, again
