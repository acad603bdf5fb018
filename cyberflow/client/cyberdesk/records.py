"""What the service answers about the things it keeps beside runs: trajectories, connections, usage, health. They are
read as tolerantly as those of `wire`, which is shared with the local platform and holds what most callers need.
"""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict, Field

from cyberflow.client.cyberdesk.wire import Flag, Id, Json, RunRecord, WireRecord


class Trajectory(WireRecord):
    """What a run did, step by step; an approved one is replayed by later runs of its workflow."""

    id: str
    workflow_id: str
    created_at: str
    updated_at: str
    trajectory_data: list[Json] | None = None
    dimensions: dict[str, Any] | None = None
    is_approved: Flag = False
    has_been_approved: Flag = False
    is_generated: Flag = False
    is_main: Flag = False
    name: str | None = None
    description: str | None = None
    run_id: str | None = None
    original_input_values: Json | None = None
    user_id: str | None = None
    organization_id: str | None = None
    included: list[Json] | None = None


class Connection(WireRecord):
    """A websocket of a machine's agent."""

    id: str
    machine_id: str
    status: str
    websocket_id: str | None = None
    connected_at: str | None = None
    disconnected_at: str | None = None
    last_ping: str | None = None
    ip_address: str | None = None
    user_agent: str | None = None


class Usage(WireRecord):
    """Steps of the runs of a period, counted as `mode` says."""

    total_agentic_steps: int
    total_cached_steps: int
    runs_counted: int
    period_start: str | None = None
    period_end: str | None = None
    mode: str | None = None


class BulkAccepted(WireRecord):
    created_runs: list[RunRecord]
    failed_count: int = 0
    errors: list[str] | None = None


class MachinesHealth(WireRecord):
    """`status` is `ok` or `error`; `errored_machines` says which and why."""

    status: str
    checked_machines: int = 0
    healthy_machines: int = 0
    errored_machines: list[Json] | None = None
    scope: str | None = None
    message: str | None = None


class SignedUrl(WireRecord):
    """A url that opens without the key for `expires_in` seconds."""

    signed_url: str = Field(repr=False)
    supabase_url: str | None = None
    expires_in: int | None = None


class DownloadUrl(WireRecord):
    url: str = Field(repr=False)
    expires_in: int | None = None


class WorkflowId(WireRecord):
    """Which workflow it is, without what it holds."""

    model_config = ConfigDict(extra="ignore")

    id: Id


class ChainAccepted(WireRecord):
    """A chain's runs in the order of its steps. Dispatch may still fail: such runs end in `error`."""

    session_id: Id
    run_ids: list[Id]
