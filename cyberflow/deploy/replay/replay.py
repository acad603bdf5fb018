"""The replay of past runs over a plan: what the new schemas and refs would have said to them. Pure over the runs."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from cyberflow.client.cyberdesk.wire import RunRecord
from cyberflow.compiler.bundle import Bundle, BundledChain
from cyberflow.deploy.plan.model import Change, Plan
from cyberflow.deploy.replay.model import CacheUse, Refusal, Replay, ReplayExample, ReplayWord, day_of
from cyberflow.deploy.replay.refusals import SchemaGuard
from cyberflow.deploy.replay.sessions import (
    NewInputs,
    PastSession,
    find_chain,
    new_inputs,
    readers_of,
    step_of,
)
from cyberflow.schema.values import without_empty

UNMENDABLE = frozenset({"additionalProperties", "propertyNames", "maxProperties", "type"})
"""Keywords at the root of inputs which no further value can satisfy."""
_STEPS = ("total_agentic_steps", "total_cached_steps")
Check = Callable[[Any], list[Refusal]]


def changes_to_replay(made: Plan) -> tuple[Change, ...]:
    """The changes that past runs are held against."""
    words = {"update", "rename", "drift"}
    return tuple(one for one in made.changes if one.kind == "workflow" and one.action in words and one.desired)


def replay(made: Plan, runs: Sequence[RunRecord], since: str | None = None) -> Plan:
    """Hold runs against each workflow that would change, and give the plan with what became of them. `runs` are those
    of the changed workflows, and others of their sessions; `since` is the day from which they were asked for.
    """
    past = _Past.of(made, runs)
    changes = {change.name: past.replay(change, since) for change in changes_to_replay(made)}
    with_replays = (
        replace(one, replay=changes.get(one.name)) if one.kind == "workflow" else one for one in made.changes
    )
    return replace(made, changes=tuple(with_replays))


@dataclass(frozen=True)
class _Finding:
    """What one look at a run says: refusals, names that a machine may supply, and whether something is not known."""

    refusals: tuple[Refusal, ...] = ()
    deferred: tuple[str, ...] = ()
    unknown: bool = False


@dataclass(frozen=True)
class _Past:
    """The runs by workflow and session, and the plan's new schemas by declared name."""

    bundle: Bundle
    ids: Mapping[str, str]
    by_workflow: Mapping[str, Sequence[RunRecord]]
    sessions: Mapping[str, PastSession]
    inputs: Mapping[str, _Inputs]

    @classmethod
    def of(cls, made: Plan, runs: Sequence[RunRecord]) -> _Past:
        by_workflow: dict[str, list[RunRecord]] = defaultdict(list)
        sessions: dict[str, dict[str, RunRecord]] = defaultdict(dict)
        for run in {one.id: one for one in runs}.values():
            by_workflow[run.workflow_id].append(run)
            if run.session_id and run.session_alias:
                sessions[run.session_id][run.session_alias] = run
        past = {id: PastSession(found) for id, found in sessions.items()}
        inputs = {one.name: _Inputs.of(made.bundle, one.name) for one in made.bundle.workflows}
        return cls(made.bundle, made.ids, by_workflow, past, inputs)

    def replay(self, change: Change, since: str | None) -> Replay:
        runs = self.by_workflow.get(change.id or "", ())
        output = SchemaGuard.of(change.desired.fields["output_schema"] if change.desired else None, legacy=True)
        check_output = output.check() if output else None
        counts: Counter[ReplayWord] = Counter()
        examples: list[ReplayExample] = []
        deferred: dict[str, None] = {}
        for run in sorted(runs, key=lambda one: one.created_at, reverse=True):
            found = [*self._look(change.name, run, check_output)]
            refusals = [one for finding in found for one in finding.refusals]
            late = [name for finding in found for name in finding.deferred]
            unknown = any(finding.unknown for finding in found)
            counts["refused" if refusals else "unknown" if unknown else "deferred" if late else "fit"] += 1
            deferred |= dict.fromkeys(late)
            if refusals:
                examples.append(ReplayExample(run.id, run.created_at, refusals[0], run.session_id))
        oldest = since or day_of(min((run.created_at for run in runs), default=None))
        return Replay(oldest, counts, tuple(examples), tuple(deferred), _cache_use(runs))

    def _look(self, name: str, run: RunRecord, check_output: Check | None) -> Iterator[_Finding]:
        session = self.sessions.get(run.session_id or "", PastSession())
        chain = find_chain(self.bundle, session, self.ids) if run.session_alias in session.runs else None
        step = step_of(chain, run.session_alias) if chain else None
        if chain is None or step is None:
            yield self.inputs[name].look(_old_inputs(run), ())
        else:
            yield self.inputs[name].look(new_inputs(step, session, run.input_values), chain.from_machine)
        if run.status != "success":
            return
        if check_output is not None:
            known = run.output_data is not None
            refusals = check_output(run.output_data) if known else ()
            yield _Finding(tuple(one.within("outputs") for one in refusals), unknown=not known)
        if chain is not None:
            yield from self._look_at_readers(chain, run, session)

    def _look_at_readers(self, chain: BundledChain, run: RunRecord, session: PastSession) -> Iterator[_Finding]:
        """Old outputs through the refs as they are now, into the inputs of the steps that read them."""
        for step, roots in readers_of(chain, run.session_alias or ""):
            reader = session.runs.get(step["session_alias"])
            given = new_inputs(step, session, reader.input_values if reader else None)
            found = self.inputs[step["workflow_id"]].look(given, chain.from_machine)
            ours = (one for one in found.refusals if one.path[1:2] and one.path[1] in roots)
            yield _Finding(tuple(one.within("steps", step["session_alias"]) for one in ours))


def _old_inputs(run: RunRecord) -> NewInputs:
    """What a run was given, as far as the platform keeps it."""
    values = run.input_values or {}
    waiting = frozenset(root for root, value in values.items() if isinstance(value, dict) and "$ref" in value)
    known = {root: value for root, value in values.items() if root not in waiting}
    return NewInputs(known, waiting, frozenset(run.sensitive_input_aliases or ()))


@dataclass(frozen=True)
class _Inputs:
    """The new input schema of a workflow, and what machines may supply to it."""

    guard: SchemaGuard | None
    check: Check | None
    from_machine: frozenset[str]

    @classmethod
    def of(cls, bundle: Bundle, name: str) -> _Inputs:
        workflow = bundle.workflow(name)
        guard = SchemaGuard.of(workflow.payload.get("input_schema") if workflow else None)
        return cls(guard, guard.check() if guard else None, frozenset(workflow.from_machine if workflow else ()))

    def look(self, given: NewInputs, from_machine: Sequence[str]) -> _Finding:
        """Hold inputs against the schema. What a machine may supply is deferred where it is missing; nothing is said of
        a root that is not known, nor of the whole while there is one.
        """
        if self.guard is None or self.check is None:
            return _Finding()
        needed = self.guard.required
        present = {key: value for key, value in given.values.items() if _has_value(value) or key in needed}
        instance = without_empty(present) | {f"${name}": "" for name in given.secrets}
        machine = self.from_machine | {*from_machine}
        open_roots = given.unknown | {f"${name}" for name in given.secrets}
        refusals: list[Refusal] = []
        deferred: list[str] = []
        unknown = bool(given.unknown)
        for one in self.check(instance):
            root = one.path[0] if one.path else None
            if root in open_roots:
                continue
            if len(one.path) == 1 and one.keyword == "required" and root in machine:
                deferred.append(str(root))
            elif root is None and (open_roots or deferred) and one.keyword not in UNMENDABLE:
                unknown = True
            else:
                refusals.append(one.within("inputs"))
        return _Finding(tuple(refusals), tuple(deferred), unknown)


def _has_value(value: Any) -> bool:
    return value is not None and not (isinstance(value, str) and not value.strip())


def _cache_use(runs: Sequence[RunRecord]) -> CacheUse | None:
    """The steps that runs say they took; what is not a pair of plain counts says nothing."""
    found = [counts for run in runs if (counts := _step_counts(run.usage_metadata))]
    if not found:
        return None
    return CacheUse(len(found), sum(map(sum, found)), sum(cached for _, cached in found))


def _step_counts(usage: Any) -> tuple[int, int] | None:
    match [usage.get(name) for name in _STEPS] if isinstance(usage, Mapping) else ():
        case [int(fresh), int(cached)] if not isinstance(fresh, bool) and not isinstance(cached, bool):
            return (fresh, cached) if min(fresh, cached) >= 0 < fresh + cached else None
    return None
