"""Effective inputs: what each machine that may run a workflow or a chain would get, and from whom. The platform's own
order: what the run gives, then the machine's parameters, then those of the pools that were asked for, then defaults.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cyberflow.client.cyberdesk.wire import Machine, Pool
from cyberflow.compiler.bundle import Bundle, BundledWorkflow
from cyberflow.diagnostics import did_you_mean
from cyberflow.errors import UsageError
from cyberflow.remote.inventory import Inventory, is_called
from cyberflow.schema.values import ABSENT

ALL = "all"
RUN, DEFAULT, MISSING, LEFT_OUT = "run", "default", "missing", "left out"


@dataclass(frozen=True, slots=True)
class InputSource:
    """Where one input comes from; a secret's name begins with `$`. `shadowed` are others that supply it in vain, in
    their order; `value` is that of a parameter or default, never of a secret.
    """

    name: str
    source: str
    shadowed: tuple[str, ...] = ()
    step: str | None = None
    value: Any = ABSENT

    @property
    def is_missing(self) -> bool:
        return self.source == MISSING


@dataclass(frozen=True, slots=True)
class MachineInputs:
    """All inputs on one machine, with the pools whose parameters count there."""

    machine: Machine
    pools: tuple[Pool, ...]
    inputs: tuple[InputSource, ...]

    @property
    def name(self) -> str:
        return self.machine.name or self.machine.id

    @property
    def missing(self) -> tuple[InputSource, ...]:
        return tuple(one for one in self.inputs if one.is_missing)


def effective_inputs(bundle: Bundle, name: str, whom: str, inventory: Inventory) -> list[MachineInputs]:
    """The inputs of a declared workflow or chain on a machine, on those of a pool, or on `all` that it may get.

    Raises UsageError for a machine or pool that is not there, a name of several, and a declaration that is neither.
    """
    chain = bundle.chain(name)
    if chain is None and bundle.workflow(name) is None:
        known = [*(one.name for one in bundle.chains), *(one.name for one in bundle.workflows)]
        raise UsageError(f"`{name}` is neither a workflow nor a chain", help=did_you_mean(name, known))
    named = [_one(pool, inventory.pools, f"{inventory.target} has no pool") for pool in (chain.pools if chain else ())]
    machine = chain.machine if chain else None
    wanted = list(_inputs_of(bundle, name))
    found = []
    for one, pools in _placements(whom, inventory, named, machine):
        found.append(MachineInputs(one, tuple(pools), tuple(_source(want, one, pools) for want in wanted)))
    return found


@dataclass(frozen=True)
class _WantedInput:
    """An input as the schema has it, and what is known before there is a machine."""

    name: str
    schema: Any
    required: bool
    in_run: bool
    step: str | None = None


def _inputs_of(bundle: Bundle, name: str) -> Iterator[_WantedInput]:
    workflow, chain = bundle.workflow(name), bundle.chain(name)
    if chain is None:
        for key, schema, required in _members(workflow):
            supplied = workflow is not None and key in workflow.from_machine
            yield _WantedInput(key, schema, required, required and not supplied)
        return
    for step in chain.request["steps"]:
        given = {*(step.get("inputs") or ()), *(f"${one}" for one in step.get("sensitive_inputs") or ())}
        given -= {*chain.from_machine}
        for key, schema, required in _members(bundle.workflow(step["workflow_id"])):
            yield _WantedInput(key, schema, required, key in given, step["session_alias"])


def _members(workflow: BundledWorkflow | None) -> Iterator[tuple[str, Any, bool]]:
    """The inputs and secrets of a workflow with their types, as the platform would validate them."""
    if workflow is None:
        return
    root = json.loads(workflow.payload.get("input_schema") or "{}")
    declared = {**workflow.inputs, **{f"${name}": one for name, one in workflow.secrets.items()}}
    members: Mapping[str, Any] = {name: one["schema"] for name, one in declared.items()} | root.get("properties", {})
    needed = {*root.get("required", ()), *(name for name, one in declared.items() if one["required"])}
    yield from ((name, schema, name in needed) for name, schema in members.items())


def _placements(
    whom: str, inventory: Inventory, named: Sequence[Pool], machine: str | None
) -> Iterator[tuple[Machine, list[Pool]]]:
    """The machines that are meant, each with the pools whose parameters a run there would get."""
    pools = [one for one in inventory.pools if is_called(one, whom)]
    machines = [one for one in inventory.machines if is_called(one, whom)]
    if whom == ALL:
        mine = [one for one in inventory.machines if machine is None or is_called(one, machine)]
        chosen = list(named)
    elif machines or not pools:
        mine = [
            _one(
                whom,
                inventory.machines,
                f"{inventory.target} has no machine or pool",
                [one.name for one in inventory.pools],
            )
        ]
        chosen = []
    else:
        chosen = [*(one for one in named if one not in pools), _one(whom, pools, "")]
        mine = list(inventory.machines)
    for one in mine:
        if all(one.id in inventory.pool_members.get(pool.id, ()) for pool in chosen):
            yield one, chosen or [pool for pool in named if one.id in inventory.pool_members.get(pool.id, ())]


def _one(name: str, known: Sequence[Any], lacks: str, more: Sequence[str] = ()) -> Any:
    """The machine or pool of a name. Raises UsageError where there is none, or several."""
    found = [one for one in known if is_called(one, name)]
    if not found:
        raise UsageError(f"{lacks} `{name}`", help=did_you_mean(name, [*(one.name or one.id for one in known), *more]))
    if len(found) > 1:
        ids = ", ".join(one.id for one in found)
        raise UsageError(f"{len(found)} of them are called `{name}`", help=f"name one by its id: {ids}")
    return found[0]


def _source(want: _WantedInput, machine: Machine, pools: Sequence[Pool]) -> InputSource:
    holders = [(RUN, ABSENT)] if want.in_run else []
    secret = want.name.startswith("$")
    parameters = machine.machine_sensitive_parameters if secret else machine.machine_parameters
    holders += _holder(f"machine {machine.name or machine.id}", parameters, want.name)
    for pool in pools:
        parameters = pool.pool_sensitive_parameters if secret else pool.pool_parameters
        holders += _holder(f"pool {pool.name}", parameters, want.name)
    if isinstance(want.schema, dict) and "default" in want.schema:
        holders.append((DEFAULT, ABSENT if secret else want.schema["default"]))
    if not holders:
        return InputSource(want.name, MISSING if want.required else LEFT_OUT, (), want.step)
    (source, value), *rest = holders
    return InputSource(want.name, source, tuple(name for name, _ in rest if name != DEFAULT), want.step, value)


def _holder(name: str, parameters: Mapping[str, Any] | None, key: str) -> list[tuple[str, Any]]:
    """The supplier, when it has the name: a blank value counts too. What is sensitive has a name and no value."""
    bare = key.removeprefix("$")
    held = parameters or {}
    if key != bare:
        return [(name, ABSENT)] if bare in held or key in held else []
    return [(name, held[key])] if key in held else []
