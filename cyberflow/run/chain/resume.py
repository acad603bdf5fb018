"""Resuming a chain: the steps that are left, with the outputs and inputs of finished runs. Nothing is submitted."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from cyberflow.client.cyberdesk.wire import is_live
from cyberflow.client.http.errors import ApiError
from cyberflow.compiler.bundle import BundledChain
from cyberflow.compiler.refs import Ref, find_refs, is_ref, read_ref
from cyberflow.diagnostics import did_you_mean, join_names
from cyberflow.errors import UsageError
from cyberflow.language.prompt.strings import only_token, scan_string
from cyberflow.run.chain.events import StepRun
from cyberflow.run.work.ids import complete_id

if TYPE_CHECKING:
    from cyberflow.client.cyberdesk.client import Cyberdesk
    from cyberflow.client.cyberdesk.wire import RunRecord

FIELDS = ("session_id", "session_alias", "input_values", "output_data", "machine_id", "started_at", "ended_at", "error")
PAGE = 1000


@dataclass(frozen=True)
class Resumption:
    """What is left of a chain. `chain` begins at the step that was named and requires what its steps use; `inputs` are
    those the former runs had; `done` are the steps that are not run again.
    """

    chain: BundledChain
    inputs: Mapping[str, Any]
    finished_steps: tuple[StepRun, ...]

    @property
    def finished_outputs(self) -> dict[str, Any]:
        return {step.id: step.outputs for step in self.finished_steps}


async def resume(desk: Cyberdesk, chain: BundledChain, first: str, runs: Sequence[str]) -> Resumption:
    """Read back the runs of the sessions that `runs` belong to (or name), the later winning over the earlier.

    Raises UsageError when a step is unknown, still runs, or is needed and has not finished there.
    """
    steps = chain.request["steps"]
    names = [step["session_alias"] for step in steps]
    if first not in names:
        raise UsageError(f"`{chain.name}` has no step `{first}`", help=did_you_mean(first, names))
    found: dict[str, RunRecord] = {}
    for id in runs:
        found |= {run.session_alias or "": run for run in reversed(await _session_runs(desk, id))}
    found = {name: found[name] for name in names if name in found}
    if not found:
        raise UsageError(f"{', '.join(runs)} ran no step of `{chain.name}`", help=f"its steps are {join_names(names)}")
    if live := [name for name, run in found.items() if is_live(run.status)]:
        raise UsageError(f"{join_names(live)} still runs there", help="wait for its end, or cancel it first")
    left = steps[names.index(first) :]
    done = tuple(_restore_step(step, found) for step in steps[: names.index(first)] if _has_succeeded(step, found))
    _refuse_missing(left, [*chain.session, *(step.id for step in done)])
    request = {**chain.request, "steps": left}
    used = json.dumps([left, chain.outputs, request.get("shared_file_inputs")])
    rest = replace(
        chain,
        request=request,
        inputs=_narrow_declarations(chain.inputs, used, "<"),
        secrets=_narrow_declarations(chain.secrets, used, "<$"),
    )
    return Resumption(
        rest, {name: value for name, value in _recover_inputs(steps, found) if name in chain.inputs}, done
    )


async def _session_runs(desk: Cyberdesk, id: str) -> list[RunRecord]:
    """The runs of a session, newest first, by its id or by that of one of its runs."""
    id = await complete_id(desk, id)
    try:
        page = await desk.runs.page(session_id=id, fields=FIELDS, sort_mode="created_at_desc", limit=PAGE)
        if page.items:
            return list(page.items)
        run = await desk.runs.get(id)
    except ApiError as error:
        if error.names_nothing:
            raise UsageError(f"there is no run `{id}`", help="`cyberflow runs list` shows them") from None
        raise
    if run.session_id is None or run.session_id == id:
        return [run]
    return await _session_runs(desk, run.session_id)


def _has_succeeded(step: Mapping[str, Any], found: Mapping[str, RunRecord]) -> bool:
    run = found.get(step["session_alias"])
    return run is not None and run.status == "success"


def _restore_step(step: Mapping[str, Any], found: Mapping[str, RunRecord]) -> StepRun:
    run = found[step["session_alias"]]
    times = (run.machine_id, run.started_at, run.ended_at)
    return StepRun(step["session_alias"], step["workflow_id"], run.id, run.status, run.output_data, (), *times)


def _refuse_missing(left: Iterable[Mapping[str, Any]], there: Iterable[str]) -> None:
    """Raise UsageError when a step that is left refers to one that neither has finished nor will run."""
    known = {*there}
    for step in left:
        for _, value in find_refs(step.get("inputs")):
            ref = read_ref(value)
            if isinstance(ref, Ref) and ref.alias not in known:
                help = f"begin from `{ref.alias}`, or name the run in which it succeeded with one more --with"
                raise UsageError(f"step `{step['session_alias']}` needs `{ref}`, which no run given has", help=help)
        known.add(step["session_alias"])


def _recover_inputs(steps: Iterable[Mapping[str, Any]], found: Mapping[str, RunRecord]) -> Iterable[tuple[str, Any]]:
    """The chain's inputs as its runs hold them, where a step has one whole as an input of its own."""
    for step in steps:
        run = found.get(step["session_alias"])
        values = (run.input_values if run else None) or {}
        for name, written in (step.get("inputs") or {}).items():
            token = only_token(scan_string(written)) if isinstance(written, str) else None
            if token and not token.path.keys and token.kind == "input" and name in values and not is_ref(values[name]):
                yield token.path.root, values[name]


def _narrow_declarations(declared: Mapping[str, Any], used: str, opening: str) -> dict[str, Any]:
    """The declarations, each required only where a token names it."""
    return {
        name: {**one, "required": one["required"] and bool(re.search(rf"{re.escape(opening + name)}[>.\[]", used))}
        for name, one in declared.items()
    }
