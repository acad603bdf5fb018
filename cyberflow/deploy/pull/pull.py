"""Pull of workflows as sources: which ones are meant, under which names, and the files that say them. Pure: `read`
fetches, `verify` compiles the result and holds it against the platform, `folder` writes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, count
from typing import Any

from cyberflow.client.cyberdesk.wire import Image, WorkflowRecord, canonical_id
from cyberflow.deploy.pull.decompile import DecompileContext, decompile
from cyberflow.deploy.pull.names import declared_name, file_name
from cyberflow.diagnostics import did_you_mean
from cyberflow.errors import UsageError
from cyberflow.language.yaml.writing.blocks import yaml_text
from cyberflow.remote.identity import Marker, Owner, Ownership, list_owned_workflows, ownership_of
from cyberflow.remote.images import image_addresses, name_without_hash
from cyberflow.remote.snapshot import Snapshot
from cyberflow.source import Route


@dataclass(frozen=True)
class PullItem:
    """A workflow to pull, and the name it gets. `ours` when it bears the name already, in its marker."""

    name: str
    workflow: WorkflowRecord
    ours: bool = False


@dataclass(frozen=True)
class PulledWorkflow:
    """The sources of one workflow: texts by path below the folder, the YAML file first. `prompts` says which value of
    the declaration each of the other files is.
    """

    name: str
    id: str
    title: str
    ours: bool
    texts: dict[str, str]
    prompts: dict[str, Route]


def choose_workflows(remote: Snapshot, owner: Owner, names: Collection[str], taken: Collection[str]) -> list[PullItem]:
    """Find the workflows that are meant by declared name, id or title; none named means all but other projects' and
    copies of ours.

    Raises UsageError for one that is not there, or a title that several have.
    """
    ours = {
        one.id: one.name
        for one in list_owned_workflows(remote.workflows, owner)
        if one.ownership is Ownership.MANAGED and one.name
    }
    open_to_us = [
        one for one in remote.workflows if one.id in ours or not _belongs_to_others(one, owner, copies=not names)
    ]
    meant = [_find_workflow(name, open_to_us, ours) for name in names] if names else sorted(open_to_us, key=_age_key)
    used = {*taken, *ours.values()}
    chosen = []
    for workflow in dict.fromkeys(one.id for one in meant):
        found = next(one for one in meant if one.id == workflow)
        name = ours.get(workflow) or declared_name(found.name or "workflow", used)
        used.add(name)
        chosen.append(PullItem(name, found, workflow in ours))
    return chosen


def _belongs_to_others(workflow: WorkflowRecord, owner: Owner, *, copies: bool) -> bool:
    """Whether it is another project's or, with `copies`, a copy of one of ours."""
    marker = Marker.find_in(workflow.input_schema)
    copy = copies and ownership_of(workflow, owner) is Ownership.COPY
    return marker is not None and (marker.owner != owner.tag or copy)


def _age_key(workflow: WorkflowRecord) -> tuple[str, str]:
    return workflow.created_at, workflow.id


def _find_workflow(name: str, workflows: Sequence[WorkflowRecord], ours: dict[str, str]) -> WorkflowRecord:
    for found in (
        [one for one in workflows if one.id == canonical_id(name.casefold())],
        [one for one in workflows if ours.get(one.id) == name],
        [one for one in workflows if one.name == name],
    ):
        if len(found) > 1:
            ids = ", ".join(one.id for one in found)
            raise UsageError(f"{len(found)} workflows have the title `{name}`", help=f"name one by its id: {ids}")
        if found:
            return found[0]
    known = [ours.get(one.id) or one.name or one.id for one in workflows]
    raise UsageError(f"there is no workflow `{name}` on the target", help=did_you_mean(name, known))


def image_files(chosen: Iterable[PullItem], images: Iterable[Image]) -> dict[str, str]:
    """Where the images that the workflows show are kept below the folder, by address; names stay readable."""
    used = frozenset().union(*(image_addresses(one.workflow) for one in chosen))
    files: dict[str, str] = {}
    taken: set[str] = set()
    for image in sorted(images, key=lambda one: one.supabase_url):
        if image.supabase_url in used:
            short, whole = (file_name(one) for one in (name_without_hash(image.filename), image.filename))
            stem, dot, ending = whole.rpartition(".")
            wanted = chain((short, whole), (f"{stem}-{number}{dot}{ending}" for number in count(2)))
            name = next(one for one in wanted if one.casefold() not in taken)
            taken.add(name.casefold())
            files[image.supabase_url] = f"images/{name}"
    return files


def pull(
    chosen: PullItem, owner: Owner, language: DecompileContext, ignores: Mapping[Route, Collection[str]] | None = None
) -> PulledWorkflow:
    """Write the sources of one workflow. `ignores` are rules that it breaks on the platform as well, by the value of
    the declaration that breaks them.
    """
    used = image_addresses(chosen.workflow)
    local = {address: path for address, path in language.images.items() if address in used}
    made = decompile(chosen.name, chosen.workflow, owner, replace(language, images=local))
    home = ("workflows", made.name)
    comments = {
        (*home, *route): f"cyberflow: ignore[{', '.join(sorted(rules))}] pulled as it is on the platform"
        for route, rules in (ignores or {}).items()
    }
    text = yaml_text({"workflows": {made.name: made.body}}, comments)
    texts = {file_name(f"{made.name}.yaml"): text, **made.files}
    title, prompts = chosen.workflow.name or "", dict(_file_routes(made.body))
    return PulledWorkflow(made.name, chosen.workflow.id, title, chosen.ours, texts, prompts)


def _file_routes(value: Any, route: Route = ()) -> Iterator[tuple[str, Route]]:
    """Where the files of a declaration are named."""
    if isinstance(value, dict) and set(value) == {"file"}:
        yield value["file"], route
    elif isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _file_routes(item, (*route, key))
