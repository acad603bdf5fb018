"""The bodies of what the platform records beside runs: trajectories, connections, and what one workflow becomes of
another.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from cyberflow.emulator.contract.request_bodies import Object

TrajectorySteps = Annotated[list[Object], Field(min_length=1)]


class TrajectoryCreate(BaseModel):
    workflow_id: UUID
    trajectory_data: TrajectorySteps
    dimensions: dict[str, int]
    name: str | None = None
    description: str | None = None
    run_id: UUID | None = None
    original_input_values: Object | None = None
    is_approved: bool = False


class TrajectoryUpdate(BaseModel):
    name: str | None = None
    description: str | None = None
    trajectory_data: TrajectorySteps | None = None
    is_approved: bool | None = None
    is_main: bool | None = None


class ConnectionCreate(BaseModel):
    websocket_id: str
    machine_id: UUID
    ip_address: str | None = None
    user_agent: str | None = None


class ConnectionUpdate(BaseModel):
    status: Literal["connected", "disconnected", "error"] | None = None
    last_ping: datetime | None = None
    disconnected_at: datetime | None = None


class WorkflowMerge(BaseModel):
    target_workflow_id: UUID
    copy_trajectories: bool = False
