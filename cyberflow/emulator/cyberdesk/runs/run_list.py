"""GET /v1/runs: filters, search, order and projection."""

from __future__ import annotations

import json
from typing import Any

from cyberflow.emulator.cyberdesk.resource import include
from cyberflow.emulator.cyberdesk.runs.runs import BASE, INCLUDES, show
from cyberflow.emulator.engine import history
from cyberflow.emulator.http import query
from cyberflow.emulator.http.dispatch import ApiCall
from cyberflow.emulator.store import runs
from cyberflow.emulator.store.runs import FINAL, LIVE, RunRow
from cyberflow.emulator.store.store import Document, where

FIELDS = frozenset(
    {
        "ended_at",
        "error",
        "input_attachment_ids",
        "input_values",
        "is_priority",
        "machine_id",
        "main_prompt",
        "model_metadata",
        "organization_id",
        "output_attachment_ids",
        "output_data",
        "pool_ids",
        "post_run_checks",
        "release_session_after",
        "run_message_history",
        "sensitive_input_aliases",
        "session_alias",
        "session_id",
        "started_at",
        "usage_metadata",
        "user_id",
    }
)
SORTS = ("activity", "created_at_desc")
BY_CREATION = "ORDER BY created_at DESC, queue DESC"
BY_ACTIVITY = "ORDER BY ended_at IS NOT NULL, coalesce(ended_at, started_at, created_at) DESC, queue DESC"


def list_items(call: ApiCall) -> Document:
    clause, values = where(_filters(call))
    fields = query.choices(call.query, "fields", FIELDS)
    sort = query.choice(call.query, "sort_mode", SORTS, "activity")
    window = query.Pagination.from_query(call.query)
    ordered = f"{clause} {BY_CREATION if sort == 'created_at_desc' else BY_ACTIVITY}"
    items: list[Document]
    if search := call.query.get("search", "").casefold():
        deep = query.flag(call.query, "deep_search")
        matching = [run for run in runs.select(call.store, ordered, *values) if _matches(call, run, search, deep=deep)]
        total, found = len(matching), matching[window.skip : window.skip + window.limit]
        items = [show(call, run, fields) for run in found]
    else:
        total = runs.count(call.store, clause, *values)
        part = (f"{ordered} LIMIT ? OFFSET ?", *values, window.limit, window.skip)
        if fields and "run_message_history" not in fields:
            items = runs.select_fields(call.store, part[0], [*BASE, *dict.fromkeys(fields)], *part[1:])
        else:
            items = [show(call, run, fields) for run in runs.select(call.store, *part)]
    return window.envelope(items, total) | {"included": include(call, items, INCLUDES)}


def _filters(call: ApiCall) -> dict[str, str | None]:
    return {
        "workflow_id = ?": query.uuid(call.query, "workflow_id"),
        "machine_id = ?": query.uuid(call.query, "machine_id"),
        "session_id = ?": query.uuid(call.query, "session_id"),
        "status = ?": query.choice(call.query, "status", (*LIVE, *FINAL)),
        "created_at >= ?": query.moment(call.query, "created_at_from"),
        "created_at <= ?": query.moment(call.query, "created_at_to"),
    }


def _matches(call: ApiCall, run: RunRow, search: str, *, deep: bool) -> bool:
    parts: list[Any] = [run.id, run.session_alias]
    parts += [run.doc[name] for name in ("input_values", "output_data", "error")]
    if deep:
        parts.append(run.doc["run_message_history"] or history.messages(run, call.store.organisation, call.now))
    texts = [part if isinstance(part, str) else json.dumps(part, ensure_ascii=False) for part in parts if part]
    return any(search in text.casefold() for text in texts)
