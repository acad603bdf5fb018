"""`include` on runs: related objects, flat and each once, in the top-level `included`."""

from __future__ import annotations

from collections.abc import Sequence

from cyberflow.emulator.cyberdesk import machines, pools
from cyberflow.emulator.engine.store import Document
from cyberflow.emulator.http import query
from cyberflow.emulator.http.dispatch import ApiCall


def of_runs(call: ApiCall, shown: Sequence[Document]) -> list[Document] | None:
    """`workflow`, `machine` and `machine.pools`; None when nothing is asked for."""
    wanted = query.words(call.query, "include")
    if not wanted:
        return None
    related: dict[str, Document] = {}
    for run in shown:
        if "workflow" in wanted and (workflow := call.store.find("workflow", run["workflow_id"])):
            related[workflow["id"]] = {"type": "workflow", **workflow}
        machine = call.store.find("machine", run["machine_id"]) if run["machine_id"] else None
        if machine and wanted & {"machine", "machine.pools"}:
            related[machine["id"]] = {"type": "machine", **machines.show(call, machine)}
        if machine and "machine.pools" in wanted:
            related |= {pool["id"]: {"type": "pool", **pool} for pool in pools.of_machine(call, machine["id"])}
    return list(related.values())
