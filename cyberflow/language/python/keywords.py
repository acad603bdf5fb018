"""The keywords of `@workflow` and `@chain`: every key of the YAML, with its type. Nothing here runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Required, TypeAlias, TypedDict

Texts: TypeAlias = list[str] | tuple[str, ...]
"""Several texts. `Sequence[str]` would take one text for its letters."""


class PromptFile(TypedDict):
    """A prompt kept in a file of its own, relative to the file that names it."""

    file: str


class FileKeywords(TypedDict, total=False):
    """A file for the machine: from the project (`path`), or given at run time under a `name`."""

    path: str
    name: str
    target: str
    cleanup: bool


class ModelsKeywords(TypedDict, total=False):
    """Model configurations by name or id."""

    main: str
    cache_detection: str
    fallbacks: Texts


class CheckKeywords(TypedDict, total=False):
    """A post-run check, in the API's own field names."""

    name: Required[str]
    type: Required[
        Literal[
            "run_attachment_exists",
            "run_attachment_image_check",
            "output_data_passes_schema_validation",
            "output_data_agentic_check",
        ]
    ]
    description: str
    file_target_mode: Literal["exact", "regex", "loop_items"]
    file_names: Texts
    file_name_regex: str
    expected_match_count: int
    expected_match_count_ref: str
    loop_input: str
    loop_item_filename_template: str
    allow_missing_attachments: bool
    check_prompt: str | PromptFile
    model: str


class WorkflowKeywords(TypedDict, total=False):
    """The keys of a workflow. `prompt` is the path of a file; without it the docstring is the prompt."""

    name: str
    prompt: str | PromptFile
    description: str
    from_machine: Texts
    files: Sequence[FileKeywords]
    exports: bool
    webhooks: bool
    terminal: Texts
    models: ModelsKeywords
    checks: Sequence[CheckKeywords]
    on_check_failure: str | PromptFile
    tags: Texts
    title: str
    was: str
    schema: Literal["off"]


class ChainKeywords(TypedDict, total=False):
    """The keys of a chain. `session` names the aliases already in the session that it joins, and their workflows."""

    name: str
    description: str
    pools: Texts
    machine: str
    from_machine: Texts
    session: Mapping[str, Any]
    keep_session: bool
    priority: bool
    files: Sequence[FileKeywords]


class RetryKeywords(TypedDict, total=False):
    """More attempts after a failure."""

    times: int
    on: Sequence[Literal["error", "task_failed"]]
    after: str


class StepKeywords(TypedDict, total=False):
    """What a step of a pipeline has besides what it runs."""

    when: bool
    unless: bool
    after: Sequence[object]
    files: Mapping[str, Any]
    retry: RetryKeywords
    on_failure: Literal["stop", "continue"]


class PipelineKeywords(TypedDict, total=False):
    """The keys of a pipeline."""

    name: str
    description: str


class _RunOptions(TypedDict, total=False):
    """What `cyberflow run` takes as options for everything. `inputs` gives inputs whose names are keywords of `run`."""

    inputs: Mapping[str, Any]
    timeout: str | float
    cancel_on_timeout: bool
    simulate: Mapping[str, Any]
    project: str


class TaskOptions(_RunOptions, total=False):
    """What `cyberflow run` takes as options for a task. Outputs are saved in the folder `download`."""

    download: str


class RunOptions(_RunOptions, total=False):
    """What `cyberflow run` takes as options for a workflow or a chain."""

    machine: str
    pools: Texts
    session: str
    keep_session: bool
    stale_ok: bool
    priority: bool
    prompt_file: str
    model: str


class PipelineRunOptions(_RunOptions, total=False):
    """What `cyberflow run` takes as options for a pipeline; `ledger` is the file that says how to go on."""

    ledger: str
    parallel: int
    machine: str
    pools: Texts
    stale_ok: bool
    priority: bool
    engine: str
