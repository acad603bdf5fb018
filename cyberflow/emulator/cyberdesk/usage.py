"""/v1/usage/aggregate: the steps of the runs that ended in a period. What the infrastructure broke is not counted."""

from __future__ import annotations

import json

from cyberflow.emulator.http import query
from cyberflow.emulator.http.dispatch import ApiCall
from cyberflow.emulator.store.store import Document

MODES = ("simulated", "billed")


def aggregate(call: ApiCall) -> Document:
    """`from_date` inclusive, `to_date` exclusive."""
    start, end = query.require_moment(call.query, "from_date"), query.require_moment(call.query, "to_date")
    mode = query.choice(call.query, "mode", MODES, "simulated")
    suffix = "_billed" if mode == "billed" else ""
    rows = call.store.connection.execute(
        "SELECT json_extract(doc, '$.usage_metadata') FROM runs WHERE ended_at >= ? AND ended_at < ?", (start, end)
    )
    found = [json.loads(row[0]) for row in rows if row[0]]
    counted = [usage for usage in found if usage.get("billing_outcome") != "infra_failure"]
    return {
        "total_agentic_steps": _total(counted, f"total_agentic_steps{suffix}"),
        "total_cached_steps": _total(counted, f"total_cached_steps{suffix}"),
        "period_start": start,
        "period_end": end,
        "mode": mode,
        "runs_counted": len(counted),
    }


def _total(found: list[Document], name: str) -> int:
    """Usage can be patched into a run, so what is not a number there counts for nothing."""
    return sum(usage[name] for usage in found if isinstance(usage.get(name), int))
