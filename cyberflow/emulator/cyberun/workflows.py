"""Workflows of the simulated Cyberun: those that were imported, with their parameters and former versions, and a
stand-in, of which nothing is known, for every other slug that somebody asks for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from cyberflow.emulator.contract.clock import stamp
from cyberflow.emulator.contract.errors import HttpError
from cyberflow.emulator.cyberun.bodies import SLUG, WorkflowImport
from cyberflow.emulator.http import query
from cyberflow.emulator.http.dispatch import ApiCall
from cyberflow.emulator.store.store import Document, Kind, Store, field, new_id

KIND: Final = "gpu-workflow"
SLUG_FIELD = field("workflow_slug")
_TYPES: Mapping[str, tuple[type, ...]] = {"string": (str,), "number": (int, float), "boolean": (bool,), "file": (str,)}
_HIDDEN = ("snapshots", "workflow_json")


def list_page(call: ApiCall) -> Any:
    return paginate(call, "workflow_list", KIND, _public_fields)


def get(call: ApiCall) -> Document:
    return _public_fields(find_by_id(call))


def get_by_slug(call: ApiCall) -> Document:
    return _public_fields(find_by_slug(call))


def import_workflow(call: ApiCall) -> Document:
    """Import: the same slug again is the next version of the same workflow."""
    body: WorkflowImport = call.body
    given = body.model_dump(mode="json", exclude_none=True)
    there = _look_up_slug(call, body.workflow_slug)
    if there is None:
        made = _new_document(call.now) | given
        call.store.add(KIND, made)
        return {"id": made["id"]}
    snapshots = there["snapshots"] | {str(there["version"]): there["parameters"]}
    changed = there | given | {"version": there["version"] + 1, "updated_at": stamp(call.now), "snapshots": snapshots}
    call.store.replace(KIND, changed)
    return {"id": there["id"]}


def find_by_id(call: ApiCall) -> Document:
    found = call.store.find(KIND, call.path_id("workflow_id"))
    if found is None:
        raise HttpError(404, "workflow not found")
    return found


def find_by_slug(call: ApiCall) -> Document:
    """A workflow as of the version that the path names, or the live one."""
    slug, _, version = call.params["slug"].partition("@")
    if not re.fullmatch(SLUG, slug) or (version and not version.isdigit()):
        raise HttpError(404, "workflow not found")
    found = _look_up_slug(call, slug)
    if found is None:
        return _add_placeholder(call.store, slug, call.now) | ({"version": int(version)} if version else {})
    if found["parameters"] is None:
        return found | ({"version": int(version)} if version else {})
    if version in ("", str(found["version"])):
        return found
    if version not in found["snapshots"]:
        raise HttpError(404, "workflow version not found")
    return found | {"version": int(version), "parameters": found["snapshots"][version]}


def parameter_errors(parameters: Sequence[Mapping[str, Any]] | None, given: Mapping[str, Any]) -> Iterator[str]:
    """What the service would not take; nothing where nobody knows what it takes."""
    declared = {one["key"]: one for one in parameters or ()}
    for key, value in given.items() if parameters is not None else ():
        if key not in declared:
            yield f"unknown parameter: {key}"
        elif not _is_valid_value(declared[key], value):
            yield f"invalid value for parameter: {key}"
    yield from (
        f"missing required parameter: {key}" for key, one in declared.items() if one["required"] and key not in given
    )


def paginate(call: ApiCall, name: str, kind: Kind, show: Callable[[Document], Document]) -> Any:
    """A page of all documents of a kind, the newest first."""
    page, size = _window(call)
    found = call.store.select(kind, {}, "ORDER BY seq DESC LIMIT ? OFFSET ?", size, (page - 1) * size)
    return _page_body(name, [show(document) for document in found], page, size, call.store.measure(kind) or 0)


def cut_page(call: ApiCall, name: str, items: list[Any]) -> Any:
    """A page of what had to be made whole to be counted."""
    page, size = _window(call)
    return _page_body(name, items[(page - 1) * size : page * size], page, size, len(items))


def _window(call: ApiCall) -> tuple[int, int]:
    page = query.integer(call.query, "current_page", 1, 1, 1_000_000)
    return page, query.integer(call.query, "per_page", 20, 1, 100)


def _page_body(name: str, items: list[Any], page: int, size: int, total: int) -> Any:
    return {name: items, "page_meta": {"current_page": page, "per_page": size, "total_count": total}}


def _is_valid_value(declared: Mapping[str, Any], value: Any) -> bool:
    if declared["type"] == "select":
        options = [one.get("value") if isinstance(one, dict) else one for one in declared.get("options") or ()]
        return not options or value in options
    if not isinstance(value, _TYPES[declared["type"]]) or (isinstance(value, bool) and declared["type"] == "number"):
        return False
    low, high = declared.get("min"), declared.get("max")
    return declared["type"] != "number" or ((low is None or value >= low) and (high is None or value <= high))


def seed(store: Store, name: str, now: datetime) -> None:
    """Keep a stand-in of this slug or id, unless there is a workflow of that name."""
    if not store.select(KIND, {f"? IN (id, {SLUG_FIELD})": name}):
        _add_placeholder(store, name, now)


def _look_up_slug(call: ApiCall, slug: str) -> Document | None:
    return next(iter(call.store.select(KIND, {f"{SLUG_FIELD} = ?": slug})), None)


def _add_placeholder(store: Store, name: str, now: datetime) -> Document:
    about = "A stand-in of the local platform: it takes any parameter"
    known = {"workflow_slug": name, "display_name": name, "description": about, "parameters": None}
    if re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", name):
        known |= {"id": name.lower(), "workflow_slug": f"workflow-{name[:8]}"}
    made = _new_document(now) | {"tool_type": "comfyui"} | known
    store.add(KIND, made)
    return made


def _new_document(now: datetime) -> Document:
    made = {"id": new_id(), "version": 1, "workflow_status": "active", "snapshots": {}}
    return made | {"created_at": stamp(now), "updated_at": stamp(now)}


def _public_fields(workflow: Document) -> Document:
    return {key: value for key, value in workflow.items() if key not in _HIDDEN}
