"""What `from_machine` names: an input or secret that a workflow, or a step of a chain, takes."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from cyberflow.compiler.graph import AnyCaller, ChainNode, Graph, WorkflowNode
from cyberflow.compiler.interface import NameKind
from cyberflow.diagnostics import Diagnostic, did_you_mean, fix_name
from cyberflow.language.prompt.placeholders import SIGNS


def find_unknown_machine_names(graph: Graph, kind: NameKind) -> Iterator[Diagnostic]:
    """What `from_machine` names and nothing takes."""
    for workflow in graph.workflows.values():
        if workflow.body.from_machine and (fields := workflow.fields_of(kind)).known:
            yield from _find_unknown(workflow, kind, fields.fields, f"`{workflow.name}` has no {kind}")
    for chain in graph.chains.values():
        if chain.body.from_machine and chain.steps and (names := _names_taken(chain, kind)) is not None:
            yield from _find_unknown(chain, kind, names, f"no step of `{chain.name}` takes the {kind}")


def misspelt_machine_names(caller: AnyCaller, kind: NameKind) -> set[str]:
    """What a chain says that machines supply, and none of its steps takes."""
    taken = _names_taken(caller, kind) if caller.from_machine else None
    return set() if taken is None else {*_names_of(caller.from_machine, kind)} - taken


def _names_taken(caller: AnyCaller, kind: NameKind) -> set[str] | None:
    """The names that a chain declares, or one of its steps takes; None where one could not be read."""
    fields = [caller.fields_of(kind), *(step.callee.fields_of(kind) for step in caller.steps if step.callee)]
    unread = "steps" in caller.definition.broken or len(fields) <= len(caller.steps)
    return None if unread or not all(one.known for one in fields) else {name for one in fields for name in one.fields}


def _names_of(written: Collection[str], kind: NameKind) -> list[str]:
    return [one.removeprefix("$") for one in written if one.startswith("$") == (kind == "secret")]


def _find_unknown(
    owner: WorkflowNode | ChainNode, kind: NameKind, known: Collection[str], message: str
) -> Iterator[Diagnostic]:
    written = owner.body.from_machine
    unknown = {*_names_of(written, kind)}.difference(known)
    for index, one in enumerate(written):
        if (name := one.removeprefix("$")) in unknown and one == SIGNS[kind] + name:
            help = did_you_mean(name, known, f"`{SIGNS[kind]}{{}}`")
            place = owner.definition.at("from_machine", index)
            fix = fix_name(place.within(len(SIGNS[kind]), len(one)), name, known)
            yield Diagnostic(f"unknown-{kind}", f"{message} `{one}`", place, help=help, fix=fix)
