"""Reconciles declarations with the workflows of an account: which is which, and what the others are. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from cyberflow.client.cyberdesk.wire import WorkflowRecord
from cyberflow.deploy.plan.model import Change, KeptWorkflow, PlanProblem
from cyberflow.diagnostics import join_names
from cyberflow.remote.desired import DesiredWorkflow
from cyberflow.remote.identity import PREFIX, Marker, OwnedWorkflow, Ownership

_CANDIDATES = (Ownership.MANAGED, Ownership.UNFINISHED)


@dataclass
class Reconciliation:
    """`found` maps declared names to their workflow; a declared name in `stopped` is neither changed nor created."""

    found: dict[str, OwnedWorkflow] = field(default_factory=dict)
    stopped: set[str] = field(default_factory=set)
    notices: list[Change] = field(default_factory=list)
    conflicts: list[PlanProblem] = field(default_factory=list)
    errors: list[PlanProblem] = field(default_factory=list)
    kept: list[KeptWorkflow] = field(default_factory=list)

    def about(self, names: Collection[str]) -> Reconciliation:
        """What is to be said of some declarations; copies and what is kept are told whatever is declared."""
        return replace(
            self,
            notices=[one for one in self.notices if one.action == "copy" or one.name in names],
            conflicts=[one for one in self.conflicts if one.name in names],
            errors=[one for one in self.errors if one.name in names],
        )


def reconcile(desired: Sequence[DesiredWorkflow], held: Iterable[OwnedWorkflow]) -> Reconciliation:
    """Go through what is held, oldest first, by what marker and tag say together."""
    match = Reconciliation()
    by_name: dict[str, list[OwnedWorkflow]] = defaultdict(list)
    rewritten: list[OwnedWorkflow] = []
    for one in held:
        if one.name is None:
            rewritten.append(one)
        elif one.ownership is Ownership.COPY:
            match.notices.append(
                Change("copy", "workflow", one.name, one.id, reason=_describe_copy(one), seen=one.workflow)
            )
        else:
            by_name[one.name].append(one)
    for wanted in desired:
        _reconcile_one(wanted, by_name.pop(_name_on_account(wanted, by_name, desired, match), ()), match)
    settled = match.found.keys() | match.stopped
    _match_by_title([one for one in desired if one.name not in settled], rewritten, match)
    for name, others in by_name.items():
        match.kept.extend(_to_kept_workflow(name, one) for one in others if one.ownership is not Ownership.LOST)
    return match


def _to_kept_workflow(name: str, one: OwnedWorkflow) -> KeptWorkflow:
    """An unfinished create may also be a copy of one: it is told, and never taken for what `--prune` may take."""
    if one.ownership is Ownership.UNFINISHED:
        return KeptWorkflow(
            name, one.id, "an unfinished create, no longer declared: declare it again or delete it by hand"
        )
    return KeptWorkflow(name, one.id, "no longer declared", prunable=True, seen=one.workflow)


def _name_on_account(
    wanted: DesiredWorkflow,
    by_name: Mapping[str, list[OwnedWorkflow]],
    desired: Sequence[DesiredWorkflow],
    match: Reconciliation,
) -> str:
    if wanted.name in by_name or not wanted.was or any(one.name == wanted.was for one in desired):
        return wanted.name
    rivals = [one.name for one in desired if one.was == wanted.was and one.name not in by_name]
    if len(rivals) == 1:
        return wanted.was
    if wanted.name == rivals[0]:
        message = f"{join_names(rivals)} were both `{wanted.was}`; only one can be its new name"
        match.errors.append(PlanProblem(wanted.name, message))
    return wanted.name


def _reconcile_one(wanted: DesiredWorkflow, held: Sequence[OwnedWorkflow], match: Reconciliation) -> None:
    lost = [one for one in held if one.ownership is Ownership.LOST]
    for one in lost:
        reason = "it bears our marker but not our tag: ownership was taken away"
        match.notices.append(Change("lost", "workflow", wanted.name, one.id, reason=reason, seen=one.workflow))
    if lost:
        match.stopped.add(wanted.name)
        return
    first = min(held, key=lambda one: _CANDIDATES.index(one.ownership), default=None)
    if first is None:
        return
    match.found[wanted.name] = first
    if len(held) > 1:
        ids = tuple(one.id for one in held)
        message = f"{len(held)} workflows are marked as `{wanted.name}`: {', '.join(ids)}; {first.id} is taken for it"
        match.conflicts.append(
            PlanProblem(wanted.name, message, ids, "look at the others in the dashboard and delete what nobody needs")
        )


def _match_by_title(
    unmatched: Sequence[DesiredWorkflow], rewritten: Sequence[OwnedWorkflow], match: Reconciliation
) -> None:
    for one in rewritten:
        title = one.workflow.name or ""
        wanted = [declared for declared in unmatched if declared.fields["name"] == title]
        rivals = [other for other in rewritten if (other.workflow.name or "") == title]
        if len(wanted) == len(rivals) == 1:
            match.found[wanted[0].name] = one
            continue
        match.kept.append(
            KeptWorkflow(title, one.id, "it bears our tag but no marker, and its title is that of no declaration")
        )
        for declared in wanted:
            match.stopped.add(declared.name)
            ids = tuple(other.id for other in rivals)
            message = f"`{declared.name}` may be any of the unmarked workflows with its title: {', '.join(ids)}"
            help = "take our tag off those that it is not"
            if all(problem.name != declared.name for problem in match.conflicts):
                match.conflicts.append(PlanProblem(declared.name, message, ids, help))


def unowned_ids(workflows: Iterable[WorkflowRecord]) -> Mapping[str, list[str]]:
    """The ids of the workflows that bear nobody's marks, so that they may be adopted, by title."""
    found: dict[str, list[str]] = defaultdict(list)
    for one in workflows:
        if (
            one.name
            and Marker.find_in(one.input_schema) is None
            and not any(tag.name.startswith(PREFIX) for tag in one.tags or ())
        ):
            found[one.name].append(one.id)
    return found


def adoption_hint(desired: DesiredWorkflow, strangers: Mapping[str, list[str]], target: str) -> str:
    """Say beside a create which workflows have its title already, with the command that takes one in its place."""
    titles = dict.fromkeys((desired.fields["name"], desired.title))
    ids = [id for title in titles for id in strangers.get(title, ())]
    if not ids:
        return ""
    where = "" if target == "local" else f"--target {target} "
    others = f" (also {', '.join(ids[1:])})" if ids[1:] else ""
    return f"`{desired.title}` is there, not ours: `cyberflow adopt {where}{desired.name} {ids[0]}` takes it{others}"


def _describe_copy(one: OwnedWorkflow) -> str:
    return f"a copy of {one.marker.id if one.marker else ''}: {one.workflow.name or 'untitled'}"
