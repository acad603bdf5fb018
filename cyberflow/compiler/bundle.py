"""The bundle: what is deployed and run, as data. The same bytes on every machine: no time, no absolute path, no
secret value.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, field, fields
from typing import Any, TypeVar

from cyberflow.compiler.pipeline.form import BundledPipeline
from cyberflow.errors import UsageError
from cyberflow.late import cached_property, dataclass
from cyberflow.storage import parse_json

VERSION, VERSION_WITH_PIPELINES = 1, 2
"""A bundle without pipelines is what it was before there were any, so that its bytes are the same."""

ASSET = "asset://sha256/"
GIVEN_FILE = "file://"
AssetReader = Callable[[str], bytes]
"""Gives the content of an asset by its sha256 in hex."""
N = TypeVar("N")


@dataclass(frozen=True)
class BundledWorkflow:
    """`payload` has every field of the API that this language has; images are `asset://sha256/<hex>`, models names.
    `inputs` and `secrets` are `{name: {"schema": …, "required": …}}`; `tags` is None when they are not managed.
    """

    name: str
    payload: dict[str, Any]
    was: str | None = None
    tags: list[str] | None = None
    inputs: dict[str, Any] = field(default_factory=dict)
    secrets: dict[str, Any] = field(default_factory=dict)
    from_machine: list[str] = field(default_factory=list)
    files: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class BundledChain:
    """`request` is the body of `POST /v1/runs/chain` with workflow names for ids, chain tokens as written, and files
    as `asset://sha256/<hex>` or, when given at run time, `file://<name>`.
    """

    name: str
    request: dict[str, Any]
    inputs: dict[str, Any] = field(default_factory=dict)
    secrets: dict[str, Any] = field(default_factory=dict)
    from_machine: list[str] = field(default_factory=list)
    pools: list[str] = field(default_factory=list)
    machine: str | None = None
    session: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class BundledTask:
    """A Cyberun task: parameters with tokens as written, files by parameter."""

    name: str
    workflow: str
    inputs: dict[str, Any] = field(default_factory=dict)
    secrets: dict[str, Any] = field(default_factory=dict)
    parameters: dict[str, Any] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    timeout: str | None = None

    @property
    def from_machine(self) -> list[str]:
        """No machine has a part in it."""
        return []


@dataclass(frozen=True)
class Asset:
    """A file that goes along: a prompt image or a file for the machine. `filename` is the name it is uploaded under."""

    sha256: str
    filename: str
    content_type: str
    size: int


@dataclass(frozen=True)
class Bundle:
    """Everything of one project for one target."""

    project: str
    target: str
    workflows: list[BundledWorkflow] = field(default_factory=list)
    chains: list[BundledChain] = field(default_factory=list)
    tasks: list[BundledTask] = field(default_factory=list)
    assets: list[Asset] = field(default_factory=list)
    pipelines: list[BundledPipeline] = field(default_factory=list)

    @cached_property
    def digest(self) -> str:
        """The sha256 of the canonical JSON of everything but the digest."""
        return hashlib.sha256(canonical_json(self._content()).encode()).hexdigest()

    def workflow(self, name: str) -> BundledWorkflow | None:
        return next((one for one in self.workflows if one.name == name), None)

    def chain(self, name: str) -> BundledChain | None:
        return next((one for one in self.chains if one.name == name), None)

    def task(self, name: str) -> BundledTask | None:
        return next((one for one in self.tasks if one.name == name), None)

    def pipeline(self, name: str) -> BundledPipeline | None:
        return next((one for one in self.pipelines if one.name == name), None)

    def asset(self, sha256: str) -> Asset | None:
        return next((one for one in self.assets if one.sha256 == sha256), None)

    @property
    def asset_names(self) -> dict[str, str]:
        """The names under which a reader knows the images that prompts name by content."""
        return {f"{ASSET}{one.sha256}": one.filename for one in self.assets}

    def to_json(self) -> str:
        """Give `bundle.json`, ending in a line end."""
        return canonical_json({**self._content(), "digest": self.digest}) + "\n"

    def _content(self) -> dict[str, Any]:
        content = {name: [asdict(item) for item in getattr(self, name)] for name in _ITEM_TYPES}
        if self.pipelines:
            content["pipelines"] = [asdict(pipeline) for pipeline in self.pipelines]
        version = VERSION_WITH_PIPELINES if self.pipelines else VERSION
        return {"version": version, "project": self.project, "target": self.target, **content}


_ITEM_TYPES: dict[str, type[Any]] = {
    "workflows": BundledWorkflow,
    "chains": BundledChain,
    "tasks": BundledTask,
    "assets": Asset,
}


def canonical_json(value: Any) -> str:
    """JSON with sorted keys, two blanks of indentation, and text as it is."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, indent=2, allow_nan=False)


def load_bundle(text: str) -> Bundle:
    """Read `bundle.json`. Raises UsageError when it is not one, is of another version, or was changed by hand."""
    try:
        data = parse_json(text)
        if (version := data.get("version")) not in (VERSION, VERSION_WITH_PIPELINES):
            newest = VERSION_WITH_PIPELINES
            raise UsageError(f"this bundle has version {version}, this cyberflow reads versions up to {newest}")
        parts = {name: [_item_from_json(kind, item) for item in data[name]] for name, kind in _ITEM_TYPES.items()}
        parts["pipelines"] = [BundledPipeline.from_json(one) for one in data.get("pipelines", ())]
        bundle = Bundle(data["project"], data["target"], **parts)
        changed = data.get("digest") != bundle.digest
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UsageError(f"this is not a bundle: {error}", help="`cyberflow build` writes one") from error
    if changed:
        raise UsageError("the bundle does not match its digest: it was changed after it was built")
    return bundle


def _item_from_json(kind: type[N], data: Mapping[str, Any]) -> N:
    known = {one.name for one in fields(kind)}  # type: ignore[arg-type]
    return kind(**{key: value for key, value in data.items() if key in known})
