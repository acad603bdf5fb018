"""POST /v1/runs/chain: steps that run in order in one session, with refs from later ones to earlier ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from cyberflow.emulator.contract.errors import violation
from cyberflow.emulator.contract.run_bodies import ChainCreate
from cyberflow.emulator.cyberdesk.resource import WORKFLOWS
from cyberflow.emulator.cyberdesk.runs import create_runs
from cyberflow.emulator.engine import refs, schemas
from cyberflow.emulator.engine.substitution import input_roots
from cyberflow.emulator.http.dispatch import ApiCall
from cyberflow.emulator.store.store import Document, new_id


def create(call: ApiCall) -> Document:
    body: ChainCreate = call.body
    place = create_runs.resolve_placement(call, body.machine_id, body.pool_ids, body.session_id)
    session_id = place.session_id or new_id()
    create_runs.raise_violations(_ref_violations(body))
    requests = [_new_run(call, body, place, index) for index in range(len(body.steps))]
    create_runs.raise_violations([found for request in requests for found in create_runs.validate(call, request)])
    joined = [replace(request, placement=replace(place, session_id=session_id)) for request in requests]
    made = [create_runs.submit(call, request) for request in joined]
    create_runs.attach_files(call, made[0], body.shared_file_inputs, "shared_file_inputs")
    return {"session_id": session_id, "run_ids": [run.id for run in made]}


def _new_run(call: ApiCall, body: ChainCreate, place: create_runs.MachinePlacement, index: int) -> create_runs.NewRun:
    step = body.steps[index]
    workflow = WORKFLOWS.require(call, step.workflow_id)
    declared = _input_names(workflow)
    shared = {key: value for key, value in (body.shared_inputs or {}).items() if key in declared}
    own = {**shared, **(step.inputs or {})}
    secrets = {**(body.shared_sensitive_inputs or {}), **(step.sensitive_inputs or {})}
    is_last = index == len(body.steps) - 1
    return create_runs.NewRun(
        workflow,
        place,
        own if own or step.inputs is not None else None,
        secrets or None,
        loc=("body", "steps", index),
        field_names=("inputs", "sensitive_inputs"),
        alias=step.session_alias,
        is_priority=body.is_priority,
        release=is_last and not body.keep_session_after_completion,
    )


def _input_names(workflow: Document) -> frozenset[str]:
    """What a workflow declares: the inputs of its prompt and the properties of its schema."""
    schema = schemas.load(workflow["input_schema"])
    properties = schema.get("properties") if isinstance(schema, Mapping) else None
    return input_roots(str(workflow["main_prompt"])) | frozenset(map(str, properties or ()))


def _ref_violations(body: ChainCreate) -> list[dict[str, Any]]:
    """Refs that can never be read: malformed, or to an alias that no earlier step has. An alias of a session that is
    joined may have been set by an earlier submission.
    """
    found: list[dict[str, Any]] = []
    earlier: set[str] = set()
    every = {step.session_alias for step in body.steps}
    joins = body.session_id is not None
    for index, step in enumerate(body.steps):
        for at, ref in refs.refs_in(step.inputs or {}):
            alias = refs.alias_of(ref)
            loc = ["body", "steps", index, "inputs", *at]
            if alias is None:
                found.append(violation(loc, "A $ref must read alias.outputs.path", "ref_malformed"))
            elif alias not in earlier and (not joins or alias in every):
                message = "A $ref must name the session_alias of an earlier step"
                found.append(violation(loc, message, "ref_unknown_alias"))
        if step.session_alias is not None:
            earlier.add(step.session_alias)
    return found
