"""The desired state of a workflow on the platform: its payload with the owner's title, models as ids, and images as the
addresses that the account gave them. Nothing is sent from here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from cyberflow.client.cyberdesk.wire import Model, canonical_id
from cyberflow.compiler.bundle import ASSET, Asset, Bundle, BundledWorkflow
from cyberflow.diagnostics import did_you_mean
from cyberflow.errors import UsageError
from cyberflow.remote.canonical import FIELDS, MODEL_FIELDS, PROMPT_FIELDS
from cyberflow.remote.identity import Owner
from cyberflow.remote.images import find_image
from cyberflow.remote.snapshot import Snapshot

LONGEST_TITLE = 255
_ASSET = re.compile(rf"{re.escape(ASSET)}([0-9a-f]{{64}})")


@dataclass(frozen=True)
class DesiredWorkflow:
    """`fields` are in wire form and hold `asset://sha256/<hex>` for the `missing` images only. `tags` is None when
    they are not managed. `faults` says what no write could mend.
    """

    name: str
    fields: Mapping[str, Any]
    was: str | None = None
    tags: tuple[str, ...] | None = None
    missing: tuple[Asset, ...] = ()
    faults: tuple[str, ...] = ()
    untitled: bool = False
    """Whether the title is only the declared name: a workflow without any title says the same."""
    title: str = ""
    """The title without the owner's scope."""


def resolve_workflow(workflow: BundledWorkflow, bundle: Bundle, remote: Snapshot, owner: Owner) -> DesiredWorkflow:
    """Bring one workflow of the bundle into the terms of this account."""
    faults: list[str] = []
    fields = {name: workflow.payload.get(name) for name in FIELDS}
    fields["name"] = title = owner.title(workflow.payload.get("name") or workflow.name)
    if len(title) > LONGEST_TITLE:
        faults.append(f"the title has {len(title)} characters with its scope, at most {LONGEST_TITLE} fit")
    fields["model_metadata"] = _model_ids(fields["model_metadata"], remote.models, faults)
    fields["post_run_checks"] = _model_ids_of_checks(fields["post_run_checks"], remote.models, faults)
    assets = [_find_asset(bundle, sha256) for sha256 in images_of(fields)]
    there = {
        asset.sha256: find_image(asset.sha256, asset.filename, remote.images, remote.image_hashes) for asset in assets
    }
    return DesiredWorkflow(
        workflow.name,
        with_images(fields, {sha256: image.supabase_url for sha256, image in there.items() if image}),
        workflow.was,
        None if workflow.tags is None else tuple(dict.fromkeys(workflow.tags)),
        tuple(asset for asset in assets if there[asset.sha256] is None),
        tuple(dict.fromkeys(faults)),
        workflow.payload.get("name") in (None, "", workflow.name),
        workflow.payload.get("name") or workflow.name,
    )


def images_of(fields: Mapping[str, Any]) -> list[str]:
    """The sha256 of every image that the prompts still name by content, in order of appearance."""
    found: list[str] = []

    def note(text: str) -> str:
        found.extend(_ASSET.findall(text))
        return text

    _map_prompts(fields, note)
    return list(dict.fromkeys(found))


def with_images(fields: Mapping[str, Any], addresses: Mapping[str, str]) -> dict[str, Any]:
    """Put the addresses of images into the prompts; an image without one stays named by content."""

    def address(found: re.Match[str]) -> str:
        return escape(addresses[found[1]]) if found[1] in addresses else found[0]

    return _map_prompts(fields, lambda text: _ASSET.sub(address, text))


def _map_prompts(fields: Mapping[str, Any], change: Callable[[str], str]) -> dict[str, Any]:
    prompts = {name: change(fields[name]) for name in PROMPT_FIELDS if fields.get(name)}
    checks = [
        check | {"check_prompt": change(check["check_prompt"])} if check.get("check_prompt") else check
        for check in fields.get("post_run_checks") or ()
    ]
    return {**fields, **prompts, **({"post_run_checks": checks} if checks else {})}


def _find_asset(bundle: Bundle, sha256: str) -> Asset:
    asset = bundle.asset(sha256)
    if asset is None:
        raise UsageError(f"the bundle names an image that it does not hold: {ASSET}{sha256}")
    return asset


def model_faults(wanted: str | None, models: Sequence[Model]) -> list[str]:
    """What is wrong with the name or id of a model configuration."""
    faults: list[str] = []
    _model_id(wanted, models, faults)
    return faults


def _model_ids(metadata: Any, models: Sequence[Model], faults: list[str]) -> Any:
    if not metadata:
        return metadata
    return {**metadata, **{name: _model_id(metadata.get(name), models, faults) for name in MODEL_FIELDS}}


def _model_ids_of_checks(checks: Any, models: Sequence[Model], faults: list[str]) -> Any:
    if not checks:
        return checks
    return [
        {**check, "model": _model_id(check["model"], models, faults)} if check.get("model") else check
        for check in checks
    ]


def _model_id(wanted: str | None, models: Sequence[Model], faults: list[str]) -> str | None:
    """The id of a model configuration by id or name; an archived one cannot be picked."""
    if not wanted:
        return None
    found = [model for model in models if model.id == canonical_id(wanted.casefold())] or [
        model for model in models if model.name == wanted
    ]
    usable = [model for model in found if not model.is_archived]
    if len(usable) == 1:
        return usable[0].id
    if usable:
        ids = ", ".join(sorted(model.id for model in usable))
        faults.append(f"{len(usable)} model configurations are named `{wanted}`; write the id: {ids}")
    elif found:
        faults.append(f"the model configuration `{wanted}` is archived")
    else:
        known = did_you_mean(wanted, (model.name for model in models if not model.is_archived))
        faults.append(f"there is no model configuration `{wanted}`" + (f"; {known}" if known else ""))
    return wanted
