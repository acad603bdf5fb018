"""The requests of a pipeline or a script: what is looked up once for all of them, and filling one."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from hashlib import sha256
from typing import Any

from cyberflow.client.cyberun.wire import CyberunWorkflow
from cyberflow.compiler.bundle import BundledChain, BundledTask
from cyberflow.errors import UsageError
from cyberflow.run.batch.rows import request_fingerprint
from cyberflow.run.chain.overrides import RunOverrides
from cyberflow.run.chain.placement import RunPlacement, TargetIds
from cyberflow.run.chain.request import RequestParts
from cyberflow.run.inputs.arguments import Arguments, FileArgument, RawArguments, raise_problems
from cyberflow.run.inputs.inputs import read_inputs
from cyberflow.run.task.request import TaskJob, check_request, task_request
from cyberflow.run.task.submit import find_workflow
from cyberflow.run.work.entry import LedgerEntry
from cyberflow.run.work.executor import JobRequest
from cyberflow.run.work.work_item import WorkItem
from cyberflow.sdk.lookup import look_up
from cyberflow.sdk.prepare import Deployed, fill
from cyberflow.sdk.project import CompiledProject
from cyberflow.targets.service import CyberdeskService, CyberunService

Runs = Deployed | BundledTask


@dataclass
class RequestFactory:
    """Makes requests of declarations. `ids` and `workflows` are what the services know of them."""

    compiled: CompiledProject
    where: RunPlacement = field(default_factory=RunPlacement)
    overrides: RunOverrides = field(default_factory=RunOverrides)
    ids: TargetIds = field(default_factory=lambda: TargetIds({}))
    workflows: dict[str, CyberunWorkflow] = field(default_factory=dict)

    async def look_up(
        self,
        what: Collection[Runs],
        desk: CyberdeskService | None,
        cyberun: CyberunService | None,
        *,
        stale: bool,
    ) -> None:
        """Find everything that is named on the target. Raises as `look_up`, and UsageError for a task's workflow."""
        deployed = [one for one in what if not isinstance(one, BundledTask)]
        if desk is not None and deployed:
            names = {name for one in deployed for name in _workflow_names(one)}
            machines, pools = self._places(deployed)
            self.ids = await look_up(self.compiled, desk, names, (machines, pools), stale=stale)
        for task in (one for one in what if isinstance(one, BundledTask)):
            assert cyberun is not None  # noqa: S101 - whoever has tasks opens it
            self.workflows[task.name] = await find_workflow(cyberun.client, task.workflow)

    def _places(self, deployed: Iterable[Deployed]) -> tuple[list[str], list[str]]:
        """The machines and pools that are named."""
        if self.where.machine is not None or self.where.pools:
            return [self.where.machine] if self.where.machine else [], list(self.where.pools)
        chains = [one for one in deployed if isinstance(one, BundledChain)]
        machines = [chain.machine for chain in chains if chain.machine is not None]
        return machines, [pool for chain in chains for pool in chain.pools]

    def fingerprint(self, name: str) -> str:
        """A hash of everything but inputs and secrets that a request of a declaration is made of."""
        what, compiled = self.find(name), self.compiled
        if isinstance(what, BundledTask):
            return sha256(json.dumps([asdict(what), self.workflows[name].id], sort_keys=True).encode()).hexdigest()
        parts = RequestParts(compiled.bundle, Arguments(), self.ids, compiled.assets, self.where, self.overrides)
        machines, pools = self._places([what])
        own = TargetIds(
            {one: self.ids.workflows[one] for one in _workflow_names(what)},
            {one: self.ids.pools[one] for one in pools},
            {one: self.ids.machines[one] for one in machines},
        )
        return request_fingerprint(what, replace(parts, ids=own), RawArguments())

    def work_item(self, entry: LedgerEntry, name: str, inputs: Mapping[str, Any], shape: str) -> WorkItem:
        """What a worker needs to make the same request."""
        places: dict[str, Any] = {"machine": self.where.machine, "pools": list(self.where.pools)}
        if self.overrides != RunOverrides():
            places["overrides"] = asdict(self.overrides)
        return WorkItem(name, entry.id, entry.key or "", shape, inputs, places, entry.kind)

    def find(self, name: str) -> Runs:
        """The chain, workflow or task of a name."""
        bundle = self.compiled.bundle
        found = bundle.chain(name) or bundle.workflow(name) or bundle.task(name)
        if found is None:
            raise UsageError(f"the bundle has no `{name}`")
        return found

    def build(
        self,
        what: Runs,
        inputs: Mapping[str, Any],
        secrets: Mapping[str, Any],
        files: Mapping[str, FileArgument] | None = None,
    ) -> JobRequest:
        """The request of one submission. Raises UsageError with everything that does not fit."""
        found = read_inputs(what, (), inputs)
        raise_problems(what, [problem.text for problem in found.problems])
        given = Arguments(found.values, secrets, files or {})
        compiled = self.compiled
        if isinstance(what, BundledTask):
            made = task_request(what, given, compiled.bundle, compiled.assets)
            check_request(what, made, self.workflows[what.name])
            return TaskJob(made, self.workflows[what.name])
        parts = RequestParts(compiled.bundle, given, self.ids, compiled.assets, self.where, self.overrides)
        return fill(what, parts)


def _workflow_names(what: Deployed) -> list[str]:
    if isinstance(what, BundledChain):
        return [step["workflow_id"] for step in what.request["steps"]]
    return [what.name]
