"""The simulated agent: what one run does on its machine, from its stored script, its inputs and its workflow alone."""

from __future__ import annotations

import html
import re
from datetime import datetime
from typing import Any

from cyberflow.emulator.engine import file_checks, inputs, refs, schemas, trajectory
from cyberflow.emulator.engine.file_checks import CheckEvidence
from cyberflow.emulator.engine.substitution import PathOnScalar, lines_of, substitute
from cyberflow.emulator.files import attachment_files
from cyberflow.emulator.store import runs
from cyberflow.emulator.store.runs import RunRow
from cyberflow.emulator.store.secret_store import SecretStore
from cyberflow.emulator.store.store import Document, Store
from cyberflow.schema.samples.examples import example
from cyberflow.schema.values import EMPTY

DEFAULT_SECONDS = 1.0
NO_OUTPUTS = "no output was found that fits the output_schema; script one for this step"
MAX_LINES = 40
_EMPTY_LOOP = re.compile(rf"\bstart_loop\b[^\"'`]*[\"'`]?\s*(?:\[\s*\]|0|{EMPTY})\s*(?:[\"'`.,;)]|$)")
MAX_LINE_LENGTH = 400


def begin(store: Store, secret_store: SecretStore, run: RunRow, machine: Document) -> list[str]:
    """Take up a run: refs become values, inputs are validated strictly, the prompt gets its values. What the run will
    need later is put into its plan, so that no later edit of the workflow reaches it. Answers what stops it.
    """
    workflow = store.find("workflow", run.workflow_id) or {}
    resolved = refs.resolve(run.doc["input_values"] or {}, lambda alias: runs.outputs_of(store, run, alias))
    run.doc["input_values"] = resolved if run.doc["input_values"] is not None else None
    given = inputs.SubmittedInputs(
        resolved, secret_store.values(run.id), list(run.doc["sensitive_input_aliases"] or ())
    )
    payload = inputs.gather(store, secret_store, given, machine, run.doc["pool_ids"] or ())
    script = run.plan["script"]
    run.plan |= {
        "workflow_name": workflow["name"] or "Untitled workflow",
        "machine_name": machine["name"] or machine["id"],
        "output_schema": workflow["output_schema"],
        "exports": workflow["includes_file_exports"],
        "cleanup_prompt": workflow["post_run_check_failure_cleanup_prompt"],
        "seconds": DEFAULT_SECONDS if script.get("seconds") is None else script["seconds"],
        "lines": [],
    }
    against = inputs.violations(workflow["input_schema"], payload)
    if against:
        return [f"Input validation failed: {flaw}" for flaw in against]
    values = inputs.mark_blanks_empty(workflow["input_schema"], payload.inputs)
    try:
        run.plan["lines"] = render_prompt_lines(
            run.doc["main_prompt"] or workflow["main_prompt"], values, payload.secrets
        )
    except PathOnScalar as mismatch:
        return [str(mismatch)]
    return []


def render_prompt_lines(prompt: str, values: dict[str, Any], secrets: Any) -> list[str]:
    """The first lines of a prompt with its values. All of it is walked, since any token may fail the run."""
    lines = skip_empty_loops([substitute(line, values, secrets) for line in lines_of(prompt)])
    return [line[:MAX_LINE_LENGTH] for line in lines[:MAX_LINES]]


def skip_empty_loops(lines: list[str]) -> list[str]:
    """The lines without what a loop over nothing does: `start_loop` over an empty list skips it, its end included."""
    kept: list[str] = []
    index = 0
    while index < len(lines):
        kept.append(lines[index])
        end = _loop_end(lines, index) if _EMPTY_LOOP.search(lines[index]) else None
        index = index + 1 if end is None else end + 1
    return kept


def _loop_end(lines: list[str], start: int) -> int | None:
    """The line that ends the loop begun at a line; None when nothing does."""
    depth = 0
    for index, line in enumerate(lines[start:], start):
        depth += len(re.findall(r"\bstart_loop\b", line)) - len(re.findall(r"\bend_loop_iteration\b", line))
        if depth <= 0:
            return index
    return None


def finish(store: Store, run: RunRow, at: datetime) -> str:
    """The end of the main execution: outputs, files, errors. Answers the status it ended in, before any checks."""
    script = run.plan["script"]
    status = script.get("status") or ("error" if script.get("error") else "success")
    errors = script.get("error")
    outputs = _outputs(run) if status == "success" or script.get("outputs") is not None else (run.doc["output_data"],)
    if outputs is None:
        status, errors, outputs = "error", NO_OUTPUTS, (None,)
    run.doc["error"] = [errors] if isinstance(errors, str) else errors
    run.doc["usage_metadata"] = _usage(store, run, status)
    run.doc["output_data"] = outputs[0]
    if status == "success":
        run.doc["output_attachment_ids"] = _export(store, run, at)
        trajectory.record(store, run, at)
    elif run.doc["error"] is None:
        run.doc["error"] = [_default_error(status)]
    return str(status)


def evidence(store: Store, run: RunRow) -> CheckEvidence:
    """What its post-run checks have to look at."""
    exported = [file for file in store.children("attachment", run.id) if file["attachment_type"] == "output"]
    names = [file["filename"] for file in exported]
    scripted = run.plan["script"].get("attachments") is not None
    return CheckEvidence(run.doc["input_values"] or {}, run.doc["output_data"], names, scripted=scripted)


def _usage(store: Store, run: RunRow, status: str) -> dict[str, Any]:
    """An approved trajectory of the workflow is replayed. What the infrastructure broke costs nothing."""
    steps = max(1, len(run.plan["lines"]))
    cached = steps if trajectory.can_replay(store, run.workflow_id) else 0
    billed = status != "error"
    return {
        "total_agentic_steps": steps - cached,
        "total_cached_steps": cached,
        "total_agentic_steps_billed": (steps - cached) * billed,
        "total_cached_steps_billed": cached * billed,
        "billing_outcome": "billed" if billed else "infra_failure",
    }


def _outputs(run: RunRow) -> tuple[Any] | None:
    """What the script says, else a value made of the schema; None when no value can be made that fits it."""
    scripted = run.plan["script"].get("outputs")
    if scripted is not None:
        return (scripted,)
    schema = schemas.load_output_schema(run.plan["output_schema"])
    return (None,) if schema is None else example(schema)


def _export(store: Store, run: RunRow, at: datetime) -> list[str]:
    """What the script says, else what the checks ask for, else one file where exports are detected."""
    scripted = run.plan["script"].get("attachments")
    wanted: list[dict[str, Any]] = [
        {"filename": item, "content": None} if isinstance(item, str) else item for item in scripted or ()
    ]
    title, data = run.plan["workflow_name"], run.doc["output_data"]
    if scripted is None:
        checked = [check for check in run.doc["post_run_checks"] or () if check["type"] in file_checks.KINDS]
        named = [
            name
            for check in checked
            for name in file_checks.target_filenames(check, run.doc["input_values"] or {}, data)
        ]
        default = [f"{_export_stem(run)}.csv"] if run.plan["exports"] else []
        wanted = [{"filename": name, "content": None} for name in dict.fromkeys(named or default)]
    return [
        attachment_files.add_attachment(
            store, run.id, attachment_files.make_file(item["filename"], item.get("content"), title, data), "output", at
        )["id"]
        for item in wanted
    ]


def _export_stem(run: RunRow) -> str:
    words = re.sub(r"[^a-z0-9]+", "-", html.unescape(run.plan["workflow_name"]).lower()).strip("-")
    return f"{words[:60] or 'export'}-export"


def _default_error(status: str) -> str:
    return {
        "task_failed": "The agent declared the task failed",
        "cancelled": "The run was cancelled",
    }.get(status, "The agent stopped with an unexpected error")
