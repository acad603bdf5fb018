"""POST /v1/runs/{id}/retry: the same run again. What the former attempt made is gone; secrets have to be sent anew."""

from __future__ import annotations

from cyberflow.emulator.contract.errors import HttpError
from cyberflow.emulator.contract.run_bodies import RunRetry
from cyberflow.emulator.cyberdesk.resource import WORKFLOWS
from cyberflow.emulator.cyberdesk.runs import create_runs, scripts
from cyberflow.emulator.cyberdesk.runs.runs import find, show
from cyberflow.emulator.engine import checks
from cyberflow.emulator.engine.inputs import has_value
from cyberflow.emulator.http.dispatch import ApiCall
from cyberflow.emulator.store import runs
from cyberflow.emulator.store.runs import RunRow
from cyberflow.emulator.store.secret_store import secret_aliases
from cyberflow.emulator.store.store import Document, new_id


def retry(call: ApiCall) -> Document:
    body: RunRetry = call.body or RunRetry()
    run = find(call, call.path_id("run_id"))
    if run.is_live:
        raise HttpError(400, f"A run in status {run.status} cannot be retried")
    workflow = WORKFLOWS.require(call, run.workflow_id)
    _set_placement(call, run, body)
    _clear(call, run, workflow)
    secrets = {key: value for key, value in (body.sensitive_input_values or {}).items() if has_value(value)}
    if body.input_values is not None:
        run.doc["input_values"] = body.input_values
    run.doc["sensitive_input_aliases"] = secret_aliases(run.id, secrets)
    for name in ("session_alias", "is_priority"):
        if getattr(body, name) is not None:
            setattr(run, name, getattr(body, name))
    if body.release_session_after is not None:
        run.doc["release_session_after"] = body.release_session_after
    create_runs.raise_violations(create_runs.validate(call, _new_run(run, workflow, secrets)))
    if (script := scripts.script_for(call)) is not None:
        run.plan["script"] = scripts.step_for_run(script, run.session_alias, workflow)
    runs.save(call.store, run)
    if body.file_inputs is not None:
        _remove_attachments(call, run, "input")
        create_runs.attach_files(call, run, body.file_inputs, "file_inputs")
    call.pending_secrets[run.id] = secrets
    return show(call, run)


def _set_placement(call: ApiCall, run: RunRow, body: RunRetry) -> None:
    """Where it goes now. Its session is kept unless told otherwise; a released one reserves a machine anew.

    A machine or pool that is gone since is no longer asked for.
    """
    create_runs.check_session_choice(body)
    if run.wanted_machine and call.store.find("machine", run.wanted_machine) is None:
        run.wanted_machine = None
    run.doc["pool_ids"] = [id for id in run.doc["pool_ids"] or () if call.store.find("pool", id)] or None
    if body.machine_id is not None or body.pool_ids is not None:
        place = create_runs.resolve_placement(call, body.machine_id, body.pool_ids, None)
        run.wanted_machine = place.machine_id
        if body.pool_ids is not None:
            run.doc["pool_ids"] = list(place.pool_ids) or None
    if body.session_id is not None:
        run.session_id = str(body.session_id)
    elif body.start_session:
        run.session_id = new_id()
    elif body.reuse_session is False:
        run.session_id = run.session_alias = run.doc["release_session_after"] = None


def _clear(call: ApiCall, run: RunRow, workflow: Document) -> None:
    _remove_attachments(call, run, "output")
    run.status, run.queue, run.machine_id = "scheduling", runs.next_queue(call.store), None
    run.started_at = run.ended_at = run.due_at = None
    for name in ("error", "output_data", "output_attachment_ids", "run_message_history", "usage_metadata"):
        run.doc[name] = None
    run.doc["post_run_checks"] = checks.snapshots(workflow["post_run_checks"])
    run.plan = {"attempt": run.plan["attempt"] + 1, "script": run.plan["script"]}


def _remove_attachments(call: ApiCall, run: RunRow, kind: str) -> None:
    for attachment in call.store.children("attachment", run.id):
        if attachment["attachment_type"] == kind:
            call.store.remove("attachment", attachment["id"])


def _new_run(run: RunRow, workflow: Document, secrets: Document) -> create_runs.NewRun:
    place = create_runs.MachinePlacement(run.wanted_machine, tuple(run.doc["pool_ids"] or ()), run.session_id)
    return create_runs.NewRun(workflow, place, run.doc["input_values"], secrets)
