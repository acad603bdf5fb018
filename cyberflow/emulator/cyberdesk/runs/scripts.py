"""Scripts of simulations: kept for the submission they are meant for, which finds its own by a header with the
script's id or by its idempotency key. No real platform has this; clients use it on local targets only.
"""

from __future__ import annotations

from typing import Any

from cyberflow.emulator.contract.clock import stamp
from cyberflow.emulator.contract.errors import InvalidRequest, violation
from cyberflow.emulator.contract.run_bodies import RunScript, RunScriptCreate
from cyberflow.emulator.http.dispatch import ApiCall
from cyberflow.emulator.store.store import Document, Store, new_id


def add_script(store: Store, script: RunScript, idempotency_key: str | None, at: Any) -> str:
    id = new_id()
    steps = script.model_dump(mode="json", exclude_none=True)
    store.add("script", {"id": id, "script": steps, "created_at": stamp(at)}, parent=idempotency_key)
    return id


def create(call: ApiCall) -> Document:
    body: RunScriptCreate = call.body
    return {"id": add_script(call.store, body.script, body.idempotency_key, call.now)}


def script_for(call: ApiCall) -> dict[str, Any] | None:
    """The script of this submission, None when it has none."""
    if call.script_id is not None:
        found = call.store.find("script", call.script_id)
        if found is None:
            raise InvalidRequest([violation(["header", "X-Cyberflow-Script"], "No such script")])
        return dict(found["script"])
    meant = call.store.children("script", call.idempotency_key) if call.idempotency_key else []
    return dict(meant[-1]["script"]) if meant else None


def step_for_run(script: dict[str, Any] | None, alias: str | None, workflow: Document) -> dict[str, Any]:
    """What a script says of one run: by its alias, else its workflow's id, else its workflow's name."""
    for name in (alias, workflow["id"], workflow["name"]):
        if script and name in script:
            return dict(script[name])
    return {}
