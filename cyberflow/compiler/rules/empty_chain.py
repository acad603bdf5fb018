"""A chain has no steps.

The service refuses a chain without steps, so there would be nothing to run.

    chains:
      intake:
        steps: []

Give it a step with an `id` and a `workflow`.
"""

from collections.abc import Iterator

from cyberflow.compiler.graph import Graph
from cyberflow.diagnostics import Diagnostic


def find(graph: Graph) -> Iterator[Diagnostic]:
    for chain in graph.chains.values():
        if not chain.steps and "steps" not in chain.definition.broken:
            help = "add a step: `- {id: first, workflow: NAME}`"
            yield Diagnostic("empty-chain", f"`{chain.name}` has no steps", chain.at("steps").at_key(), help=help)
