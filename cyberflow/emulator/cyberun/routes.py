"""The endpoints of Cyberun that the local platform has, written out."""

from __future__ import annotations

from functools import partial

from starlette.routing import Route

from cyberflow.emulator.cyberun import events, object_store, tasks, workflows
from cyberflow.emulator.cyberun.auth import CyberunDispatcher
from cyberflow.emulator.cyberun.bodies import PresignBody, TaskCreate, TaskScriptCreate, WorkflowImport
from cyberflow.emulator.http.dispatch import Dispatcher, Endpoint

BASE = "/api/v1"
ENDPOINTS = (
    Endpoint("GET", "/r/workflows", workflows.list_page),
    Endpoint("GET", "/r/workflows/slug/{slug}", workflows.get_by_slug),
    Endpoint("POST", "/r/workflows/slug/{slug}/run", tasks.create_by_slug, 202, TaskCreate),
    Endpoint("GET", "/r/workflows/{workflow_id}", workflows.get),
    Endpoint("POST", "/r/workflows/{workflow_id}/run", tasks.create_by_id, 202, TaskCreate),
    Endpoint("GET", "/r/tasks", tasks.list_page),
    Endpoint("GET", "/r/tasks/{task_id}", tasks.get),
    Endpoint("GET", "/r/tasks/{task_id}/result", tasks.result),
    Endpoint("POST", "/r/tasks/{task_id}/cancel", tasks.cancel),
    Endpoint("POST", "/r/files/presign", tasks.presign, 200, PresignBody),
    Endpoint("GET", "/r/agents", tasks.list_agents),
    Endpoint("POST", "/workflows/import", workflows.import_workflow, 201, WorkflowImport),
    Endpoint("POST", "/local/scripts", tasks.keep_script, 201, TaskScriptCreate),
)


def routes(dispatcher: Dispatcher) -> list[Route]:
    """Routes beside those of Cyberdesk, on the same database and clock, with the same keys."""
    own = CyberunDispatcher(
        dispatcher.store, dispatcher.secret_store, dispatcher.clock, dispatcher.api_key, dispatcher.rate_limiter
    )
    return [
        *(Route(BASE + row.path, own.handler_for(row), methods=[row.method]) for row in ENDPOINTS),
        Route(BASE + "/r/tasks/{task_id}/events", own.guard(partial(events.serve, own))),
        Route(object_store.PATH + "/{path:path}", own.guard(partial(object_store.serve, own)), methods=["GET", "PUT"]),
    ]
