"""Runs that were submitted before: listed, read back as states, followed, cancelled, started again; machines freed."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cyberflow.client.cyberdesk.wire import Machine, RunRecord, is_live
from cyberflow.client.http.errors import ApiError
from cyberflow.compiler.bundle import BundledWorkflow
from cyberflow.errors import UsageError
from cyberflow.run.chain.events import ChainState, StepRun
from cyberflow.run.chain.follow import cancel, follow
from cyberflow.run.chain.reducer import advance
from cyberflow.run.work.ids import complete_id, is_prefix
from cyberflow.run.work.polling import FollowOptions
from cyberflow.sdk.runs.ids import NoSuchRun
from cyberflow.sdk.runs.origins import SubmissionOrigin, origins

if TYPE_CHECKING:
    from cyberflow.client.cyberdesk.client import Cyberdesk
    from cyberflow.client.cyberun.client import CyberunClient

FIELDS = ("session_id", "session_alias", "started_at", "ended_at", "error")
SecretResolver = Callable[[BundledWorkflow], Mapping[str, Any]]


async def list_runs(desk: Cyberdesk, limit: int, status: str | None, state: Path) -> list[dict[str, Any]]:
    """The newest runs, a row each, with the names of their workflows, of the chains that the ledgers of the project
    know of, and which step or row they were submitted for.
    """
    page = await desk.runs.page(
        limit=limit, sort_mode="created_at_desc", fields=FIELDS, include=("workflow",), status=status
    )
    names = workflow_names(page.included)
    known = origins(state, {id for run in page.items for id in (run.id, run.session_id) if id})
    return [_list_row(run, names, known.get(run.id) or known.get(run.session_id or "")) for run in page.items]


def _list_row(run: RunRecord, names: dict[str, str], origin: SubmissionOrigin | None) -> dict[str, Any]:
    return {
        "id": run.id,
        "status": run.status,
        "chain": origin and origin.chain,
        "workflow": names.get(run.workflow_id, run.workflow_id),
        "part_of": origin and origin.to_json(),
        "session_id": run.session_id,
        "session_alias": run.session_alias,
        "created_at": run.created_at,
        "started_at": run.started_at,
        "ended_at": run.ended_at,
    }


async def list_tasks(cyberun: CyberunClient, limit: int, status: str | None, state: Path) -> list[dict[str, Any]]:
    """The newest Cyberun tasks, with their declared names, and which step they were submitted for, as far as known."""
    known, rows = origins(state), []
    async for task in cyberun.tasks(status=status):
        origin = known.get(task.id)
        rows.append(
            {
                "id": task.id,
                "status": task.task_status,
                "name": origin and origin.declared,
                "workflow_id": task.workflow_id,
                "part_of": origin and origin.to_json(),
                "created_at": task.created_at,
                "started_at": task.started_at,
                "ended_at": task.completed_at,
            }
        )
        if len(rows) == limit:
            break
    return rows


async def _complete_id(desk: Cyberdesk, id: str) -> str:
    """The whole id of a run or session. Raises NoSuchRun where none begins so, and UsageError where several do."""
    whole = await complete_id(desk, id)
    if is_prefix(whole):
        raise NoSuchRun(f"there is no session and no run `{id}`", help="`cyberflow runs list` shows them")
    return whole


async def read_session(desk: Cyberdesk, id: str) -> ChainState:
    """Find the runs of a session by its id or by that of one of its runs. Raises UsageError when there is none."""
    id = await _complete_id(desk, id)
    page = await desk.runs.page(
        session_id=id, limit=1000, sort_mode="created_at_desc", fields=FIELDS, include=("workflow",)
    )
    runs, names = list(page.items), workflow_names(page.included)
    if not runs:
        run = await read_run(desk, id)
        names = workflow_names(run.included)
        if run.session_id is not None:
            return await read_session(desk, run.session_id)
        return ChainState(names.get(run.workflow_id, "run"), (_step_from_run(run, names),))
    steps = tuple(_step_from_run(run, names) for run in reversed(runs))
    return ChainState("session", steps, runs[0].session_id, {} if len(steps) > 1 else None)


async def read_run(desk: Cyberdesk, id: str) -> RunRecord:
    """Read a run with its workflow. Raises UsageError when there is none of that id."""
    id = await _complete_id(desk, id)
    try:
        return await desk.runs.get(id, include=("workflow",))
    except ApiError as error:
        if not error.names_nothing:
            raise
    runs = (await desk.runs.page(session_id=id, limit=1000, fields=FIELDS)).items
    if runs:
        help = f"its runs: {', '.join(f'{run.session_alias or run.workflow_id} {run.id}' for run in reversed(runs))}"
        raise UsageError(f"`{id}` is a session, and this is for one run", help=help)
    raise NoSuchRun(f"there is no session and no run `{id}`", help="`cyberflow runs list` shows them")


def _step_from_run(run: RunRecord, names: dict[str, str]) -> StepRun:
    workflow = names.get(run.workflow_id, run.workflow_id)
    error = tuple(str(text) for text in run.error or ())
    alias = run.session_alias or workflow
    return StepRun(alias, workflow, run.id, run.status, None, error, run.machine_id, run.started_at, run.ended_at)


def workflow_names(included: list[Any] | None) -> dict[str, str]:
    """The names of included workflows by id."""
    found = (item for item in included or () if item.get("type") == "workflow")
    return {str(item["id"]): str(item.get("name") or item["id"]) for item in found}


@dataclass(frozen=True)
class HeldMachines:
    """The machines that a session holds, and the runs that end when they are freed."""

    machines: tuple[Machine, ...]
    live: tuple[StepRun, ...]

    @property
    def names(self) -> str:
        return ", ".join(machine.name or machine.id for machine in self.machines)

    @property
    def live_names(self) -> str:
        return ", ".join(f"{step.id} ({step.status})" for step in self.live)


async def held_machines(desk: Cyberdesk, session: str) -> HeldMachines:
    """Find what a session holds. Raises UsageError when it holds nothing."""
    session = await _complete_id(desk, session)
    machines = [machine async for machine in desk.machines.list() if machine.reserved_session_id == session]
    if not machines:
        raise UsageError(f"no machine is reserved for a session `{session}`", help="a session that ended holds none")
    return HeldMachines(tuple(machines), (await read_session(desk, session)).live_steps)


async def release(desk: Cyberdesk, held: HeldMachines) -> None:
    """Free machines; the service cancels what is live on them."""
    for machine in held.machines:
        await desk.machines.update(machine.id, {"reserved_session_id": None})


async def cancel_session(desk: Cyberdesk, state: ChainState, options: FollowOptions) -> ChainState:
    """Cancel what is live in a session, and give its state after."""
    async for event in cancel(desk, state, options):
        state, _ = advance(state, event)
    return state


async def retry(desk: Cyberdesk, id: str, given: SecretResolver) -> ChainState:
    """Start a run again, and give the state to follow it from. `given` finds the values of the secrets it had, which
    the service keeps only as names. Raises UsageError for a run that is not over, and when a secret is missing.
    """
    run = await read_run(desk, id)
    names = workflow_names(run.included)
    if is_live(run.status):
        raise UsageError(f"the run is not over, it is `{run.status}`", help="wait for its end, or cancel it first")
    secrets = given(_secrets_workflow(run, names))
    body = {"sensitive_input_values": dict(secrets)} if secrets else {}
    again = await desk.runs.retry(run.id, body)
    step = replace(
        _step_from_run(run, names), status=again.status, error=(), started_at=None, ended_at=None, machine_id=None
    )
    return ChainState(step.id, (step,))


def _secrets_workflow(run: RunRecord, names: dict[str, str]) -> BundledWorkflow:
    """The secrets that a run had, as something that can be given them; structured ones by the workflow's schema."""
    included = next((item for item in run.included or () if item.get("id") == run.workflow_id), {})
    try:
        properties = json.loads(included.get("input_schema") or "{}").get("properties", {})
    except (ValueError, AttributeError):
        properties = {}
    secrets = {
        name: {"schema": properties.get(f"${name}", {"type": "string"}), "required": True}
        for name in run.sensitive_input_aliases or ()
    }
    return BundledWorkflow(names.get(run.workflow_id, "run"), {}, secrets=secrets)


async def follow_session(
    desk: Cyberdesk, state: ChainState, options: FollowOptions
) -> AsyncGenerator[ChainState, None]:
    """Follow a session, a run or a chain that is there already; gives the states that differ."""
    async for event in follow(desk, state, options):
        state, _ = advance(state, event)
        yield state
