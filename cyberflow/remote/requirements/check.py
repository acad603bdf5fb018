"""Checks a project against what a target has: names that are not there, and inputs that no machine supplies. Findings
with their places, as `check` has them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import unescape

from cyberflow.client.cyberdesk.wire import Machine, Pool
from cyberflow.compiler.graph import ChainNode, Graph, WorkflowNode
from cyberflow.compiler.interface import Field
from cyberflow.diagnostics import Diagnostic, Label, did_you_mean, join_names
from cyberflow.remote.desired import model_faults
from cyberflow.remote.inventory import RULE, Inventory, is_away, is_called, who_is_away
from cyberflow.remote.requirements.tasks import check_task
from cyberflow.source import Place

_TOOL_WITH_MODEL = re.compile(r"\b(?:focused_action|extract_prompt|screenshot)\b")
_MODEL = re.compile(r"""\bmodel\s*=\s*(?:(?:"|&quot;)(?P<double>[^"\n]+?)(?:"|&quot;)|'(?P<single>[^'\n]+)')""")
_TOKEN = re.compile(r"[<>{}]")
_CONNECT = "start the Cyberdesk agent on a machine, or runs wait until one is connected"


def check_against(graph: Graph, inventory: Inventory) -> Iterator[Diagnostic]:
    """Everything that the target would refuse, or could never run."""
    for workflow in graph.workflows.values():
        yield from _check_models(workflow, inventory)
        yield from _check_tags(workflow, inventory)
    for chain in graph.chains.values():
        where = _Placement.of(chain, inventory)
        yield from where.missing
        yield from _check_machine_inputs(chain, where)
    yield from _check_any_machine(graph, inventory)
    yield from _check_unused_workflows(graph, inventory)
    for task in graph.tasks.values():
        yield from check_task(task, inventory)


def _check_models(workflow: WorkflowNode, inventory: Inventory) -> Iterator[Diagnostic]:
    body, at = workflow.body, workflow.definition.at
    named: list[tuple[str | None, Place]] = []
    if body.models is not None:
        named += [(body.models.main, at("models", "main"))]
        named += [(body.models.cache_detection, at("models", "cache_detection"))]
        named += [(name, at("models", "fallbacks", index)) for index, name in enumerate(body.models.fallbacks)]
    named += [(check.model, at("checks", index, "model")) for index, check in enumerate(body.checks or ())]
    named += _models_in_prompts(workflow)
    for name, place in named:
        for fault in model_faults(name, inventory.models):
            yield Diagnostic(RULE, f"{inventory.target}: {fault}", place)


def _models_in_prompts(workflow: WorkflowNode) -> Iterator[tuple[str, Place]]:
    """The models that prompts name beside a tool, as in `focused_action … model="Fast"`."""
    for text in workflow.texts:
        if text.format is not None and _TOOL_WITH_MODEL.search(text.text.value):
            for found in _MODEL.finditer(text.text.value):
                name = unescape(found["double"] or found["single"]).strip()
                if not _TOKEN.search(name):
                    yield name, text.place_of(*found.span("double" if found["double"] else "single"))


def _check_tags(workflow: WorkflowNode, inventory: Inventory) -> Iterator[Diagnostic]:
    """A missing tag is made by `apply`: who misspelt one would not know."""
    there = {tag.name: tag for tag in inventory.tags}
    for index, name in enumerate(workflow.body.tags or ()):
        place = workflow.definition.at("tags", index)
        if name not in there:
            help = did_you_mean(name, (tag.name for tag in inventory.tags if not tag.is_archived))
            message = f"{inventory.target} has no tag `{name}`: `apply` will make it"
            yield Diagnostic(RULE, message, place, help=help, severity="warning")
        elif there[name].is_archived and not any(tag.name == name and not tag.is_archived for tag in inventory.tags):
            help = "unarchive it in the dashboard, or declare another"
            yield Diagnostic(RULE, f"{inventory.target}: the tag `{name}` is archived", place, help=help)


@dataclass(frozen=True)
class _Placement:
    """The machines that a chain may run on, and the pools that it names, as far as they are there."""

    machines: tuple[Machine, ...]
    pools: tuple[Pool, ...]
    missing: tuple[Diagnostic, ...] = ()

    @classmethod
    def of(cls, chain: ChainNode, inventory: Inventory) -> _Placement:
        if chain.body.machine is not None:
            named = [one for one in inventory.machines if is_called(one, chain.body.machine)]
            return cls(tuple(named), (), tuple(_check_machine(chain.body.machine, named, chain, inventory)))
        found, missing = [], []
        for index, name in enumerate(chain.body.pools):
            pool = next((one for one in inventory.pools if is_called(one, name)), None)
            if pool is None:
                help = did_you_mean(name, (one.name for one in inventory.pools)) or _no_pools_help(inventory)
                message = f"{inventory.target} has no pool `{name}`"
                missing.append(Diagnostic(RULE, message, chain.at("pools", index), help=help))
            else:
                found.append(pool)
        if missing:
            return cls((), tuple(found), tuple(missing))
        machines = tuple(
            one for one in inventory.machines if all(one.id in inventory.pool_members[pool.id] for pool in found)
        )
        if found and not machines:
            message = f"{inventory.target} has no machine that is in {join_names([pool.name for pool in found])}"
            help = "add a machine to the pool in the dashboard, or name another pool"
            missing.append(Diagnostic(RULE, message, chain.at("pools"), help=help))
        elif found and all(map(is_away, machines)):
            where = join_names([pool.name for pool in found])
            message = f"{inventory.target}: no machine in {where} is connected{who_is_away(machines)}"
            missing.append(Diagnostic(RULE, message, chain.at("pools"), help=_CONNECT))
        return cls(machines, tuple(found), tuple(missing))


def _no_pools_help(inventory: Inventory) -> str:
    machines = ", ".join(f"`machine: {one.name or one.id}`" for one in inventory.machines[:3])
    return f"{inventory.target} has no pools" + (f"; write {machines} in place of `pools`" if machines else "")


def _check_machine(name: str, found: Sequence[Machine], chain: ChainNode, inventory: Inventory) -> Iterator[Diagnostic]:
    if not found:
        help = (
            did_you_mean(name, (one.name for one in inventory.machines if one.name))
            or f"{inventory.target} has no machines"
        )
        yield Diagnostic(RULE, f"{inventory.target} has no machine `{name}`", chain.at("machine"), help=help)
    elif len(found) > 1:
        help = f"name one by its id: {', '.join(one.id for one in found)}"
        message = f"{inventory.target} has {len(found)} machines that are called `{name}`"
        yield Diagnostic(RULE, message, chain.at("machine"), help=help)
    elif is_away(found[0]):
        message = f"{inventory.target}: the machine `{name}` is not connected{who_is_away(found)}"
        yield Diagnostic(RULE, message, chain.at("machine"), help=_CONNECT)


def _check_any_machine(graph: Graph, inventory: Inventory) -> Iterator[Diagnostic]:
    """Chains that name neither a machine nor pools, and workflows without chains, take any machine: once for all."""
    asking = [one.definition.place for one in graph.chains.values() if not one.body.machine and not one.body.pools]
    asking = asking or ([] if graph.chains else [one.definition.place for one in graph.workflows.values()])
    if asking and all(map(is_away, inventory.machines)):
        what = "no machine is connected" if inventory.machines else "there is no machine"
        message = f"{inventory.target}: {what}{who_is_away(inventory.machines)}"
        yield Diagnostic(RULE, message, asking[0], help=_CONNECT)


def _check_machine_inputs(chain: ChainNode, where: _Placement) -> Iterator[Diagnostic]:
    """Inputs and secrets that only a machine can give, each by every machine that the chain may get."""
    for step in chain.steps:
        if step.workflow is None:
            continue
        given = {*step.inputs, *(f"${name}" for name in step.secrets)}
        if chain.inherits:
            given |= {*chain.inputs.fields, *(f"${name}" for name in chain.secrets.fields)}
        for name, field in _machine_inputs(step.workflow, chain):
            without = [one for one in where.machines if not _supplies(name, one, where.pools)]
            if name not in given and without:
                names = join_names([machine.name or machine.id for machine in without])
                lacks = f"{names} {'does' if len(without) == 1 else 'do'} not supply"
                yield _missing_diagnostic(name, field, lacks, _place(name, step.workflow, chain))


def _check_unused_workflows(graph: Graph, inventory: Inventory) -> Iterator[Diagnostic]:
    """Workflows that no chain runs: some machine must give what they ask of one."""
    used = {step.step.workflow for chain in graph.chains.values() for step in chain.steps}
    for workflow in graph.workflows.values():
        for name, field in _machine_inputs(workflow, None) if workflow.name not in used and inventory.machines else ():
            if not any(_supplies(name, machine, inventory.pools) for machine in inventory.machines):
                yield _missing_diagnostic(name, field, "no machine supplies", _place(name, workflow, None))


def _machine_inputs(workflow: WorkflowNode, chain: ChainNode | None) -> Iterator[tuple[str, Field]]:
    asked = {*workflow.body.from_machine, *(chain.body.from_machine if chain else ())}
    for sign, shape in (("", workflow.inputs), ("$", workflow.secrets)):
        yield from ((sign + name, one) for name, one in shape.fields.items() if one.required and sign + name in asked)


def _supplies(name: str, machine: Machine, pools: Sequence[Pool]) -> bool:
    bare = name.removeprefix("$")
    if name != bare:
        holders = [machine.machine_sensitive_parameters, *(pool.pool_sensitive_parameters for pool in pools)]
    else:
        holders = [machine.machine_parameters, *(pool.pool_parameters for pool in pools)]
    return any(bare in (holder or {}) or name in (holder or {}) for holder in holders)


def _missing_diagnostic(name: str, field: Field, lacks: str, place: Place) -> Diagnostic:
    rule, word = ("missing-secret", "secret") if name.startswith("$") else ("missing-input", "input")
    message = f"{lacks} the {word} `{name.removeprefix('$')}`"
    help = f"set it among the {'sensitive ' if word == 'secret' else ''}parameters of the machine or its pool"
    return Diagnostic(rule, message, place, labels=(Label(field.place.at_key(), "required here"),), help=help)


def _place(name: str, workflow: WorkflowNode, chain: ChainNode | None) -> Place:
    if chain is not None and name in chain.body.from_machine:
        return chain.at("from_machine", chain.body.from_machine.index(name))
    return workflow.definition.at("from_machine", workflow.body.from_machine.index(name))
