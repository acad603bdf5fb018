"""A dashboard edit and an edit of the sources, joined in the sources: found, merged, compiled, and then written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cyberflow.client.cyberdesk.wire import WorkflowRecord
from cyberflow.compiler.bundle import ASSET, Bundle
from cyberflow.compiler.check import check, check_target
from cyberflow.compiler.compile import compile_bundle
from cyberflow.deploy.apply.adopt import write_marker
from cyberflow.deploy.checkout import checkout
from cyberflow.deploy.merge.merge import MergedSources, MergeInputs, ThreeStates, merge_workflow
from cyberflow.deploy.pull.verify import decompile_context
from cyberflow.diagnostics import did_you_mean
from cyberflow.errors import ConflictError, CyberflowError, UsageError
from cyberflow.language.project.load import RawProject, read_project
from cyberflow.remote.canonical import differing_fields, field_hash, wire_fields
from cyberflow.remote.desired import resolve_workflow
from cyberflow.remote.identity import Marker, OwnedWorkflow, Owner, Ownership, list_owned_workflows, strip_marker
from cyberflow.remote.images import find_image
from cyberflow.remote.snapshot import Snapshot, read_snapshot
from cyberflow.sdk.project import CompiledProject, ProjectErrors, compile_project
from cyberflow.storage import write_bytes

if TYPE_CHECKING:
    from cyberflow.client.cyberdesk.client import Cyberdesk


@dataclass(frozen=True)
class MergeResult:
    """What a merge found and wrote. `base` says in words what it was merged from, None when nobody knows any more;
    `merged` is None when the platform has nothing new.
    """

    name: str
    id: str
    base: str | None = None
    merged: MergedSources | None = None

    @property
    def written(self) -> Sequence[str]:
        return sorted(self.merged.files) if self.merged else ()

    @property
    def conflicts(self) -> Sequence[str]:
        return self.merged.conflicts if self.merged else ()


async def merge_into_sources(desk: Cyberdesk, compiled: CompiledProject, name: str) -> MergeResult:
    """Merge what the platform changed of a workflow into the sources, and mark it there as seen when nothing is left to
    decide. Raises UsageError for a name that is not deployed, ConflictError, with nothing written, when the result
    would not say what it must.
    """
    remote = await read_snapshot(desk, compiled.bundle.assets)
    held = _find_workflow(compiled, remote, name)
    marker, theirs = held.marker, wire_fields(held.workflow)
    if marker is not None and marker.hash == field_hash(theirs):
        return MergeResult(name, held.id)
    ours = _fields(compiled.bundle, name, remote, compiled.owner)
    base, words = _find_base(compiled, marker, ours, remote)
    states = ThreeStates(base, ours, _without_marker(held.workflow))
    found = _merge_verified(compiled, name, states, remote)
    for path, content in sorted(found.files.items(), key=lambda one: one[0].endswith((".yaml", ".yml"))):
        write_bytes(compiled.sourced.root / path, content, private=False)
    if not found.conflicts:
        known = marker.name if marker else name
        await write_marker(desk, held.workflow, Marker(compiled.owner.tag, known, held.id, field_hash(theirs)))
    return MergeResult(name, held.id, words, found)


def _find_workflow(compiled: CompiledProject, remote: Snapshot, name: str) -> OwnedWorkflow:
    """The workflow of a declaration: by its name, the one that it had before, or its title where no marker is left."""
    declared = compiled.bundle.workflow(name)
    if declared is None:
        known = [one.name for one in compiled.bundle.workflows]
        raise UsageError(f"no workflow `{name}` is declared", help=did_you_mean(name, known))
    owned = list_owned_workflows(remote.workflows, compiled.owner)
    managed = {one.name: one for one in owned if one.ownership is Ownership.MANAGED}
    if found := managed.get(name) or managed.get(declared.was):
        return found
    title = compiled.owner.title(declared.payload["name"])
    unmarked = [one for one in owned if one.ownership is Ownership.REWRITTEN and one.workflow.name == title]
    if len(unmarked) == 1:
        return unmarked[0]
    help = "`cyberflow plan` says what became of it" if name in {one.name for one in owned} else "is it applied?"
    raise UsageError(f"`{name}` is not on {compiled.target} as a workflow of ours", help=help)


def _without_marker(workflow: WorkflowRecord) -> WorkflowRecord:
    return workflow.model_copy(update={"input_schema": strip_marker(workflow.input_schema)})


def _fields(bundle: Bundle, name: str, remote: Snapshot, owner: Owner) -> Mapping[str, Any]:
    declared = bundle.workflow(name)
    assert declared is not None  # noqa: S101 - it was looked for
    return resolve_workflow(declared, bundle, remote, owner).fields


def _find_base(
    compiled: CompiledProject, marker: Marker | None, ours: Mapping[str, Any], remote: Snapshot
) -> tuple[Mapping[str, Any] | None, str | None]:
    """What was written last, and where it was found: the sources as they are, or those of the marker's commit."""
    if marker is None or not marker.hash:
        return None, None
    if field_hash(ours) == marker.hash:
        return ours, "the sources, which are as they were applied"
    commit = marker.commit_id
    if commit is None:
        return None, None
    try:
        with checkout(compiled.sourced.root, commit) as (folder, facts):
            then = compile_project(folder, compiled.target).bundle
    except CyberflowError:
        return None, None
    if then.workflow(marker.name) is None:
        return None, None
    fields = _fields(then, marker.name, remote, compiled.owner)
    words = f"commit {commit[:7]} {facts.subject}".rstrip()
    return (fields, words) if field_hash(fields) == marker.hash else (None, None)


def _merge_verified(compiled: CompiledProject, name: str, states: ThreeStates, remote: Snapshot) -> MergedSources:
    """The merge that compiles to what it must; told apart by items first, then by whole lists."""
    sourced = compiled.sourced
    graph, builder, _ = check_target(sourced, compiled.target)
    compile_bundle(graph, builder)  # which finds the images
    addresses = {f"{ASSET}{asset.sha256}": _address(asset.sha256, asset.filename, remote) for asset in builder.assets}
    known = {asset: address for asset, address in addresses.items() if address is not None}
    inputs = MergeInputs(graph, builder.assets, compiled.owner, decompile_context(remote, {}), known)
    wrong: tuple[str, ...] = ()
    for deep in (True, False):
        found = merge_workflow(name, states, inputs, compiled.target, deep=deep)
        if found.conflicts:
            return found
        wrong = _differences(compiled, name, found, remote)
        if not wrong:
            return found
    names = ", ".join(f"`{one}`" for one in wrong)
    help = "`cyberflow pull --into .cyberflow/pulled` writes the platform's side down, to compare"
    raise ConflictError(f"{names} cannot be merged so that both edits are kept; nothing was written", help=help)


def _address(sha256: str, filename: str, remote: Snapshot) -> str | None:
    found = find_image(sha256, filename, remote.images, remote.image_hashes)
    return found.supabase_url if found else None


def _differences(compiled: CompiledProject, name: str, found: MergedSources, remote: Snapshot) -> tuple[str, ...]:
    """The fields in which the merged sources would not say what they must. Raises ProjectErrors for new errors."""
    after = read_project(compiled.sourced.root, found.files)
    _raise_new_errors(after)
    graph, builder, _ = check_target(after, compiled.target)
    fields = _fields(compile_bundle(graph, builder), name, remote, compiled.owner)
    return differing_fields(found.expected, fields)


def _raise_new_errors(after: RawProject) -> None:
    if errors := [one for one in check(after) if one.severity == "error"]:
        raise ProjectErrors(after, errors)
