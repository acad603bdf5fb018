"""What a project deploys: planned, applied with a receipt, adopted. Whoever shows it iterates over the outcomes."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from cyberflow.deploy.apply.adopt import adopt
from cyberflow.deploy.apply.apply import apply
from cyberflow.deploy.apply.prepare import prepare, wait_until_idle
from cyberflow.deploy.plan.model import Outcome, Plan, PruneOptions
from cyberflow.deploy.plan.plan_file import SavedPlan, load_plan
from cyberflow.deploy.receipts import FOLDER, Approval, Receipt
from cyberflow.deploy.replay.history import read_history
from cyberflow.deploy.replay.model import ReplayRange
from cyberflow.deploy.replay.replay import replay
from cyberflow.errors import CyberflowError, UsageError
from cyberflow.sdk.deployments.commits import deployed_commit
from cyberflow.sdk.project import CompiledProject
from cyberflow.targets.local_platform import Say, state_folder
from cyberflow.targets.service import CyberdeskService, open_target

INTERRUPTED = 130
NOTHING = PruneOptions(workflows=False)
"""Nothing is taken away."""


@dataclass(frozen=True)
class PlanOptions:
    """What a plan is limited to, what it may take away, and which past runs it is held against."""

    only: tuple[str, ...] = ()
    prune: PruneOptions = field(default_factory=lambda: NOTHING)
    replay: ReplayRange | None = None


@dataclass(frozen=True)
class ApplyOptions:
    """How a plan is carried out. `saved` must be what is planned now; `receipt` is where a copy of the receipt goes;
    `approved_by` is who approved it, where not the CI says so.
    """

    plan: PlanOptions = field(default_factory=PlanOptions)
    saved: SavedPlan | None = None
    overwrite_drift: bool = False
    wait_idle: bool = False
    receipt: Path | None = None
    approved_by: str | None = None


def read_saved_plan(file: Path) -> SavedPlan:
    """Read what `plan --out` saved. Raises UsageError for what is not a plan."""
    try:
        return load_plan(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file} cannot be read", help="`cyberflow plan --out FILE` writes a plan") from error


@dataclass(frozen=True)
class Deployment:
    """A compiled project and its open target."""

    compiled: CompiledProject
    service: CyberdeskService

    async def plan(self, options: PlanOptions = PlanOptions()) -> Plan:
        """Read the target and plan. Raises as the service does."""
        compiled = self.compiled
        asked = (compiled.owner, options.only, options.prune, compiled.assets)
        made = await prepare(self.service.client, compiled.bundle, *asked)
        if options.replay is None:
            return made
        return replay(made, await read_history(self.service.client, made, options.replay), options.replay.day)

    async def plan_apply(self, options: ApplyOptions) -> Plan:
        """Plan what is to be carried out. Raises ConflictError when a saved plan is not what is planned now."""
        saved = options.saved
        if saved is None:
            return await self.plan(options.plan)
        made = await self.plan(PlanOptions(tuple(saved.only), saved.prune or NOTHING))
        saved.ensure_matches(made)
        return made

    def apply(self, made: Plan, options: ApplyOptions) -> Application:
        """What carries a plan out."""
        folder = state_folder(self.compiled.sourced.root) / FOLDER
        commit, approval = deployed_commit(self.compiled), Approval.find(options.approved_by, os.environ)
        url = None if self.service.local else self.service.target.url
        facts = {"url": url, "commit": commit, "approved_by": approval.by, "approval": approval.source}
        receipt = Receipt(made, facts, folder, options.receipt)
        return Application(self, made, options, receipt, commit)

    def require_name(self, given: str | None) -> None:
        """Raise UsageError unless a protected target is called by its name."""
        name = self.service.name
        if given is None and self.service.target.protect:
            raise UsageError(
                f"the target `{name}` is protected", help=f"--yes does not answer for it: --confirm {name}"
            )
        if given not in (None, name):
            raise UsageError(f"`{given}` is not the name of the target `{name}`; nothing was sent")

    def wait_until_idle(self, made: Plan) -> AsyncIterator[Mapping[str, Sequence[str]]]:
        """Give the live runs of what would change, again and again, until there are none."""
        return wait_until_idle(self.service.client, made)

    async def adopt(self, pairs: Iterable[tuple[str, str]]) -> AsyncGenerator[Outcome, None]:
        """Take workflows of the platform under declared names. Raises ConflictError and UsageError for the first that
        cannot be.
        """
        commit = deployed_commit(self.compiled)
        for name, id in pairs:
            yield await adopt(self.service.client, self.compiled.bundle, self.compiled.owner, name, id, commit=commit)


@dataclass
class Application:
    """A plan being carried out, inside `async with`: its receipt is begun before the first write and closed at the end
    with `exit_code`, which whoever shows the end may still raise.
    """

    deployment: Deployment
    plan: Plan
    options: ApplyOptions
    receipt: Receipt
    commit: str | None = None
    outcomes: list[Outcome] = field(default_factory=list)
    exit_code: int = 0

    async def __aenter__(self) -> Self:
        self.exit_code = self.plan.exit_code
        if self.plan.pending and not self.is_refused:
            self.receipt.open()
        return self

    async def __aexit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, CyberflowError):
            self.exit_code = max(self.exit_code, error.exit_code)
        elif error is not None:
            self.exit_code = INTERRUPTED
        self.receipt.close(self.outcomes, self.exit_code)

    @property
    def is_refused(self) -> bool:
        """Whether the plan cannot be carried out."""
        return bool(self.plan.errors or self.plan.refused)

    async def run(self) -> AsyncGenerator[Outcome, None]:
        """Carry out, and give each outcome as it comes. Those of changes that were not reached are in `outcomes`."""
        desk, assets = self.deployment.service.client, self.deployment.compiled.assets
        overwrite = self.options.overwrite_drift
        try:
            async for outcome in apply(self.plan, desk, assets, overwrite_drift=overwrite, commit=self.commit):
                self.outcomes.append(outcome)
                self.exit_code = max(self.exit_code, outcome.exit_code)
                yield outcome
        finally:
            self._add_rest()

    def _add_rest(self) -> None:
        known = {(one.kind, one.name, one.action) for one in self.outcomes}
        for change in self.plan.changes:
            if change.pending and (change.kind, change.name, change.action) not in known:
                self.outcomes.append(Outcome.of(change, "unfinished"))


@asynccontextmanager
async def open_deployment(compiled: CompiledProject, say: Say) -> AsyncIterator[Deployment]:
    """Open the target of a compiled project. Raises as `open_target`."""
    async with open_target(compiled.sourced, compiled.target, say) as service:
        yield Deployment(compiled, service)
