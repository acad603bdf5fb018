"""The bodies that requests carry, as the API's contract has them: exact about known fields, deaf to unknown ones."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

Texts = list[str]
Object = dict[str, Any]
CheckType = Literal[
    "run_attachment_exists",
    "run_attachment_image_check",
    "output_data_passes_schema_validation",
    "output_data_agentic_check",
]
TargetMode = Literal["exact", "regex", "loop_items"]


class ModelMetadataBody(BaseModel):
    main_agent_model_id: UUID | None = None
    cache_detection_model_id: UUID | None = None
    fallback_model_1_id: UUID | None = None
    fallback_model_2_id: UUID | None = None


class CheckBody(BaseModel):
    """What a check says, in a workflow and in the runs that keep it."""

    id: UUID | None = None
    description: str | None = None
    file_target_mode: TargetMode | None = None
    file_names: Texts | None = None
    file_name_regex: str | None = None
    expected_match_count: int | None = None
    expected_match_count_ref: str | None = None
    loop_input: str | None = None
    loop_item_filename_template: str | None = None
    allow_missing_attachments: bool = False
    check_prompt: str | None = None
    model: UUID | None = None


class CheckUpsert(CheckBody):
    name: str
    type: CheckType


Name = Annotated[str, Field(max_length=255)]


class WorkflowCreate(BaseModel):
    main_prompt: Annotated[str, Field(min_length=1)]
    name: Name | None = None
    input_schema: str | None = None
    output_schema: str | None = None
    includes_file_exports: bool = False
    is_webhooks_enabled: bool = False
    terminal_command_allowlist: Texts | None = None
    model_metadata: ModelMetadataBody | None = None
    post_run_check_failure_cleanup_prompt: str | None = None
    post_run_checks: list[CheckUpsert] | None = None


class WorkflowMetadata(BaseModel):
    has_unaddressed_error: bool | None = None
    last_errored_run_start: datetime | None = None
    last_errored_run_uuid: UUID | None = None


class WorkflowUpdate(BaseModel):
    name: Name | None = None
    main_prompt: Annotated[str, Field(min_length=1)] | None = None
    input_schema: str | None = None
    output_schema: str | None = None
    includes_file_exports: bool | None = None
    is_webhooks_enabled: bool | None = None
    terminal_command_allowlist: Texts | None = None
    model_metadata: ModelMetadataBody | None = None
    post_run_check_failure_cleanup_prompt: str | None = None
    workflow_metadata: WorkflowMetadata | None = None
    post_run_checks: list[CheckUpsert] | None = None


class WorkflowDuplicate(BaseModel):
    include_trajectories: bool = False


class TagIds(BaseModel):
    tag_ids: list[UUID]


class BulkTags(BaseModel):
    workflow_ids: list[UUID]
    tag_ids: list[UUID]


class ReorderBody(BaseModel):
    ids: list[UUID]


class GroupCreate(BaseModel):
    name: Name
    description: str | None = None
    emoji: str | None = None
    color: str | None = None


class GroupUpdate(BaseModel):
    name: Name | None = None
    description: str | None = None
    emoji: str | None = None
    color: str | None = None


class TagCreate(GroupCreate):
    group_id: UUID | None = None


class TagUpdate(GroupUpdate):
    group_id: UUID | None = None
    is_archived: bool | None = None


class ModelCreate(BaseModel):
    name: Annotated[str, Field(min_length=1, max_length=255)]
    provider: Annotated[str, Field(min_length=1, max_length=50)]
    model: Annotated[str, Field(min_length=1, max_length=255)]
    description: str | None = None
    temperature: float | None = None
    max_tokens: int | None = None
    timeout_seconds: float | None = None
    max_retries: int | None = None
    additional_params: Object | None = None
    agent_harness_version_string: str | None = None
    is_computer_use_model: bool = False
    is_archived: bool = False
    api_key: str | None = None


class ModelUpdate(BaseModel):
    name: Annotated[str, Field(min_length=1, max_length=255)] | None = None
    provider: Annotated[str, Field(min_length=1, max_length=50)] | None = None
    model: Annotated[str, Field(min_length=1, max_length=255)] | None = None
    description: str | None = None
    temperature: float | None = None
    max_tokens: int | None = None
    timeout_seconds: float | None = None
    max_retries: int | None = None
    additional_params: Object | None = None
    agent_harness_version_string: str | None = None
    is_computer_use_model: bool | None = None
    is_archived: bool | None = None
    api_key: str | None = None
    clear_api_key: bool | None = None


class MachineCreate(BaseModel):
    fingerprint: str
    unkey_key_id: str
    name: str | None = None
    version: str | None = None
    hostname: str | None = None
    os_info: str | None = None
    machine_parameters: Object | None = None
    machine_sensitive_parameters: dict[str, str] | None = None


class MachineUpdate(BaseModel):
    name: str | None = None
    version: str | None = None
    hostname: str | None = None
    os_info: str | None = None
    status: Literal["connected", "disconnected", "error"] | None = None
    is_available: bool | None = None
    alerts_enabled: bool | None = None
    last_seen: datetime | None = None
    reserved_session_id: UUID | None = None
    machine_parameters: Object | None = None
    machine_sensitive_parameters: dict[str, str] | None = None


class PoolIds(BaseModel):
    pool_ids: list[UUID]


class MachineIds(BaseModel):
    machine_ids: list[UUID]


class PoolCreate(BaseModel):
    name: str
    description: str | None = None
    pool_parameters: Object | None = None
    pool_sensitive_parameters: dict[str, str] | None = None


class PoolUpdate(BaseModel):
    name: str | None = None
    description: str | None = None
    pool_parameters: Object | None = None
    pool_sensitive_parameters: dict[str, str] | None = None
