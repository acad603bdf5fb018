"""The routes of the platform, written out. Order matters where a fixed path and a path with an id look alike."""

from __future__ import annotations

from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from cyberflow.emulator.contract import request_bodies, run_bodies, trajectory_bodies
from cyberflow.emulator.contract.errors import envelope
from cyberflow.emulator.cyberdesk import (
    attachments,
    chains,
    connections,
    copies,
    groups,
    images,
    machines,
    models,
    pools,
    retry,
    run_list,
    runs,
    scripts,
    storage,
    tags,
    trajectories,
    usage,
    workflows,
)
from cyberflow.emulator.cyberun.routes import routes as cyberun_routes
from cyberflow.emulator.engine.signed_urls import PREFIX
from cyberflow.emulator.http.dispatch import ApiCall, Dispatcher, Endpoint
from cyberflow.emulator.http.upload import MultipartFile


def health(_: ApiCall) -> Any:
    return {"status": "ok"}


WORKFLOWS = (
    Endpoint("POST", "/v1/workflows/prompt-image", images.upload, 201, MultipartFile),
    Endpoint("DELETE", "/v1/workflows/prompt-image", images.delete, 204),
    Endpoint("GET", "/v1/workflows/prompt-image/signed-url", images.get_signed_url),
    Endpoint("GET", "/v1/workflows/prompt-images", images.list_all),
    Endpoint("POST", "/v1/workflows/bulk/tags", tags.add_to_many, 204, request_bodies.BulkTags),
    Endpoint("GET", "/v1/workflows", workflows.list_page),
    Endpoint("POST", "/v1/workflows", workflows.create, 201, request_bodies.WorkflowCreate),
    Endpoint("GET", "/v1/workflows/{workflow_id}", workflows.get),
    Endpoint("PATCH", "/v1/workflows/{workflow_id}", workflows.update, 200, request_bodies.WorkflowUpdate),
    Endpoint("DELETE", "/v1/workflows/{workflow_id}", workflows.delete, 204),
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
    Endpoint("GET", "/v1/workflow-tags", tags.list_all),
    Endpoint("POST", "/v1/workflow-tags", tags.create, 201, request_bodies.TagCreate),
    Endpoint("PUT", "/v1/workflow-tags/reorder", tags.reorder, 204, request_bodies.ReorderBody),
    Endpoint("GET", "/v1/workflow-tags/{tag_id}", tags.get),
    Endpoint("PATCH", "/v1/workflow-tags/{tag_id}", tags.update, 200, request_bodies.TagUpdate),
    Endpoint("DELETE", "/v1/workflow-tags/{tag_id}", tags.delete, 204),
    Endpoint("POST", "/v1/workflow-tags/{tag_id}/archive", tags.archive),
    Endpoint("POST", "/v1/workflow-tags/{tag_id}/unarchive", tags.unarchive),
    Endpoint("GET", "/v1/workflow-tag-groups", groups.list_all),
    Endpoint("POST", "/v1/workflow-tag-groups", groups.create, 201, request_bodies.GroupCreate),
    Endpoint("PUT", "/v1/workflow-tag-groups/reorder", groups.reorder, 204, request_bodies.ReorderBody),
    Endpoint("GET", "/v1/workflow-tag-groups/{group_id}", groups.get),
    Endpoint("PATCH", "/v1/workflow-tag-groups/{group_id}", groups.update, 200, request_bodies.GroupUpdate),
    Endpoint("DELETE", "/v1/workflow-tag-groups/{group_id}", groups.delete, 204),
)
RUNS = (
    Endpoint("GET", "/v1/runs", run_list.list_page),
    Endpoint("POST", "/v1/runs", runs.create, 201, run_bodies.RunCreate),
    Endpoint("POST", "/v1/runs/bulk", runs.create_many, 201, run_bodies.RunBulk),
    Endpoint("POST", "/v1/runs/chain", chains.create, 201, run_bodies.ChainCreate),
    Endpoint("GET", "/v1/runs/{run_id}", runs.get),
    Endpoint("PATCH", "/v1/runs/{run_id}", runs.update, 200, run_bodies.RunUpdate),
    Endpoint("DELETE", "/v1/runs/{run_id}", runs.delete, 204),
    Endpoint("POST", "/v1/runs/{run_id}/retry", retry.retry, 200, run_bodies.RunRetry, True),
    Endpoint("GET", "/v1/runs/{run_id}/image/signed-url", runs.image_url),
    Endpoint("GET", "/v1/run-attachments", attachments.list_page),
    Endpoint("POST", "/v1/run-attachments", attachments.create, 201, run_bodies.AttachmentCreate),
    Endpoint("GET", "/v1/run-attachments/{attachment_id}", attachments.get),
    Endpoint("PUT", "/v1/run-attachments/{attachment_id}", attachments.update, 200, run_bodies.AttachmentUpdate),
    Endpoint("DELETE", "/v1/run-attachments/{attachment_id}", attachments.delete, 204),
    Endpoint("GET", "/v1/run-attachments/{attachment_id}/download", attachments.download),
    Endpoint("GET", "/v1/run-attachments/{attachment_id}/download-url", attachments.download_url),
)
MACHINES = (
    Endpoint("GET", "/v1/health/machines", machines.health),
    Endpoint("GET", "/v1/machines", machines.list_page),
    Endpoint("POST", "/v1/machines", machines.create, 201, request_bodies.MachineCreate),
    Endpoint("GET", "/v1/machines/{machine_id}", machines.get),
    Endpoint("PATCH", "/v1/machines/{machine_id}", machines.update, 200, request_bodies.MachineUpdate),
    Endpoint("DELETE", "/v1/machines/{machine_id}", machines.delete, 204),
    Endpoint("GET", "/v1/machines/{machine_id}/pools", machines.list_pools),
    Endpoint("PUT", "/v1/machines/{machine_id}/pools", machines.replace_pools, 200, request_bodies.PoolIds),
    Endpoint("GET", "/v1/pools", pools.list_page),
    Endpoint("POST", "/v1/pools", pools.create, 201, request_bodies.PoolCreate),
    Endpoint("GET", "/v1/pools/{pool_id}", pools.get),
    Endpoint("PATCH", "/v1/pools/{pool_id}", pools.update, 200, request_bodies.PoolUpdate),
    Endpoint("DELETE", "/v1/pools/{pool_id}", pools.delete, 204),
    Endpoint("POST", "/v1/pools/{pool_id}/machines", pools.add_machines, 200, request_bodies.MachineIds),
    Endpoint("DELETE", "/v1/pools/{pool_id}/machines", pools.remove_machines, 204, request_bodies.MachineIds),
    Endpoint("GET", "/v1/model-configurations", models.list_all),
    Endpoint("POST", "/v1/model-configurations", models.create, 201, request_bodies.ModelCreate),
    Endpoint("GET", "/v1/model-configurations/{model_configuration_id}", models.get),
    Endpoint(
        "PATCH", "/v1/model-configurations/{model_configuration_id}", models.update, 200, request_bodies.ModelUpdate
    ),
    Endpoint("DELETE", "/v1/model-configurations/{model_configuration_id}", models.delete, 204),
)
RECORDS = (
    Endpoint("GET", "/v1/trajectories", trajectories.list_page),
    Endpoint("POST", "/v1/trajectories", trajectories.create, 201, trajectory_bodies.TrajectoryCreate),
    Endpoint("GET", "/v1/trajectories/{trajectory_id}", trajectories.get),
    Endpoint("PATCH", "/v1/trajectories/{trajectory_id}", trajectories.update, 200, trajectory_bodies.TrajectoryUpdate),
    Endpoint("DELETE", "/v1/trajectories/{trajectory_id}", trajectories.delete, 204),
    Endpoint("POST", "/v1/trajectories/{trajectory_id}/duplicate", trajectories.duplicate, 201),
    Endpoint("GET", "/v1/workflows/{workflow_id}/latest-trajectory", trajectories.of_workflow),
    Endpoint("GET", "/v1/runs/{run_id}/trajectory", trajectories.of_run),
    Endpoint("POST", "/v1/runs/{run_id}/generate-trajectory", trajectories.generate),
    Endpoint("GET", "/v1/connections", connections.list_page),
    Endpoint("POST", "/v1/connections", connections.create, 201, trajectory_bodies.ConnectionCreate),
    Endpoint("GET", "/v1/connections/{connection_id}", connections.get),
    Endpoint("PATCH", "/v1/connections/{connection_id}", connections.update, 200, trajectory_bodies.ConnectionUpdate),
    Endpoint("DELETE", "/v1/connections/{connection_id}", connections.delete, 204),
    Endpoint("GET", "/v1/usage/aggregate", usage.aggregate),
)
OWN = (
    Endpoint("GET", "/v1/health", health, public=True),
    Endpoint("GET", "/v1/health/db", health, public=True),
    Endpoint("GET", PREFIX + "/{bucket}/{path:path}", storage.fetch, public=True),
    Endpoint("POST", "/v1/local/scripts", scripts.create, 201, run_bodies.RunScriptCreate),
)
ENDPOINTS = (*WORKFLOWS, *TAGS, *RUNS, *MACHINES, *RECORDS, *OWN)


def build_app(gate: Dispatcher) -> Starlette:
    """The ASGI application; it needs no lifespan. Cyberun is on the same database and clock."""

    async def http_error(_: Request, error: Exception) -> Response:
        status, detail = (error.status_code, error.detail) if isinstance(error, HTTPException) else (500, "")
        headers = error.headers if isinstance(error, HTTPException) else None
        body = envelope(status, detail or "Internal server error", gate.clock())
        return JSONResponse(body, status, headers=headers)

    routes = [Route(endpoint.path, gate.handler_for(endpoint), methods=[endpoint.method]) for endpoint in ENDPOINTS]
    return Starlette(
        routes=[*routes, *cyberun_routes(gate)], exception_handlers={HTTPException: http_error, Exception: http_error}
    )
