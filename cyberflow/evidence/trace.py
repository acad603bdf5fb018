"""Tracing: from runs to the content they executed, and from there to commit, apply, receipt and approver."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from cyberflow.client.cyberdesk.wire import RunRecord, WorkflowRecord, parse_time
from cyberflow.deploy.checkout import CommitUnreadable, branches_with, read_commit
from cyberflow.deploy.receipts import StoredReceipt
from cyberflow.errors import CyberflowError, UsageError
from cyberflow.evidence.account import facts_of, read_many_runs, read_runs, read_runs_since, read_states
from cyberflow.evidence.facts import LATEST, CommitNote, ContentState, Rebuild, RunEvidence, TracedRun
from cyberflow.evidence.grade import grade, needs_versions
from cyberflow.evidence.rebuild import CommitBuilder, account_names, rebuild
from cyberflow.evidence.receipts import find_receipt
from cyberflow.remote.identity import Owner
from cyberflow.remote.images import hash_candidates
from cyberflow.remote.snapshot import Snapshot, read_snapshot
from cyberflow.run.readings.reading import WorkflowReading
from cyberflow.run.readings.submission import Submission

if TYPE_CHECKING:
    from cyberflow.client.cyberdesk.client import Cyberdesk


@dataclass(frozen=True)
class TraceRequest:
    """What is asked for: runs and sessions by id, the runs of ledgers, those made since a moment."""

    ids: tuple[str, ...] = ()
    submissions: tuple[Submission, ...] = ()
    since: datetime | None = None


@dataclass(frozen=True)
class TraceSources:
    """What this machine knows: the repository at `root`, the submissions of its journal, the receipts of the target."""

    root: Path
    owner: Owner
    builder: CommitBuilder
    submissions: tuple[Submission, ...] = ()
    receipts: tuple[StoredReceipt, ...] = ()


async def trace(desk: Cyberdesk, request: TraceRequest, sources: TraceSources) -> list[TracedRun]:
    """Trace runs, in the order asked for. Raises UsageError for an id that is neither a run nor a session, and as the
    service does.
    """
    runs = await _find_runs(desk, request)
    remote = await read_snapshot(desk)
    account = _TracedAccount(desk, sources, {one.id: one for one in remote.workflows}, remote)
    submissions = _by_run((*sources.submissions, *request.submissions))
    seen = [await account.evidence(run, submissions.get(run.id)) for run in runs]
    return await account.link(seen)


async def _find_runs(desk: Cyberdesk, request: TraceRequest) -> list[RunRecord]:
    found: dict[str, RunRecord] = {}
    for id in request.ids:
        runs = await read_runs(desk, id)
        if not runs:
            help = "`cyberflow runs list` shows them"
            raise UsageError(f"there is no session and no run `{id}`", help=help)
        found.update((run.id, run) for run in runs)
    of_ledgers = [id for one in request.submissions for id in one.run_ids]
    found.update((run.id, run) for run in await read_many_runs(desk, dict.fromkeys(of_ledgers)))
    if request.since is None:
        return list(found.values())
    if not request.ids and not request.submissions:
        return await read_runs_since(desk, request.since)
    return [run for run in found.values() if (parse_time(run.created_at) or LATEST) >= request.since]


def _by_run(submissions: Iterable[Submission]) -> dict[str, Submission]:
    """The submission of each run; one that has readings first."""
    ordered = sorted(submissions, key=lambda one: bool(one.looks))
    return {run: one for one in ordered for run in one.run_ids}


@dataclass
class _TracedAccount:
    """The account as it is now, and what of its past was asked for."""

    desk: Cyberdesk
    sources: TraceSources
    workflows: Mapping[str, WorkflowRecord]
    remote: Snapshot
    states: dict[str, tuple[ContentState, ...]] = field(default_factory=dict)

    async def evidence(self, run: RunRecord, submission: Submission | None) -> RunEvidence:
        """Everything that is known of a run; versions only where a grade would rest on them."""
        workflow = self.workflows.get(run.workflow_id)
        seen = RunEvidence(
            facts_of(run, workflow, self.sources.owner),
            submission.readings_of(run.workflow_id) if submission else (),
            submission.times.get(run.id) if submission else None,
            WorkflowReading.of(workflow) if workflow else None,
        )
        if workflow is None or not needs_versions(seen):
            return seen
        if workflow.id not in self.states:
            self.states[workflow.id] = await read_states(self.desk, workflow)
        return replace(seen, states=self.states[workflow.id])

    async def link(self, seen: Sequence[RunEvidence]) -> list[TracedRun]:
        """Grade, and follow what is claimed to commits and receipts."""
        graded = [TracedRun(one, grade(one)) for one in seen]
        await self._hash_images({one.grading.commit for one in graded if one.grading.commit})
        notes: dict[str, CommitNote | None] = {}
        return [self._link(one, notes) for one in graded]

    async def _hash_images(self, commits: Iterable[str]) -> None:
        """Look into images that others uploaded and that the commits may show."""
        assets = []
        for commit in commits:
            try:
                assets += self.sources.builder.build(commit.rstrip("+"))[0].assets
            except CyberflowError:
                continue  # it is told when it is rebuilt
        hashes = await hash_candidates(self.desk, self.remote.images, assets)
        self.remote = replace(self.remote, image_hashes=hashes)

    def _link(self, one: TracedRun, notes: dict[str, CommitNote | None]) -> TracedRun:
        grading, run, sources = one.grading, one.run, self.sources
        if grading.hash is None:
            return one
        receipt = find_receipt(sources.receipts, run.workflow_id, grading.hash, grading.commit, run.created_at)
        if grading.commit is None:
            return replace(one, receipt=receipt, rebuild=Rebuild(reason="no commit is known for this content"))
        commit = grading.commit.rstrip("+")
        if commit not in notes:
            notes[commit] = _note(sources.root, commit)
        names = partial(account_names, self.remote, sources.owner.scope)
        rebuilt = rebuild(sources.builder, grading.commit, run.workflow, grading.hash, names)
        return replace(one, receipt=receipt, rebuild=rebuilt, commit=notes[commit])


def _note(root: Path, commit: str) -> CommitNote | None:
    try:
        found = read_commit(root, commit)
    except CommitUnreadable:
        return None
    return CommitNote(
        found.id, found.author, found.at, found.subject, found.signed, tuple(branches_with(root, found.id))
    )
