"""Post-run checks: reconciling a workflow's list, the snapshots that runs keep, and how each one ends.

The schema check really validates, those of files really look at the exported files; what takes a model's eyes succeeds
unless the run's script says otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from cyberflow.emulator.contract.clock import stamp
from cyberflow.emulator.contract.errors import InvalidRequest, violation
from cyberflow.emulator.contract.request_bodies import CheckUpsert
from cyberflow.emulator.engine import file_checks, schemas
from cyberflow.emulator.engine.file_checks import CheckEvidence
from cyberflow.emulator.store.store import Document, new_id

SCHEMA_CHECK = "output_data_passes_schema_validation"


def reconcile(
    organisation: str, old: Sequence[Document], wanted: Sequence[CheckUpsert] | None, now: datetime
) -> list[Document]:
    """The listed set replaces the old one: an id keeps its check, no id makes one, an unlisted one goes."""
    known = {check["id"]: check for check in old}
    found = []
    for order, item in enumerate(wanted or ()):
        body = item.model_dump(mode="json")
        if item.id is not None and body["id"] not in known:
            raise InvalidRequest(
                [violation(["body", "post_run_checks", order, "id"], "No such check in this workflow")]
            )
        before = known.pop(body["id"], None) if body["id"] else None
        fresh = body | {"id": before["id"] if before else new_id(), "order": order, "user_id": None}
        fresh |= {"organization_id": organisation, "created_at": before["created_at"] if before else stamp(now)}
        moved = before is None or any(before.get(key) != value for key, value in fresh.items())
        found.append(fresh | {"updated_at": stamp(now) if moved or before is None else before["updated_at"]})
    return found


def snapshots(checks: Sequence[Document]) -> list[Document] | None:
    """What a new run keeps, so that later edits of the workflow do not rewrite its history."""
    left_out = {"created_at", "updated_at", "organization_id", "user_id"}
    return [
        {key: value for key, value in check.items() if key not in left_out}
        | {"id": new_id(), "post_run_check_id": check["id"], "snapshot_version": 1, "status": "pending"}
        | {"started_at": None, "ended_at": None, "error_message": None, "messages": [], "matched_filenames": []}
        for check in checks
    ] or None


def mark_running(found: Sequence[Document], now: datetime) -> list[Document]:
    return [check | {"status": "running", "started_at": stamp(now)} for check in found]


def cancel_remaining(found: Sequence[Document] | None, now: datetime) -> list[Document] | None:
    """Those that had no end yet, when the run ends without them."""
    if found is None:
        return None
    return [
        check | {"status": "cancelled", "ended_at": stamp(now)} if check["status"] in {"pending", "running"} else check
        for check in found
    ]


def evaluate(
    found: Sequence[Document], plan: Mapping[str, Any], evidence: CheckEvidence, now: datetime
) -> list[Document]:
    """Give each check its end. `plan` is the run's: its output schema and its script."""
    scripted = plan["script"].get("checks") or {}
    done = []
    for check in found:
        status, message = _verdict(check, plan["output_schema"], evidence)
        if check["name"] in scripted:
            status = scripted[check["name"]]
            message = None if status == "success" else f"The simulation's script ends this check in {status}"
        end = {"status": status, "error_message": message, "ended_at": stamp(now)}
        done.append(check | end | {"matched_filenames": _match_filenames(check, evidence)})
    return done


def failures(found: Sequence[Document]) -> list[str]:
    return [
        f"Post-run check failed: {check['name']}: {check['error_message']}"
        for check in found
        if check["status"] in {"failed", "infra_error"}
    ]


def _verdict(check: Document, output_schema: str | None, evidence: CheckEvidence) -> tuple[str, str | None]:
    if check["type"] in file_checks.KINDS:
        return file_checks.verdict(check, evidence)
    if check["type"] != SCHEMA_CHECK:
        return "success", None
    schema = schemas.load_output_schema(output_schema)
    if schema is None:
        return "failed", "The workflow has no output_schema"
    against = schemas.violations(schema, evidence.output)
    return ("failed", "; ".join(map(str, against))) if against else ("success", None)


def _match_filenames(check: Document, evidence: CheckEvidence) -> list[str]:
    try:
        return file_checks.match_filenames(check, evidence)
    except re.error:
        return []
