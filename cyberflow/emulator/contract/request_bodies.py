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


ShortText = Annotated[str, Field(max_length=255)]
RequiredText = Annotated[str, Field(min_length=1, max_length=255)]


class WorkflowFields(BaseModel):
    name: ShortText | None = None
    input_schema: str | None = None
    output_schema: str | None = None
    terminal_command_allowlist: Texts | None = None
    model_metadata: ModelMetadataBody | None = None
    post_run_check_failure_cleanup_prompt: str | None = None
    post_run_checks: list[CheckUpsert] | None = None


class WorkflowCreate(WorkflowFields):
    main_prompt: Annotated[str, Field(min_length=1)]
    includes_file_exports: bool = False
    is_webhooks_enabled: bool = False


class WorkflowMetadata(BaseModel):
    has_unaddressed_error: bool | None = None
    last_errored_run_start: datetime | None = None
    last_errored_run_uuid: UUID | None = None


class WorkflowUpdate(WorkflowFields):
    main_prompt: Annotated[str, Field(min_length=1)] | None = None
    includes_file_exports: bool | None = None
    is_webhooks_enabled: bool | None = None
    workflow_metadata: WorkflowMetadata | None = None


class WorkflowDuplicate(BaseModel):
    include_trajectories: bool = False


class TagIds(BaseModel):
    tag_ids: list[UUID]


class BulkTags(BaseModel):
    workflow_ids: list[UUID]
    tag_ids: list[UUID]


class ReorderBody(BaseModel):
    ids: list[UUID]


class LabelFields(BaseModel):
    """What tags and their groups have beside a name."""

    description: str | None = None
    emoji: str | None = None
    color: str | None = None


class GroupCreate(LabelFields):
    name: ShortText


class GroupUpdate(LabelFields):
    name: ShortText | None = None


class TagCreate(GroupCreate):
    group_id: UUID | None = None


class TagUpdate(GroupUpdate):
    group_id: UUID | None = None
    is_archived: bool | None = None


class ModelFields(BaseModel):
    description: str | None = None
    temperature: float | None = None
    max_tokens: int | None = None
    timeout_seconds: float | None = None
    max_retries: int | None = None
    additional_params: Object | None = None
    agent_harness_version_string: str | None = None
    api_key: str | None = None


class ModelCreate(ModelFields):
    name: RequiredText
    provider: Annotated[RequiredText, Field(max_length=50)]
    model: RequiredText
    is_computer_use_model: bool = False
    is_archived: bool = False


class ModelUpdate(ModelFields):
    name: RequiredText | None = None
    provider: Annotated[RequiredText, Field(max_length=50)] | None = None
    model: RequiredText | None = None
    is_computer_use_model: bool | None = None
    is_archived: bool | None = None
    clear_api_key: bool | None = None


class MachineFields(BaseModel):
    name: str | None = None
    version: str | None = None
    hostname: str | None = None
    os_info: str | None = None
    machine_parameters: Object | None = None
    machine_sensitive_parameters: dict[str, str] | None = None


class MachineCreate(MachineFields):
    fingerprint: str
    unkey_key_id: str


class MachineUpdate(MachineFields):
    status: Literal["connected", "disconnected", "error"] | None = None
    is_available: bool | None = None
    alerts_enabled: bool | None = None
    last_seen: datetime | None = None
    reserved_session_id: UUID | None = None


class PoolIds(BaseModel):
    pool_ids: list[UUID]


class MachineIds(BaseModel):
    machine_ids: list[UUID]


class PoolFields(BaseModel):
    description: str | None = None
    pool_parameters: Object | None = None
    pool_sensitive_parameters: dict[str, str] | None = None


class PoolCreate(PoolFields):
    name: str


class PoolUpdate(PoolFields):
    name: str | None = None
