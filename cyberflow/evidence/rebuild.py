"""Rebuilding: what a commit compiles to, in the terms that the account had, held against what a run executed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from cyberflow.client.cyberdesk.wire import Image, Model
from cyberflow.compiler.bundle import Bundle, BundledWorkflow
from cyberflow.deploy.checkout import CommitFacts, CommitUnreadable, checkout
from cyberflow.errors import CyberflowError
from cyberflow.evidence.facts import SHORT, AccountNames, Rebuild
from cyberflow.remote.canonical import MODEL_FIELDS, field_hash
from cyberflow.remote.desired import images_of, resolve_workflow
from cyberflow.remote.identity import Owner
from cyberflow.remote.images import find_image
from cyberflow.remote.snapshot import Snapshot

Compiler: TypeAlias = Callable[[Path, str], Bundle]
"""Compiles the project of a folder for a target. Raises CyberflowError."""
NamesOf: TypeAlias = Callable[[BundledWorkflow, Bundle], AccountNames]


class CommitBuilder:
    """The bundles of the commits of one repository, each made once."""

    def __init__(self, root: Path, target: str, compile: Compiler) -> None:  # noqa: A002 - what it does
        self._root = root
        self._target = target
        self._compile = compile
        self._made: dict[str, tuple[Bundle, CommitFacts] | CyberflowError] = {}

    def build(self, commit: str) -> tuple[Bundle, CommitFacts]:
        """The bundle that a commit compiles to. Raises CommitUnreadable, and CyberflowError for what has errors."""
        if commit not in self._made:
            try:
                with checkout(self._root, commit) as (folder, facts):
                    self._made[commit] = self._compile(folder, self._target), facts
            except CyberflowError as error:
                self._made[commit] = error
        made = self._made[commit]
        if isinstance(made, CyberflowError):
            raise made
        return made


def rebuild(builder: CommitBuilder, commit: str, workflow: str, content: str, names_of: NamesOf) -> Rebuild:
    """Compile a commit and compare one of its workflows with a content. A commit with `+` is only part of what was
    applied: that it gives something else says nothing.
    """
    short = commit[:SHORT]
    try:
        bundle, _ = builder.build(commit.rstrip("+"))
    except CommitUnreadable as error:
        return Rebuild(False if error.damaged else None, reason=error.message)
    except CyberflowError as error:
        return Rebuild(reason=f"{short} does not compile: {error.message.splitlines()[0]}")
    declared = bundle.workflow(workflow)
    if declared is None:
        return _rebuild_renamed(bundle, short, content, names_of)
    names = names_of(declared, bundle)
    made, lost = _content_of(declared, bundle, names)
    if lost:
        return Rebuild(reason=f"{short} cannot be compared: {lost}", names=names)
    if made == content:
        return Rebuild(True, made, f"{short} compiles to {made[:SHORT]}: the same content", names)
    if commit.endswith("+"):
        return Rebuild(None, made, f"{short} alone gives other content: the work tree differed", names)
    return Rebuild(False, made, f"{short} compiles to {made[:SHORT]}: other content", names)


def _rebuild_renamed(bundle: Bundle, short: str, content: str, names_of: NamesOf) -> Rebuild:
    """A workflow may have had another name in a commit: it is then found by its content."""
    for declared in bundle.workflows:
        names = names_of(declared, bundle)
        made, _ = _content_of(declared, bundle, names)
        if made == content:
            return Rebuild(True, made, f"{short} compiles `{declared.name}` to {made[:SHORT]}: the same content", names)
    return Rebuild(reason=f"{short} declares no workflow of this name or content")


def _content_of(declared: BundledWorkflow, bundle: Bundle, names: AccountNames) -> tuple[str, str]:
    """The hash of a declaration in the terms of an account, and what keeps it from being compared."""
    desired = resolve_workflow(declared, bundle, _snapshot(names, bundle), Owner(bundle.project, names.scope))
    lost = [*desired.faults, *(f"the account has no image {one.filename}" for one in desired.missing)]
    return field_hash(desired.fields), next(iter(lost), "")


def account_names(account: Snapshot, scope: str | None, declared: BundledWorkflow, bundle: Bundle) -> AccountNames:
    """What an account calls the models and images of one workflow."""
    wanted = _models_of(declared.payload)
    models = {one.name: one.id for one in account.models if one.name in wanted and not one.is_archived}
    models |= {one.id: one.id for one in account.models if one.id in wanted}
    images: dict[str, str] = {}
    for sha256 in images_of(declared.payload):
        asset = bundle.asset(sha256)
        found = find_image(sha256, asset.filename if asset else "", account.images, account.image_hashes)
        if found is not None:
            images[sha256] = found.supabase_url
    return AccountNames(scope, models, images)


def _models_of(payload: Mapping[str, Any]) -> set[str]:
    metadata = payload.get("model_metadata") or {}
    checks = payload.get("post_run_checks") or ()
    named = [*(metadata.get(field) for field in MODEL_FIELDS), *(check.get("model") for check in checks)]
    return {name for name in named if name}


def _snapshot(names: AccountNames, bundle: Bundle) -> Snapshot:
    """An account of which no more is known than these names."""
    files = {one.sha256: one.filename for one in bundle.assets}
    images = [Image(supabase_url=url, filename=files.get(sha256, "")) for sha256, url in names.images.items()]
    models = [Model(id=id, name=name) for name, id in names.models.items()]
    hashes = {url: sha256 for sha256, url in names.images.items()}
    return Snapshot(images=tuple(images), models=tuple(models), image_hashes=hashes)
