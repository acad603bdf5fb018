"""What people write, as data: the project file, workflows, chains, tasks. Closed, frozen, and without positions.
The JSON Schemas of `schemas/` and the findings about keys and types come from these classes, and from `pipelines`.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from cyberflow.language.closed_model import After, Before, ClosedModel, Length, Shape, TextOr, default
from cyberflow.language.value_readers import Misfit
from cyberflow.late import expression

NAME = expression(r"[A-Za-z_][A-Za-z0-9_-]{0,62}")
PROJECT_NAME = expression(r"[a-z][a-z0-9-]{0,62}")
_TIMEOUT = expression(r"[0-9]+(s|m|h)")


def _name(value: str) -> str:
    if not NAME.fullmatch(value):
        raise Misfit("bad-name", "is not a name")
    return value


def _project_name(value: str) -> str:
    if not PROJECT_NAME.fullmatch(value):
        raise Misfit("bad-project-name", "is not a project name")
    return value


def _duration(value: str) -> str:
    if not _TIMEOUT.fullmatch(value):
        raise Misfit("bad-duration", "is not a duration")
    return value


def _names_to_mapping(value: Any) -> Any:
    """`[a, b]` stands for a mapping of names that say nothing of their type."""
    if value is None or isinstance(value, dict):
        return value
    if not (isinstance(value, list) and all(isinstance(item, str) for item in value)):
        raise Misfit("wrong-type", "must be a list of names, or a mapping of names to types")
    if len({item.removesuffix("?") for item in value}) < len(value):
        raise Misfit("duplicate-name", "holds a name twice")
    return dict.fromkeys(value, True)


def _pattern(pattern: str) -> Shape:
    return Shape("pattern", f"^{pattern}$")


Name = Annotated[str, After(_name), _pattern(NAME.pattern)]
ProjectName = Annotated[str, After(_project_name), _pattern(PROJECT_NAME.pattern)]
Duration = Annotated[str, After(_duration), _pattern(_TIMEOUT.pattern)]
Notation = Any
"""A type as written: a word, `T[]`, nested notation or JSON Schema. `compiler.shapes` reads it."""
Literals = Any
"""A JSON value that may hold tokens and refs."""


def _drop_free_keys(data: Any) -> Any:
    return {key: value for key, value in data.items() if not key.startswith("x-")} if isinstance(data, dict) else data


class FileText(ClosedModel):
    """A text kept in a file of its own, relative to the file that names it."""

    file: str


Prompt = Annotated[str | FileText, TextOr("<file>", "must be text or `{file: PATH}`")]
"""Markdown written in place, or `{file: prompts/lookup.md}`."""


class SecretSource(ClosedModel):
    """Where a secret is found: a variable, a file, a keyring entry, a program that writes it. Never the secret."""

    env: str | None = None
    file: str | None = None
    keyring: str | None = None
    exec: Annotated[list[str], Length(1)] | None = None
    timeout: Duration | None = None

    def check(self) -> None:
        if sum(source is not None for source in (self.env, self.file, self.keyring, self.exec)) != 1:
            raise Misfit("wrong-type", "must have exactly one of `env`, `file`, `keyring`, `exec`")
        if self.timeout is not None and self.exec is None:
            raise Misfit("wrong-type", "has a `timeout` without an `exec`")


def _reject_literal(value: Any) -> Any:
    if isinstance(value, str | int | float):
        raise Misfit("secret-in-source", "holds a literal")
    return value


Source = Annotated[SecretSource, Before(_reject_literal)]


class File(ClosedModel):
    """A file for the machine: from the project (`path`) or given at run time under a `name`."""

    path: str | None = None
    name: Name | None = None
    target: str | None = None
    cleanup: bool = False

    def check(self) -> None:
        if (self.path is None) == (self.name is None):
            raise Misfit("wrong-type", "must have exactly one of `path` and `name`")


class Models(ClosedModel):
    """Model configurations by name or id; the platform's default where nothing is said."""

    main: str | None = None
    cache_detection: str | None = None
    fallbacks: Annotated[list[str], Length(most=2)] = default([])


class Check(ClosedModel):
    """A post-run check, in the API's own field names."""

    name: str
    type: Literal[
        "run_attachment_exists",
        "run_attachment_image_check",
        "output_data_passes_schema_validation",
        "output_data_agentic_check",
    ]
    description: str | None = None
    file_target_mode: Literal["exact", "regex", "loop_items"] | None = None
    file_names: list[str] | None = None
    file_name_regex: str | None = None
    expected_match_count: int | None = None
    expected_match_count_ref: str | None = None
    loop_input: str | None = None
    loop_item_filename_template: str | None = None
    allow_missing_attachments: bool = False
    check_prompt: Prompt | None = None
    model: str | None = None


Secrets = Annotated[dict[str, Notation], Before(_names_to_mapping)]


class Workflow(ClosedModel):
    """A prompt with typed inputs, secrets and outputs."""

    description: str | None = None
    prompt: Prompt
    inputs: dict[str, Notation] = default({})
    secrets: Secrets = default({})
    outputs: dict[str, Notation] = default({})
    from_machine: list[str] = default([])
    files: list[File] = default([])
    exports: bool = False
    webhooks: bool = False
    terminal: list[str] | None = None
    models: Models | None = None
    checks: list[Check] | None = None
    on_check_failure: Prompt | None = None
    tags: list[str] | None = None
    title: Annotated[str, Length(most=255)] | None = None
    was: Name | None = None
    schemas: Literal["off"] | None = None
    aliases: ClassVar[dict[str, str]] = {"schemas": "schema"}


class Step(ClosedModel):
    """One run of a workflow inside a chain; `id` is its session alias."""

    id: Name
    workflow: str
    inputs: dict[str, Literals] = default({})
    secrets: dict[str, Any] = default({})


class Chain(ClosedModel):
    """Workflows run in order on one reserved machine."""

    description: str | None = None
    inputs: dict[str, Notation] = default({})
    secrets: Secrets = default({})
    pools: list[str] = default([])
    machine: str | None = None
    from_machine: list[str] = default([])
    session: dict[Name, str] = default({})
    keep_session: bool = False
    priority: bool = False
    files: list[File] = default([])
    steps: list[Step]
    outputs: dict[str, Literals] = default({})


class Task(ClosedModel):
    """A Cyberun task."""

    description: str | None = None
    workflow: str
    inputs: dict[str, Notation] = default({})
    secrets: Secrets = default({})
    parameters: dict[str, Literals] = default({})
    files: dict[str, str] = default({})
    timeout: Duration | None = None

    def check(self) -> None:
        for key in self.files:
            if key in self.parameters:
                raise Misfit("wrong-type", "gives `{key}` both as a parameter and as a file", {"key": key})


class Cyberun(ClosedModel):
    """The second service of a target."""

    url: str = "https://core.cyberun.cloud/api/v1"
    api_key: Source | None = None
    team: str | None = None


class Target(ClosedModel):
    """An organisation to deploy to and run in."""

    url: str = "https://api.cyberdesk.io"
    api_key: Source | None = None
    protect: bool = False
    vars: dict[str, Any] = default({})
    secrets: dict[str, Source] = default({})
    ca: str | None = None
    insecure: bool = False
    scope: ProjectName | None = None
    cyberun: Cyberun | None = None


class Declarations(ClosedModel):
    """The top of a declaration file. Bodies are read one by one, so that a broken one hides no other."""

    workflows: dict[str, Any] = default({})
    chains: dict[str, Any] = default({})
    tasks: dict[str, Any] = default({})
    pipelines: dict[str, Any] = default({})
    types: dict[str, Notation] = default({})


Level = Literal["off", "warning", "error"]
Levels = Annotated[dict[str, Level], Before(_drop_free_keys)]
"""How loud a rule is, by its name."""


class ProjectFile(Declarations):
    """`cyberflow.yaml`: the project, and where its declarations are."""

    project: ProjectName
    sources: list[str] | None = None
    python: list[str] = default([])
    default_target: str = "local"
    vars: dict[str, Any] = default({})
    targets: dict[Name, Target] = default({})
    rules: Levels = default({})
