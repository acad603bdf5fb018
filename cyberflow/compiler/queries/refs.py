"""Refs of a chain: those that parse, those that read a later step, those that close a ring."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cyberflow.compiler.graph import ChainNode, Graph, StepNode
from cyberflow.compiler.refs import Keys, Ref
from cyberflow.source import Place


@dataclass(frozen=True)
class ValidRef:
    """A ref that parses and stands where one may; `step` is None in the outputs of the chain."""

    ref: Ref
    place: Place
    written: str
    step: StepNode | None
    keys: Keys = ()


def valid_refs(chain: ChainNode) -> Iterator[ValidRef]:
    for step, where, value in chain.values:
        if where in ("inputs", "outputs"):
            for use in value.refs:
                if isinstance(use.ref, Ref):
                    yield ValidRef(use.ref, use.place, str(use.written), step, use.keys)


def all_valid_refs(graph: Graph) -> Iterator[tuple[ChainNode, ValidRef]]:
    return ((chain, use) for chain in graph.chains.values() for use in valid_refs(chain))


def step_refs(chain: ChainNode) -> Iterator[tuple[StepNode, ValidRef]]:
    return ((use.step, use) for use in valid_refs(chain) if use.step is not None)


def forward_refs(chain: ChainNode) -> Iterator[tuple[StepNode, ValidRef, StepNode]]:
    """Refs of a step to itself or to a later one, with the step they read."""
    for step, use in step_refs(chain):
        target = chain.step(use.ref.alias)
        if target is not None and target.index >= step.index:
            yield step, use, target


def closes_cycle(chain: ChainNode, step: StepNode | None, ref: Ref) -> bool:
    """Whether a ref closes a ring: it need not name the step that it does."""
    target = chain.step(ref.alias)
    if step is None or target is None or target.index < step.index:
        return False
    return any(step.id in ring and target.id in ring for ring in chain.cycles)
