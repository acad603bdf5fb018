"""Tasks of the simulated Cyberun: taken, looked at, cancelled, and what they gave. Of what a task was given only the
names are kept: a value may be a secret.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from cyberflow.emulator.contract.clock import stamp
from cyberflow.emulator.contract.errors import HttpError, InvalidRequest, violation
from cyberflow.emulator.cyberun import object_store, workflows
from cyberflow.emulator.cyberun.bodies import PresignBody, TaskCreate, TaskScript, TaskScriptCreate
from cyberflow.emulator.cyberun.timeline import DEFAULT_PHASES, RUNNING, SimulatedTaskState, state_at
from cyberflow.emulator.http.dispatch import ApiCall
from cyberflow.emulator.store.store import Document, new_id

KIND: Final = "task"
SCRIPT: Final = "gpu-script"
PRIMARY = "output_00001_.png"


def create_by_id(call: ApiCall) -> Any:
    return _create(call, workflows.find_by_id(call))


def create_by_slug(call: ApiCall) -> Any:
    return _create(call, workflows.find_by_slug(call))


def get(call: ApiCall) -> Document:
    return public_fields(find(call), call.now)


def list_page(call: ApiCall) -> Any:
    """The newest first."""
    if (wanted := call.query.get("status")) is None:
        return workflows.paginate(call, "task_list", KIND, lambda task: public_fields(task, call.now))
    tasks = [public_fields(task, call.now) for task in reversed(call.store.every(KIND))]
    return workflows.cut_page(call, "task_list", [task for task in tasks if task["task_status"] == wanted])


def cancel(call: ApiCall) -> Any:
    """Of a task that is over it does nothing, and succeeds all the same."""
    task = find(call)
    if task["cancelled_at"] is None and not state_at(task, call.now).is_over:
        call.store.replace(KIND, task | {"cancelled_at": stamp(call.now)})
    return {"success": True}


def result(call: ApiCall) -> Any:
    """Addresses are made anew with every call."""
    task = find(call)
    at = state_at(task, call.now)
    body = {
        "id": task["id"],
        "task_status": at.status,
        "task_output": None,
        "download_url": None,
        "expires_at": None,
        "task_error": _error(task, at),
        "completed_at": stamp(at.completed_at) if at.completed_at else None,
    }
    return _with_outputs(call, task, body) if at.status == "completed" else body


def presign(call: ApiCall) -> Any:
    body: PresignBody = call.body
    key = f"inputs/{call.store.organisation}/{new_id()}/{body.file_name.replace('/', '_')}"
    headers = {"Content-Length": str(body.file_size), "If-None-Match": "*"}
    url = object_store.presign(call.store, call.base_url, object_store.Permit("PUT", key, call.now, headers))
    return {"file_key": key, "upload_url": url, "upload_headers": headers}


def keep_script(call: ApiCall) -> Any:
    body: TaskScriptCreate = call.body
    made = {"id": new_id(), "script": body.model_dump(mode="json")["script"], "created_at": stamp(call.now)}
    call.store.add(SCRIPT, made)
    return {"id": made["id"]}


def list_agents(call: ApiCall) -> Any:
    running = [task["id"] for task in call.store.every(KIND) if state_at(task, call.now).status == RUNNING]
    agent = {
        "agent_id": "local-gpu-1",
        "agent_status": "busy" if running else "idle",
        "agent_labels": ["gpu", "comfyui", "nerfstudio"],
        "running_count": len(running),
        "running_tasks": running,
    }
    return workflows.cut_page(call, "agent_list", [agent])


def find(call: ApiCall) -> Document:
    found = call.store.find(KIND, call.path_id("task_id"))
    if found is None:
        raise HttpError(404, "task not found")
    return found


def public_fields(task: Document, now: datetime) -> Document:
    at = state_at(task, now)
    return {
        "id": task["id"],
        "workflow_id": task["workflow_id"],
        "task_status": at.status,
        "task_error": _error(task, at),
        "created_at": task["created_at"],
        "started_at": stamp(at.started_at) if at.started_at else None,
        "completed_at": stamp(at.completed_at) if at.completed_at else None,
        "retry_count": at.retries,
        "agent_id": "local-gpu-1" if at.started_at else "",
        "gpu_type": "RTX_4090" if at.started_at else "",
        "tool_type": "comfyui",
    }


def _error(task: Document, at: SimulatedTaskState) -> str:
    return str(task["error"] or "the agent reported an error") if at.status == "failed" else ""


def _create(call: ApiCall, workflow: Document) -> Any:
    body: TaskCreate = call.body
    if workflow["workflow_status"] != "active":
        raise HttpError(409, "workflow is disabled")
    if wrong := list(workflows.parameter_errors(workflow["parameters"], body.parameters)):
        raise HttpError(400, "; ".join(wrong))
    script = _script(call, workflow)
    course = script.course or [*DEFAULT_PHASES, (RUNNING, script.seconds)]
    task = {
        "id": new_id(),
        "workflow_id": workflow["id"],
        "slug": workflow["workflow_slug"],
        "parameters": sorted(body.parameters),
        "created_at": stamp(call.now),
        "cancelled_at": None,
        "course": [list(phase) for phase in course],
        "end": script.status,
        **script.model_dump(mode="json", include={"error", "abort", "shape", "outputs"}),
    }
    if missing := _missing_file(call, workflow, body.parameters):
        task |= {"end": "failed", "error": f"the file of parameter {missing} was never uploaded"}
    call.store.add(KIND, task)
    return {"task_id": task["id"]}


def _missing_file(call: ApiCall, workflow: Document, given: dict[str, Any]) -> str | None:
    """A parameter with the key of a file that the store does not have. Of a stand-in nobody knows which are files, so
    what looks like one of our keys is one.
    """
    declared = {item["key"]: item["type"] for item in workflow["parameters"] or ()}
    for name, value in given.items():
        looks = isinstance(value, str) and value.startswith(f"inputs/{call.store.organisation}/")
        if (looks or declared.get(name) == "file") and call.store.find("input", str(value)) is None:
            return name
    return None


def _script(call: ApiCall, workflow: Document) -> TaskScript:
    if call.script_id is None:
        return TaskScript()
    found = call.store.find(SCRIPT, call.script_id)
    if found is None:
        raise InvalidRequest([violation(["header", "X-Cyberflow-Script"], "No such script")])
    named = found["script"]
    return TaskScript.model_validate(named.get(workflow["workflow_slug"]) or named.get(workflow["id"]) or {})


def _with_outputs(call: ApiCall, task: Document, body: Document) -> Document:
    """The shapes that the service's page describes, and those that it leaves open."""
    shape = task["shape"]
    if shape == "absent":
        return {key: body[key] for key in ("id", "task_status", "completed_at")}
    if shape in ("null", "neither"):
        nothing: Document | None = None if shape == "null" else {}
        return body | {"task_output": nothing, "download_urls": nothing}
    output: Document = {}
    if shape in ("cloud", "both"):
        output = {key: {"s3_key": object_key(task, key)} for key in task["outputs"]}
        body["download_urls"] = {key: _url(call, object_key(task, key)) for key in task["outputs"]}
    if shape in ("local", "both"):
        place = f"tasks/{task['id']}/{PRIMARY}"
        output |= {"storage_key": place, "image_count": len(task["outputs"])}
        expires = call.now + timedelta(seconds=object_store.SECONDS)
        body |= {"download_url": _url(call, place), "expires_at": stamp(expires)}
    return body | {"task_output": output}


def object_key(task: Document, key: str) -> str:
    """Where the store has an output; keys may hold anything, places may not."""
    return f"outputs/{task['id']}/{[*task['outputs']].index(key)}"


def _url(call: ApiCall, place: str) -> str:
    return object_store.presign(call.store, call.base_url, object_store.Permit("GET", place, call.now))
