"""What a run got and gave, read from the rows of a platform in this process: for tests, which need no request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cyberflow.emulator.contract.clock import instant
from cyberflow.emulator.cyberun.timeline import next_change
from cyberflow.emulator.engine import inputs, schemas
from cyberflow.emulator.engine.substitution import PathOnScalar, lines_of, substitute
from cyberflow.emulator.store import runs
from cyberflow.emulator.store.runs import RunRow
from cyberflow.emulator.store.secret_store import SecretStore
from cyberflow.emulator.store.store import Document, Store
from cyberflow.schema.values import EMPTY


@dataclass(frozen=True)
class ObservedRun:
    """One run as it stands. `inputs` are what counted for it, its machine's included and without what is empty; they
    and the `prompt`, what the agent read, are None for a run that never started.
    """

    id: str
    status: str
    outputs: Any = None
    error: tuple[str, ...] = ()
    inputs: Mapping[str, Any] | None = None
    prompt: str | None = None
    started_at: str | None = None
    ended_at: str | None = None


def observe(store: Store, secret_store: SecretStore, id: str) -> ObservedRun:
    """Read one run. Raises KeyError when there is none."""
    run = runs.find(store, id)
    if run is None:
        raise KeyError(id)
    error = tuple(run.doc["error"] or ())
    seen = ObservedRun(id, run.status, run.doc["output_data"], error, started_at=run.started_at, ended_at=run.ended_at)
    if run.started_at is None:
        return seen
    workflow = store.find("workflow", run.workflow_id) or {}
    payload = _gather(store, secret_store, run)
    values = inputs.mark_blanks_empty(workflow.get("input_schema"), payload.inputs)
    prompt = _read_prompt(run.doc["main_prompt"] or workflow.get("main_prompt") or "", values, payload.secrets)
    got = {key: value for key, value in _own_inputs(workflow, payload.inputs).items() if value != EMPTY}
    return ObservedRun(id, run.status, run.doc["output_data"], error, got, prompt, run.started_at, run.ended_at)


def next_due(store: Store, now: datetime) -> datetime | None:
    """The next instant at which the clock changes something; None when nothing will."""
    (first,) = store.connection.execute("SELECT min(due_at) FROM runs WHERE due_at IS NOT NULL").fetchone()
    due = [max(instant(first), now)] if first is not None else []
    due += [at for task in store.every("task") if (at := next_change(task, now)) is not None]
    return min(due, default=None)


def _gather(store: Store, secret_store: SecretStore, run: RunRow) -> inputs.EffectiveInputs:
    machine = store.find("machine", run.machine_id) if run.machine_id else None
    own = inputs.SubmittedInputs(
        run.doc["input_values"] or {}, secret_store.values(run.id), list(run.doc["sensitive_input_aliases"] or ())
    )
    return inputs.gather(store, secret_store, own, machine, run.doc["pool_ids"] or ())


def _own_inputs(workflow: Document, values: Mapping[str, Any]) -> Mapping[str, Any]:
    """The inputs that the workflow declares; all of them where it says nothing."""
    schema = schemas.load(workflow.get("input_schema"))
    named = schema.get("properties") if isinstance(schema, Mapping) else None
    return values if named is None else {key: value for key, value in values.items() if key in named}


def _read_prompt(prompt: str, values: dict[str, Any], secrets: Any) -> str | None:
    """A prompt as the lines that the agent reads; None where a token cannot be filled, which ends the run."""
    try:
        return "\n".join(substitute(line, values, secrets) for line in lines_of(prompt))
    except PathOnScalar:
        return None
