"""The bodies of Cyberun's writes, and the script of a simulated task."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Seconds = Annotated[float, Field(ge=0, le=10_000_000)]
SLUG = r"^[a-z0-9]+(?:-[a-z0-9]+)*$"
OutputShape = Literal["cloud", "local", "both", "neither", "null", "absent"]


class ParameterBody(BaseModel):
    """A `ParameterDef`; what the simulation does not look at is kept as it came."""

    model_config = ConfigDict(extra="allow")
    key: Annotated[str, Field(min_length=1)]
    type: Literal["string", "number", "boolean", "select", "file"] = "string"
    required: bool = False
    default: Any = None
    min: float | None = None
    max: float | None = None
    options: list[Any] | None = None
    accept: list[str] | None = None


class WorkflowImport(BaseModel):
    workflow_slug: Annotated[str, Field(min_length=2, max_length=100, pattern=SLUG)]
    display_name: Annotated[str, Field(min_length=1, max_length=255)]
    workflow_json: dict[str, Any]
    description: str | None = None
    parameters: list[ParameterBody] = Field(default_factory=list)
    tool_type: Literal["comfyui", "nerfstudio"] = "comfyui"
    required_labels: list[str] = Field(default_factory=list)
    task_timeout: int = 0
    max_retries: int = 0


class TaskCreate(BaseModel):
    parameters: dict[str, Any] = Field(default_factory=dict)
    dispatch_target: str | None = None
    target_pool: str | None = None
    submitter_region: str | None = None
    tool_type: Literal["comfyui", "nerfstudio"] | None = None


class PresignBody(BaseModel):
    file_name: Annotated[str, Field(min_length=1)]
    file_size: Annotated[int, Field(ge=0, le=500 * 1024 * 1024)]
    content_type: Annotated[str, Field(min_length=1)]


class ScriptedOutput(BaseModel):
    """A picture of so many pixels, padded to so many `bytes`; or a text."""

    model_config = ConfigDict(extra="forbid")
    width: Annotated[int, Field(ge=8, le=4096)] = 384
    height: Annotated[int, Field(ge=8, le=4096)] = 512
    bytes: Annotated[int, Field(ge=0, le=2_000_000_000)] = 0
    text: str | None = None


class TaskScript(BaseModel):
    """How a simulated task goes: `course` are statuses with their seconds (null: for ever) before the end, `seconds`
    those of `running` where there is no course, `abort` what a running task takes to heed a cancel.
    """

    model_config = ConfigDict(extra="forbid")
    status: str = "completed"
    error: str | None = None
    seconds: Seconds = 0.6
    course: list[tuple[str, Seconds | None]] | None = None
    abort: Seconds = 0.1
    shape: OutputShape = "cloud"
    outputs: dict[str, ScriptedOutput] = Field(default_factory=lambda: {"9.images.0": ScriptedOutput()})


class TaskScriptCreate(BaseModel):
    """Scripts by the slug or id of the workflow that they are for."""

    script: dict[str, TaskScript]
