"""The bodies that make, change and repeat runs, and the script of a simulation."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, RootModel

from cyberflow.emulator.contract.request_bodies import CheckBody, CheckType, ModelMetadataBody, Object, Texts

Status = Literal["scheduling", "running", "running_checks", "success", "task_failed", "error", "cancelled"]


class FileInput(BaseModel):
    filename: Annotated[str, Field(min_length=1)]
    content: str
    target_path: str | None = None
    cleanup_imports_after_run: bool = False


class SubmissionBody(BaseModel):
    """What a plain run, a bulk and a retry share: where to run, with what."""

    machine_id: UUID | None = None
    pool_ids: list[UUID] | None = None
    input_values: Object | None = None
    sensitive_input_values: Object | None = None
    file_inputs: list[FileInput] | None = None
    session_id: UUID | None = None
    start_session: bool | None = False


class RunCreate(SubmissionBody):
    workflow_id: UUID
    is_priority: bool = False
    main_prompt: str | None = None
    main_agent_model_id: UUID | None = None
    model_metadata: ModelMetadataBody | None = None
    session_alias: str | None = None
    release_session_after: bool | None = None


class RunBulk(SubmissionBody):
    workflow_id: UUID
    count: Annotated[int, Field(gt=0, le=1000)]
    is_priority: bool = False


class RunRetry(SubmissionBody):
    reuse_session: bool | None = True
    session_alias: str | None = None
    release_session_after: bool | None = None
    is_priority: bool | None = None


class CheckSnapshot(CheckBody):
    """A check as a run keeps it, with its outcome."""

    status: Literal["pending", "running", "success", "failed", "infra_error", "cancelled"]
    post_run_check_id: UUID | None = None
    snapshot_version: int | None = None
    order: int | None = None
    type: CheckType | None = None
    name: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    error_message: str | None = None
    messages: Texts | None = None
    matched_filenames: Texts | None = None


class RunUpdate(BaseModel):
    status: Status | None = None
    error: Texts | None = None
    output_data: Object | None = None
    output_attachment_ids: Texts | None = None
    run_message_history: list[Object] | None = None
    input_values: Object | None = None
    usage_metadata: Object | None = None
    post_run_checks: list[CheckSnapshot] | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    release_session_after: bool | None = None


class ChainStep(BaseModel):
    workflow_id: UUID
    session_alias: str | None = None
    inputs: Object | None = None
    sensitive_inputs: Object | None = None


class ChainCreate(BaseModel):
    steps: Annotated[list[ChainStep], Field(min_length=1)]
    is_priority: bool = False
    shared_inputs: Object | None = None
    shared_sensitive_inputs: Object | None = None
    shared_file_inputs: list[FileInput] | None = None
    keep_session_after_completion: bool | None = False
    machine_id: UUID | None = None
    pool_ids: list[UUID] | None = None
    session_id: UUID | None = None


class AttachmentCreate(BaseModel):
    run_id: UUID
    filename: Annotated[str, Field(min_length=1)]
    content: str
    content_type: str
    attachment_type: Literal["input", "output"]
    target_path: str | None = None
    cleanup_imports_after_run: bool = False
    expires_at: datetime | None = None


class AttachmentUpdate(BaseModel):
    expires_at: datetime | None = None


class ScriptedFile(BaseModel):
    """A file that the scripted agent exports; without `content` one is made up that fits the name."""

    model_config = ConfigDict(extra="forbid")
    filename: str
    content: str | None = None


class ScriptedStep(BaseModel):
    """What the agent does in one run. `checks` gives a post-run check, by name, another end than success."""

    model_config = ConfigDict(extra="forbid")
    outputs: Object | None = None
    status: Literal["success", "task_failed", "error", "cancelled"] | None = None
    error: str | Texts | None = None
    seconds: Annotated[float, Field(ge=0, le=10**7)] | None = None
    attachments: list[str | ScriptedFile] | None = None
    screenshots: Annotated[int, Field(ge=1, le=100)] | Texts | None = None
    checks: dict[str, Literal["success", "failed", "infra_error"]] | None = None


class RunScript(RootModel[dict[str, ScriptedStep]]):
    """By session alias, workflow id or workflow name; the first of these that is there counts."""


class RunScriptCreate(BaseModel):
    """`idempotency_key`: the script is meant for the submission that carries this key, with no header needed."""

    model_config = ConfigDict(extra="forbid")
    script: RunScript
    idempotency_key: str | None = None
