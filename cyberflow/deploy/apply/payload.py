"""Request bodies of creates and updates: whole for a create, only what changed for an update. Fields that the language
lacks, and the ids of checks, are handed back as they came. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cyberflow.client.cyberdesk.wire import WorkflowRecord
from cyberflow.remote.canonical import CHECK_FIELDS, FIELDS, MODEL_FIELDS, differing_fields, wire_fields
from cyberflow.remote.identity import Marker, strip_marker

_READ_ONLY = frozenset({"organization_id", "user_id", "order", "created_at", "updated_at"})
_FLAGS = frozenset({"includes_file_exports", "is_webhooks_enabled"})


def create_payload(fields: Mapping[str, Any], marker: Marker) -> dict[str, Any]:
    """The body of a create; what is null is left out."""
    body = {**fields, "input_schema": marker.insert_into(fields["input_schema"])}
    return {name: _payload_value(name, body[name], None) for name in FIELDS if body[name] is not None}


def update_payload(now: WorkflowRecord, fields: Mapping[str, Any], marker: Marker) -> dict[str, Any]:
    """The body of a PATCH that brings a workflow to `fields` and `marker`; empty when it is there already, whatever
    commit its marker names: that goes along with what is written anyway.
    """
    names = differing_fields(wire_fields(now), fields)
    body = {name: _payload_value(name, fields[name], now) for name in names}
    before = Marker.find_in(now.input_schema)
    if "input_schema" in names or before != marker or (names and before.commit != marker.commit):
        schema = fields["input_schema"] if "input_schema" in names else strip_marker(now.input_schema)
        body["input_schema"] = marker.insert_into(schema)
    return body


def fields_without_effect(answer: WorkflowRecord, fields: Mapping[str, Any], marker: Marker) -> tuple[str, ...]:
    """Name the fields that a workflow does not say, though they were written."""
    names = differing_fields(wire_fields(answer), fields)
    lost = Marker.find_in(answer.input_schema) != marker and "input_schema" not in names
    return (*names, *(["input_schema"] if lost else []))


def _payload_value(name: str, value: Any, now: WorkflowRecord | None) -> Any:
    if name in _FLAGS:
        return bool(value)
    if name == "post_run_checks":
        return _checks_payload(value or [], now)
    if name == "model_metadata":
        return _models_payload(value or {}, now)
    return value


def _models_payload(metadata: Mapping[str, Any], now: WorkflowRecord | None) -> dict[str, Any]:
    """All four ids are written out: null follows the platform's default, and nothing is left to what absence means."""
    there = now.model_metadata.to_json() if now and now.model_metadata else {}
    return {**there, **{name: metadata.get(name) for name in MODEL_FIELDS}}


def _checks_payload(checks: list[dict[str, Any]], now: WorkflowRecord | None) -> list[dict[str, Any]]:
    """The set replaces what is there, so a check keeps its id, found by name, and what else the API says of it."""
    there = [check.to_json() for check in (now.post_run_checks if now else None) or ()]
    sent = []
    for check in checks:
        same = next((one for one in there if one.get("name") == check.get("name")), None)
        if same is not None:
            there.remove(same)
        kept = {key: value for key, value in (same or {}).items() if key not in _READ_ONLY}
        ours = {name: check[name] for name in CHECK_FIELDS if check.get(name) is not None}
        cleared: dict[str, Any] = {name: None for name in CHECK_FIELDS if name in kept and name not in ours}
        if "allow_missing_attachments" in cleared:
            cleared["allow_missing_attachments"] = False
        sent.append({**kept, **cleared, **ours})
    return sent
