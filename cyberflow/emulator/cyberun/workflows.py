"""Workflows of the simulated Cyberun: those that were imported, with their parameters and former versions, and a
stand-in, of which nothing is known, for every other slug that somebody asks for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from cyberflow.emulator.contract.clock import stamp
from cyberflow.emulator.contract.errors import Refused
from cyberflow.emulator.cyberun.bodies import SLUG, WorkflowImport
from cyberflow.emulator.engine.store import Document, new_id
from cyberflow.emulator.http import query
from cyberflow.emulator.http.dispatch import Call

KIND: Final = "gpu-workflow"
_TYPES: Mapping[str, tuple[type, ...]] = {"string": (str,), "number": (int, float), "boolean": (bool,), "file": (str,)}
_HIDDEN = ("snapshots", "workflow_json")


def list_page(call: Call) -> Any:
    return paged(call, "workflow_list", [_shown(one) for one in call.store.every(KIND)])


def get(call: Call) -> Document:
    return _shown(by_id(call))


def get_by_slug(call: Call) -> Document:
    return _shown(by_slug(call))


def take_in(call: Call) -> Document:
    """Import: the same slug again is the next version of the same workflow."""
    body: WorkflowImport = call.body
    given = body.model_dump(mode="json", exclude_none=True)
    there = _of_slug(call, body.workflow_slug)
    if there is None:
        made = _new(call) | given
        call.store.add(KIND, made)
        return {"id": made["id"]}
    snapshots = there["snapshots"] | {str(there["version"]): there["parameters"]}
    changed = there | given | {"version": there["version"] + 1, "updated_at": stamp(call.now), "snapshots": snapshots}
    call.store.replace(KIND, changed)
    return {"id": there["id"]}


def by_id(call: Call) -> Document:
    found = call.store.find(KIND, call.id("workflow_id"))
    if found is None:
        raise Refused(404, "workflow not found")
    return found


def by_slug(call: Call) -> Document:
    """A workflow as of the version that the path names, or the live one."""
    slug, _, version = call.params["slug"].partition("@")
    if not re.fullmatch(SLUG, slug) or (version and not version.isdigit()):
        raise Refused(404, "workflow not found")
    found = _of_slug(call, slug)
    if found is None:
        return _stand_in(call, slug) | ({"version": int(version)} if version else {})
    if found["parameters"] is None:
        return found | ({"version": int(version)} if version else {})
    if version in ("", str(found["version"])):
        return found
    if version not in found["snapshots"]:
        raise Refused(404, "workflow version not found")
    return found | {"version": int(version), "parameters": found["snapshots"][version]}


def faults(parameters: Sequence[Mapping[str, Any]] | None, given: Mapping[str, Any]) -> Iterator[str]:
    """What the service would not take; nothing where nobody knows what it takes."""
    declared = {one["key"]: one for one in parameters or ()}
    for key, value in given.items() if parameters is not None else ():
        if key not in declared:
            yield f"unknown parameter: {key}"
        elif not _fits(declared[key], value):
            yield f"invalid value for parameter: {key}"
    yield from (
        f"missing required parameter: {key}" for key, one in declared.items() if one["required"] and key not in given
    )


def paged(call: Call, name: str, items: list[Any]) -> Any:
    page = query.integer(call.query, "current_page", 1, 1, 1_000_000)
    size = query.integer(call.query, "per_page", 20, 1, 100)
    meta = {"current_page": page, "per_page": size, "total_count": len(items)}
    return {name: items[(page - 1) * size : page * size], "page_meta": meta}


def _fits(declared: Mapping[str, Any], value: Any) -> bool:
    if declared["type"] == "select":
        options = [one.get("value") if isinstance(one, dict) else one for one in declared.get("options") or ()]
        return not options or value in options
    if not isinstance(value, _TYPES[declared["type"]]) or (isinstance(value, bool) and declared["type"] == "number"):
        return False
    low, high = declared.get("min"), declared.get("max")
    return declared["type"] != "number" or ((low is None or value >= low) and (high is None or value <= high))


def _of_slug(call: Call, slug: str) -> Document | None:
    return next((one for one in call.store.every(KIND) if one["workflow_slug"] == slug), None)


def _stand_in(call: Call, slug: str) -> Document:
    about = "A stand-in of the local platform: it takes any parameter"
    known = {"workflow_slug": slug, "display_name": slug, "description": about, "parameters": None}
    made = _new(call) | known | {"tool_type": "comfyui"}
    call.store.add(KIND, made)
    return made


def _new(call: Call) -> Document:
    made = {"id": new_id(), "version": 1, "workflow_status": "active", "snapshots": {}}
    return made | {"created_at": stamp(call.now), "updated_at": stamp(call.now)}


def _shown(workflow: Document) -> Document:
    return {key: value for key, value in workflow.items() if key not in _HIDDEN}
