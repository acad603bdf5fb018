"""Tags of workflows in a plan: which one a name means, what a workflow shall bear, and what cannot be.
Tags are never drift: a declared list is set, and those of other projects stay. Pure.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from cyberflow.client.cyberdesk.wire import TagRecord, WorkflowRecord
from cyberflow.deploy.plan.model import Change, FieldChange, PlanProblem
from cyberflow.diagnostics import join_names
from cyberflow.remote.desired import DesiredWorkflow
from cyberflow.remote.identity import PREFIX, Owner


def tags_by_name(tags: Iterable[TagRecord]) -> dict[str, TagRecord]:
    """The tag that each name means: names are not unique, so one in use goes first, then the oldest."""
    ordered = sorted(tags, key=lambda tag: (tag.is_archived, tag.created_at or "", tag.id), reverse=True)
    return {tag.name: tag for tag in ordered}


def tag_names_to_set(desired: DesiredWorkflow, workflow: WorkflowRecord | None, owner: Owner) -> set[str]:
    """What the workflow shall bear: ours, and with a declared list exactly that and the other projects' tags."""
    there = {tag.name for tag in (workflow.tags if workflow else None) or ()}
    if desired.tags is None:
        return there | {owner.tag}
    return {*desired.tags, owner.tag, *(name for name in there if name.startswith(PREFIX))}


def tag_change(desired: DesiredWorkflow, workflow: WorkflowRecord | None) -> FieldChange | None:
    """The line of a plan about the declared tags; those of projects are not shown."""
    if desired.tags is None:
        return None
    before = sorted({tag.name for tag in (workflow.tags if workflow else None) or ()} - _project_tag_names(workflow))
    after = sorted(name for name in desired.tags if not name.startswith(PREFIX))
    return FieldChange("tags", before, after) if before != after else None


def tag_problems(
    desired: DesiredWorkflow, workflow: WorkflowRecord | None, tags: Mapping[str, TagRecord], owner: Owner
) -> Iterator[PlanProblem]:
    """What is wrong with a declared list in this account: reserved and archived names, two of one exclusive group."""
    for name in desired.tags or ():
        tag = tags.get(name)
        if name.startswith(PREFIX) and name != owner.tag:
            yield PlanProblem(
                desired.name, f"the tag `{name}` is another project's; names with `{PREFIX}` are reserved"
            )
        elif tag is not None and tag.is_archived and name != owner.tag:
            help = "unarchive it in the dashboard, or declare another"
            yield PlanProblem(desired.name, f"the tag `{name}` of `{desired.name}` is archived", (tag.id,), help)
    groups: dict[str, list[str]] = defaultdict(list)
    for name in sorted(tag_names_to_set(desired, workflow, owner) if desired.tags is not None else ()):
        if name in tags and (group := tags[name].group_id):
            groups[group].append(name)
    for group, names in groups.items():
        if len(names) > 1:
            title = next((tags[name].group for name in names if tags[name].group), None)
            place = f"`{title.name}`" if title else group
            yield PlanProblem(
                desired.name, f"the tags {join_names(names)} are of the group {place}: a workflow can bear one of them"
            )


def tag_changes(workflows: Sequence[Change], tags: Mapping[str, TagRecord], owner: Owner) -> Iterator[Change]:
    """What the changes of workflows need first: our tag there and assignable, the declared ones there."""
    ours = tags.get(owner.tag)
    if any(owner.tag not in _tag_names(change.seen) for change in workflows):
        if ours is None:
            yield Change("create", "tag", owner.tag, reason="marks the workflows of this project")
        elif ours.is_archived:
            fields = (FieldChange("is_archived", before=True, after=False),)
            yield Change("update", "tag", owner.tag, ours.id, fields, "an archived tag cannot be assigned")
    declared = {name for change in workflows if change.desired for name in change.desired.tags or ()}
    for name in sorted(declared - tags.keys() - {owner.tag}):
        yield Change("create", "tag", name)


def _tag_names(workflow: WorkflowRecord | None) -> set[str]:
    return {tag.name for tag in (workflow.tags if workflow else None) or ()}


def _project_tag_names(workflow: WorkflowRecord | None) -> set[str]:
    return {name for name in _tag_names(workflow) if name.startswith(PREFIX)}
