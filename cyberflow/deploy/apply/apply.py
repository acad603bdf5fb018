"""Applies a plan: tags, images, workflows, several at once, then what is pruned; looks before every write, reads back
at the end. Killed anywhere and run again, it makes nothing twice and loses nothing; what no plan prunes is not deleted.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from cyberflow.client.http.errors import ApiError, RateLimited, Unreachable
from cyberflow.compiler.bundle import AssetReader
from cyberflow.deploy.apply.idempotent_create import CreatedUnread, Sleep
from cyberflow.deploy.apply.revalidate import RevalidatedPlan, revalidate
from cyberflow.deploy.apply.tag_writer import TagWriter
from cyberflow.deploy.apply.write import Writer
from cyberflow.deploy.plan.model import Change, Outcome, Plan, PlanRefused, Status
from cyberflow.errors import ConflictError, CyberflowError
from cyberflow.remote.canonical import field_hash, wire_fields
from cyberflow.remote.concurrency import run_concurrently
from cyberflow.remote.identity import OwnedWorkflow, Ownership, list_owned_workflows
from cyberflow.remote.images import image_addresses, orphans
from cyberflow.remote.snapshot import read_all_workflows, read_snapshot

if TYPE_CHECKING:
    from cyberflow.client.cyberdesk.client import Cyberdesk


async def apply(
    plan: Plan,
    desk: Cyberdesk,
    assets: AssetReader,
    *,
    overwrite_drift: bool = False,
    commit: str | None = None,
    sleep: Sleep = asyncio.sleep,
) -> AsyncGenerator[Outcome, None]:
    """Carry out a plan and yield what became of each change, as it happens; what went wrong is an outcome too. `commit`
    is the word that the markers of new content bear.

    Raises what `ensure_applicable` raises, and what reading the account raises before the first write. A workflow
    may get a second outcome, a conflict, when it is read back and is not as it was written.
    """
    ensure_applicable(plan)
    todo: list[Change] = []
    for change in plan.changes:
        if (stopped := _stop_outcome(change, overwrite_drift=overwrite_drift)) is not None:
            yield stopped
        elif change.pending:
            todo.append(change)
    if not todo:
        return
    fresh = await revalidate(plan, todo, desk)
    ensure_applicable(fresh.plan)
    for outcome in fresh.outcomes:
        yield outcome
    tags = TagWriter(desk, plan.owner, dict(fresh.plan.tags), sleep)
    work = _Deployment(Writer(tags, assets, commit), fresh, plan)
    async with aclosing(work.outcomes()) as outcomes:
        async for outcome in outcomes:
            yield outcome


def ensure_applicable(plan: Plan) -> None:
    """Raise PlanRefused for a plan that has errors, ConflictError for one that prunes too much."""
    if plan.errors:
        raise PlanRefused("\n".join(one.message for one in plan.errors), help=plan.errors[0].help)
    if plan.refused:
        raise ConflictError("\n".join(one.message for one in plan.refused), help=plan.refused[0].help)


def _stop_outcome(change: Change, *, overwrite_drift: bool) -> Outcome | None:
    if change.action == "lost":
        return Outcome.of(change, "conflict", f"ownership is lost: {change.reason}; `cyberflow adopt` takes it back")
    if change.action == "drift" and not overwrite_drift:
        return Outcome.of(
            change, "conflict", f"{change.reason}; `cyberflow pull` takes it over, --overwrite-drift writes over it"
        )
    return None


@dataclass
class _Deployment:
    writer: Writer
    fresh: RevalidatedPlan
    plan: Plan
    halted: str | None = None
    written: list[Outcome] = field(default_factory=list)

    async def outcomes(self) -> AsyncGenerator[Outcome, None]:
        workflows = [change for change in self.fresh.todo if change.kind == "workflow" and change.desired]
        leaving = [change for change in self.fresh.todo if change.kind == "workflow" and not change.desired]
        needed = {asset.filename for change in workflows if change.desired for asset in change.desired.missing}
        phases: Sequence[tuple[Iterable[Change], Callable[[Change], Awaitable[Outcome]]]] = (
            ((one for one in self.fresh.todo if one.kind == "tag"), self.writer.tags.write),
            (
                (one for one in self.fresh.todo if one.action == "upload" and one.name in needed),
                self.writer.upload_image,
            ),
            (workflows, self._write_workflow),
            (leaving, self._release_or_delete),
        )
        for changes, write in phases:
            async with aclosing(run_concurrently([self._job(one, write) for one in changes])) as outcomes:
                async for outcome in outcomes:
                    yield outcome
                    if outcome.kind == "workflow" and outcome.status == "done" and write != self._release_or_delete:
                        self.written.append(outcome)
        if self.written:
            for outcome in await self._read_back():
                yield outcome
        async with aclosing(self._delete_orphan_images()) as outcomes:
            async for outcome in outcomes:
                yield outcome

    async def _delete_orphan_images(self) -> AsyncGenerator[Outcome, None]:
        """Delete images at the very end, and only those that nothing shows now that everything is written."""
        doomed = [change for change in self.fresh.todo if change.kind == "image" and change.action == "delete"]
        if not doomed:
            return
        remote = await read_snapshot(self.writer.desk)
        free = {one.supabase_url for one in orphans(remote.images, [image_addresses(one) for one in remote.workflows])}
        for change in doomed:
            if change.id in free:
                yield await self._attempt(change, self.writer.delete_image)
            elif any(one.supabase_url == change.id for one in remote.images):
                yield Outcome.of(change, "conflict", "a workflow shows it now")
            else:
                yield Outcome.of(change, "unchanged")

    def _job(self, change: Change, write: Callable[[Change], Awaitable[Outcome]]) -> Callable[[], Awaitable[Outcome]]:
        return lambda: self._attempt(change, write)

    async def _attempt(
        self, change: Change, write: Callable[[Change], Awaitable[Outcome]], id: str | None = None
    ) -> Outcome:
        """One failure is one outcome, the others go on; but nobody knocks again at a door that is shut. With an `id` it
        was made already: then it is told as begun, whatever stops it.
        """
        if self.halted is not None:
            return _begun(change, id, self.halted) if id else Outcome.of(change, "skipped", self.halted)
        try:
            return await write(change)
        except CyberflowError as error:
            if _stops_the_rest(error):
                self.halted = error.message
            if isinstance(error, CreatedUnread):
                return _begun(change, error.id, error.message, error.help)
            if id and not isinstance(error, ConflictError):
                return _begun(change, id, error.message, error.help)
            outcome = Outcome.from_error(change, error, id)
            if change.id is None and not getattr(error, "nothing_was_made", True):
                return replace(outcome, message=f"{outcome.message}; it may have been made: the next apply looks")
            return outcome

    async def _write_workflow(self, change: Change) -> Outcome:
        if change.seen is not None:
            return await self.writer.bring_up_to_date(change, await self.writer.reread(change))
        made = await self.writer.create_workflow(change, self.fresh.ids_of(change.name))
        return await self._attempt(change, lambda one: self.writer.bring_up_to_date(one, made), made.id)

    async def _release_or_delete(self, change: Change) -> Outcome:
        prune = self.plan.prune
        with_runs = prune is not None and prune.delete_runs
        return await self.writer.release_or_delete(change, delete_runs=with_runs)

    async def _read_back(self) -> list[Outcome]:
        try:
            held = list_owned_workflows(await read_all_workflows(self.writer.desk), self.plan.owner)
        except CyberflowError as error:
            status: Status = "conflict" if isinstance(error, ConflictError) else "failed"
            message = f"it was written, but could not be read back: {error.message}"
            return [Outcome(one.action, one.kind, one.name, one.id, status, message) for one in self.written]
        told = {one.name for one in self.plan.conflicts}
        ours: defaultdict[str | None, list[OwnedWorkflow]] = defaultdict(list)
        for one in held:
            if one.ownership.is_ours:
                ours[one.name].append(one)
        faults = [(done, _read_back_fault(done, ours[done.name])) for done in self.written if done.name not in told]
        return [Outcome(one.action, one.kind, one.name, one.id, "conflict", fault) for one, fault in faults if fault]


def _stops_the_rest(error: CyberflowError) -> bool:
    """Whether every other write would fare alike; a 403 is about one object."""
    error = error.reason if isinstance(error, CreatedUnread) else error
    return isinstance(error, Unreachable | RateLimited) or (isinstance(error, ApiError) and error.credentials)


def _begun(change: Change, id: str, why: str, help: str | None = None) -> Outcome:
    message = f"it was created, and the next apply finishes it: {why}"
    return replace(Outcome.of(change, "unfinished", message, id), help=help)


def _read_back_fault(outcome: Outcome, same: Sequence[OwnedWorkflow]) -> str | None:
    """What is wrong with a workflow that was written, seen from those of its name in the list of all."""
    if len(same) > 1:
        return f"{len(same)} workflows are marked as `{outcome.name}`: {', '.join(one.id for one in same)}"
    there = next((one for one in same if one.id == outcome.id), None)
    if there is None or there.marker is None:
        return "it was written, but is not there when read back"
    if there.ownership is not Ownership.MANAGED:
        return f"it was written, but when read back it is {there.ownership.value}"
    if there.marker.hash != field_hash(wire_fields(there.workflow)):
        return "it was written, and somebody else changed it meanwhile"
    return None
