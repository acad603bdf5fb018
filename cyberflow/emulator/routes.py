"""The routes of the platform. Order matters where a fixed path and a path with an id look alike."""

from __future__ import annotations

from typing import Any, Protocol

from pydantic import BaseModel
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from cyberflow.emulator import seeds
from cyberflow.emulator.contract import request_bodies, run_bodies, trajectory_bodies
from cyberflow.emulator.contract.errors import envelope
from cyberflow.emulator.cyberdesk import attachments, models, storage, usage
from cyberflow.emulator.cyberdesk.machines import connections, machines, pools
from cyberflow.emulator.cyberdesk.runs import chains, retry, run_list, runs, scripts
from cyberflow.emulator.cyberdesk.workflows import copies, groups, images, tags, trajectories, workflows
from cyberflow.emulator.cyberun.auth import envelope as cyberun_envelope
from cyberflow.emulator.cyberun.routes import BASE as CYBERUN_BASE
from cyberflow.emulator.cyberun.routes import routes as cyberun_routes
from cyberflow.emulator.files.signed_urls import PREFIX
from cyberflow.emulator.http.dispatch import ApiCall, Dispatcher, Endpoint
from cyberflow.emulator.http.upload import MultipartFile

NOT_FOUND = 404


class CrudModule(Protocol):
    """The five calls that a resource's module answers."""

    def list_items(self, call: ApiCall, /) -> Any: ...
    def create(self, call: ApiCall, /) -> Any: ...
    def get(self, call: ApiCall, /) -> Any: ...
    def update(self, call: ApiCall, /) -> Any: ...
    def delete(self, call: ApiCall, /) -> Any: ...


def crud(
    item: str, module: CrudModule, create: type[BaseModel], update: type[BaseModel], method: str = "PATCH"
) -> tuple[Endpoint, ...]:
    """List, create, read, change and delete; `item` is the path of one."""
    path = item.rpartition("/")[0]
    return (
        Endpoint("GET", path, module.list_items),
        Endpoint("POST", path, module.create, 201, create),
        Endpoint("GET", item, module.get),
        Endpoint(method, item, module.update, 200, update),
        Endpoint("DELETE", item, module.delete, 204),
    )


def health(_: ApiCall) -> Any:
    return {"status": "ok"}


WORKFLOWS = (
    Endpoint("POST", "/v1/workflows/prompt-image", images.upload, 201, MultipartFile),
    Endpoint("DELETE", "/v1/workflows/prompt-image", images.delete, 204),
    Endpoint("GET", "/v1/workflows/prompt-image/signed-url", images.get_signed_url),
    Endpoint("GET", "/v1/workflows/prompt-images", images.list_items),
    Endpoint("POST", "/v1/workflows/bulk/tags", tags.add_to_many, 204, request_bodies.BulkTags),
    *crud("/v1/workflows/{workflow_id}", workflows, request_bodies.WorkflowCreate, request_bodies.WorkflowUpdate),
    Endpoint("GET", "/v1/workflows/{workflow_id}/versions", workflows.versions),
    Endpoint(
        "POST", "/v1/workflows/{workflow_id}/duplicate", copies.duplicate, 201, request_bodies.WorkflowDuplicate, True
    ),
    Endpoint("POST", "/v1/workflows/{workflow_id}/merge", copies.merge, 200, trajectory_bodies.WorkflowMerge),
    Endpoint("GET", "/v1/workflows/{workflow_id}/tags", tags.list_of_workflow),
    Endpoint("POST", "/v1/workflows/{workflow_id}/tags", tags.add_to_workflow, 200, request_bodies.TagIds),
    Endpoint("DELETE", "/v1/workflows/{workflow_id}/tags/{tag_id}", tags.remove_from_workflow, 204),
)
TAGS = (
    Endpoint("PUT", "/v1/workflow-tags/reorder", tags.TAGS.reorder, 204, request_bodies.ReorderBody),
    *crud("/v1/workflow-tags/{tag_id}", tags, request_bodies.TagCreate, request_bodies.TagUpdate),
    Endpoint("POST", "/v1/workflow-tags/{tag_id}/archive", tags.archive),
    Endpoint("POST", "/v1/workflow-tags/{tag_id}/unarchive", tags.unarchive),
    Endpoint("PUT", "/v1/workflow-tag-groups/reorder", groups.GROUPS.reorder, 204, request_bodies.ReorderBody),
    *crud("/v1/workflow-tag-groups/{group_id}", groups, request_bodies.GroupCreate, request_bodies.GroupUpdate),
)
RUNS = (
    Endpoint("GET", "/v1/runs", run_list.list_items),
    Endpoint("POST", "/v1/runs", runs.create, 201, run_bodies.RunCreate),
    Endpoint("POST", "/v1/runs/bulk", runs.create_many, 201, run_bodies.RunBulk),
    Endpoint("POST", "/v1/runs/chain", chains.create, 201, run_bodies.ChainCreate),
    Endpoint("GET", "/v1/runs/{run_id}", runs.get),
    Endpoint("PATCH", "/v1/runs/{run_id}", runs.update, 200, run_bodies.RunUpdate),
    Endpoint("DELETE", "/v1/runs/{run_id}", runs.delete, 204),
    Endpoint("POST", "/v1/runs/{run_id}/retry", retry.retry, 200, run_bodies.RunRetry, True),
    Endpoint("GET", "/v1/runs/{run_id}/image/signed-url", runs.image_url),
    *crud(
        "/v1/run-attachments/{attachment_id}",
        attachments,
        run_bodies.AttachmentCreate,
        run_bodies.AttachmentUpdate,
        "PUT",
    ),
    Endpoint("GET", "/v1/run-attachments/{attachment_id}/download", attachments.download),
    Endpoint("GET", "/v1/run-attachments/{attachment_id}/download-url", attachments.download_url),
)
MACHINES = (
    Endpoint("GET", "/v1/health/machines", machines.health),
    *crud("/v1/machines/{machine_id}", machines, request_bodies.MachineCreate, request_bodies.MachineUpdate),
    Endpoint("GET", "/v1/machines/{machine_id}/pools", machines.list_pools),
    Endpoint("PUT", "/v1/machines/{machine_id}/pools", machines.replace_pools, 200, request_bodies.PoolIds),
    *crud("/v1/pools/{pool_id}", pools, request_bodies.PoolCreate, request_bodies.PoolUpdate),
    Endpoint("POST", "/v1/pools/{pool_id}/machines", pools.add_machines, 200, request_bodies.MachineIds),
    Endpoint("DELETE", "/v1/pools/{pool_id}/machines", pools.remove_machines, 204, request_bodies.MachineIds),
    *crud(
        "/v1/model-configurations/{model_configuration_id}",
        models,
        request_bodies.ModelCreate,
        request_bodies.ModelUpdate,
    ),
)
TRAJECTORIES_AND_CONNECTIONS = (
    *crud(
        "/v1/trajectories/{trajectory_id}",
        trajectories,
        trajectory_bodies.TrajectoryCreate,
        trajectory_bodies.TrajectoryUpdate,
    ),
    Endpoint("POST", "/v1/trajectories/{trajectory_id}/duplicate", trajectories.duplicate, 201),
    Endpoint("GET", "/v1/workflows/{workflow_id}/latest-trajectory", trajectories.of_workflow),
    Endpoint("GET", "/v1/runs/{run_id}/trajectory", trajectories.of_run),
    Endpoint("POST", "/v1/runs/{run_id}/generate-trajectory", trajectories.generate),
    *crud(
        "/v1/connections/{connection_id}",
        connections,
        trajectory_bodies.ConnectionCreate,
        trajectory_bodies.ConnectionUpdate,
    ),
    Endpoint("GET", "/v1/usage/aggregate", usage.aggregate),
)
PROBES = ("/", "/health", "/health/live", "/health/ready", "/health/db", "/v1/health", "/v1/health/db")
LOCAL_ENDPOINTS = (
    *(Endpoint("GET", path, health, public=True) for path in PROBES),
    Endpoint("GET", PREFIX + "/{bucket}/{path:path}", storage.fetch, public=True),
    Endpoint("POST", "/v1/local/scripts", scripts.create, 201, run_bodies.RunScriptCreate),
    Endpoint("POST", "/v1/local/seeds", seeds.create, 201, seeds.Seeds),
)
ENDPOINTS = (*WORKFLOWS, *TAGS, *RUNS, *MACHINES, *TRAJECTORIES_AND_CONNECTIONS, *LOCAL_ENDPOINTS)


def build_app(dispatcher: Dispatcher) -> Starlette:
    """The ASGI application; it needs no lifespan. Cyberun is on the same database and clock."""

    async def http_error(request: Request, error: Exception) -> Response:
        status, detail = (error.status_code, error.detail) if isinstance(error, HTTPException) else (500, "")
        headers = error.headers if isinstance(error, HTTPException) else None
        message = detail or "Internal server error"
        body = envelope(status, message, dispatcher.clock())
        if request.url.path.startswith(f"{CYBERUN_BASE}/"):
            body = cyberun_envelope("resource not found" if status == NOT_FOUND else message)
        return JSONResponse(body, status, headers=headers)

    routes = [
        Route(endpoint.path, dispatcher.handler_for(endpoint), methods=[endpoint.method]) for endpoint in ENDPOINTS
    ]
    return Starlette(
        routes=[*routes, *cyberun_routes(dispatcher)],
        exception_handlers={HTTPException: http_error, Exception: http_error},
    )
