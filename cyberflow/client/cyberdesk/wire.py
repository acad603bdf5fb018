"""What the service answers, read tolerantly: unknown fields are kept, unknown statuses stay text, an id is text.

Names and optionality are those of the service's OpenAPI file. A field it requires is required here only where the
same noun always has it and cyberflow cannot go on without it. What nothing here reads is among the unknown.
Times stay the text that was sent; see `parse_time`.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

FINAL = frozenset({"success", "task_failed", "error", "cancelled"})
"""The statuses in which a run is over; retry is allowed from these only."""

LIVE = frozenset({"scheduling", "running", "running_checks"})
"""The statuses known to be under way. A status in neither set is live as well: ask `is_live`."""

RUN_FIELDS = tuple(
    """ended_at error input_attachment_ids input_values is_priority machine_id main_prompt model_metadata
    organization_id output_attachment_ids output_data pool_ids post_run_checks release_session_after
    run_message_history sensitive_input_aliases session_alias session_id started_at usage_metadata user_id""".split()  # noqa: SIM905  a list would be a page of its own
)
"""What `fields=` of the run list may name; `RUN_BASE` comes with every run, asked for or not."""

RUN_BASE = ("id", "workflow_id", "machine_id", "status", "created_at")

Json = dict[str, Any]


_CANONICAL = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def canonical_id(text: str) -> str:
    """An id in the one form in which ids are compared: UUIDs in lower case with dashes, whatever else as it is."""
    if _CANONICAL.fullmatch(text):
        return text
    try:
        return str(UUID(text))
    except ValueError:
        return text


Id = Annotated[str, AfterValidator(canonical_id)]
Flag = Annotated[bool, BeforeValidator(lambda value: False if value is None else value)]
"""A boolean whose default is false: the service may send null for it."""


def is_live(status: str) -> bool:
    """Whether a run may still change: every status that is not final, the unknown ones included."""
    return status not in FINAL


def parse_time(text: str | None) -> datetime | None:
    """Read a time of the wire as an aware UTC moment; one without a zone is UTC, one that is not ISO 8601 is None."""
    try:
        read = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)


class WireRecord(BaseModel):
    """What every body has in common. `sent()` gives it back as JSON, with exactly the keys that came."""

    model_config = ConfigDict(
        frozen=True, extra="allow", coerce_numbers_to_str=True, protected_namespaces=(), defer_build=True
    )

    def to_json(self) -> Json:
        return self.model_dump(mode="json", exclude_unset=True)


class TagGroup(WireRecord):
    id: Id
    name: str
    order: int | None = None
    description: str | None = None
    emoji: str | None = None
    color: str | None = None
    organization_id: str | None = None
    created_at: str | None = None
    updated_at: str | None = None


class TagRecord(WireRecord):
    id: Id
    name: str
    is_archived: Flag = False
    group_id: Id | None = None
    group: TagGroup | None = None
    order: int | None = None
    description: str | None = None
    emoji: str | None = None
    color: str | None = None
    workflow_count: int | None = None
    organization_id: str | None = None
    created_at: str | None = None
    updated_at: str | None = None


class ModelMetadataRecord(WireRecord):
    main_agent_model_id: Id | None = None
    cache_detection_model_id: Id | None = None
    fallback_model_1_id: Id | None = None
    fallback_model_2_id: Id | None = None


class CheckRecord(WireRecord):
    """A post-run check of a workflow; `RunCheck` is a run's own snapshot of one."""

    id: Id | None = None
    name: str | None = None
    type: str | None = None
    order: int | None = None
    description: str | None = None
    file_target_mode: str | None = None
    file_names: list[str] | None = None
    file_name_regex: str | None = None
    expected_match_count: int | None = None
    expected_match_count_ref: str | None = None
    loop_input: str | None = None
    loop_item_filename_template: str | None = None
    allow_missing_attachments: Flag = False
    check_prompt: str | None = None
    model: str | None = None


class RunCheck(CheckRecord):
    status: str
    post_run_check_id: str | None = None
    snapshot_version: int | None = None
    started_at: str | None = None
    ended_at: str | None = None
    error_message: str | None = None
    messages: list[str] | None = None
    matched_filenames: list[str] | None = None


class WorkflowRecord(WireRecord):
    """`input_schema` and `output_schema` are JSON *text*, as the service keeps them."""

    id: Id
    main_prompt: str
    created_at: str
    updated_at: str
    name: str | None = None
    input_schema: str | None = None
    output_schema: str | None = None
    includes_file_exports: Flag = False
    is_webhooks_enabled: Flag = False
    terminal_command_allowlist: list[str] | None = None
    model_metadata: ModelMetadataRecord | None = None
    post_run_check_failure_cleanup_prompt: str | None = None
    post_run_checks: list[CheckRecord] | None = None
    tags: list[TagRecord] | None = None
    includes_input_variables: Flag = False
    workflow_metadata: Json | None = None
    old_versions: list[Any] | None = None
    user_id: str | None = None
    organization_id: str | None = None
    included: list[Json] | None = None


class Image(WireRecord):
    """A prompt image of the organisation. An upload answers without `path`; it is the url behind the bucket's name."""

    supabase_url: str
    filename: str
    path: str | None = None
    signed_url: str | None = Field(default=None, repr=False)
    content_type: str | None = None
    size_bytes: int | None = None
    created_at: str | None = None


class Pool(WireRecord):
    id: Id
    name: str
    description: str | None = None
    pool_parameters: Json | None = None
    pool_sensitive_parameters: Json | None = None
    machine_count: int | None = 0
    machines: list[Machine] | None = None
    organization_id: str | None = None
    created_at: str | None = None
    updated_at: str | None = None
    included: list[Json] | None = None


class Machine(WireRecord):
    """`machine_sensitive_parameters` holds aliases, never values."""

    id: Id
    status: str
    name: str | None = None
    is_available: Flag = False
    alerts_enabled: Flag = False
    reserved_session_id: Id | None = None
    machine_parameters: Json | None = None
    machine_sensitive_parameters: Json | None = None
    pools: list[Pool] | None = None
    hostname: str | None = None
    os_info: str | None = None
    version: str | None = None
    user_id: str | None = None
    organization_id: str | None = None
    created_at: str | None = None
    last_seen: str | None = None
    included: list[Json] | None = None


class Model(WireRecord):
    """A model configuration. `api_key_alias` names a stored key; the key itself is never read."""

    id: Id
    name: str
    provider: str | None = None
    model: str | None = None
    description: str | None = None
    is_computer_use_model: Flag = False
    is_archived: Flag = False
    is_system_default: Flag = False
    api_key_alias: str | None = None
    organization_id: str | None = None
    created_at: str | None = None
    updated_at: str | None = None


class RunRecord(WireRecord):
    """A run; with `fields=` what was not asked for is None. `error` is a list of texts on the wire."""

    id: Id
    workflow_id: Id
    status: str
    created_at: str
    machine_id: Id | None = None
    error: list[Any] | None = None
    output_data: Any = None
    input_values: Json | None = None
    sensitive_input_aliases: Json | None = None
    input_attachment_ids: list[str] | None = None
    output_attachment_ids: list[str] | None = None
    run_message_history: list[Any] | None = None
    main_prompt: str | None = None
    model_metadata: ModelMetadataRecord | None = None
    pool_ids: list[str] | None = None
    usage_metadata: Json | None = None
    post_run_checks: list[RunCheck] | None = None
    session_id: Id | None = None
    session_alias: str | None = None
    release_session_after: bool | None = None
    is_priority: Flag = False
    started_at: str | None = None
    ended_at: str | None = None
    user_id: str | None = None
    organization_id: str | None = None
    included: list[Json] | None = None

    @property
    def live(self) -> bool:
        return is_live(self.status)


class Attachment(WireRecord):
    """`filename` comes from the platform: reduce it to a safe base name before it names a file."""

    id: Id
    run_id: Id
    filename: str
    content_type: str | None = None
    attachment_type: str | None = None
    size_bytes: int | None = None
    storage_path: str | None = None
    target_path: str | None = None
    cleanup_imports_after_run: Flag = False
    user_id: str | None = None
    organization_id: str | None = None
    created_at: str | None = None
    expires_at: str | None = None


T = TypeVar("T")


class Page(WireRecord, Generic[T]):
    """One answer of a list that comes in pages."""

    items: list[T]
    total: int
    skip: int = 0
    limit: int = 0
    included: list[Json] | None = None
