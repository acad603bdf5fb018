"""A chain or pipeline has no steps.

The service refuses a chain without steps, so there would be nothing to run.

     workflows:
       lookup: {prompt: Open the chart.}
     chains:
       intake:
    -    steps: []
    +    steps:
    +      - {id: lookup, workflow: lookup}

Give it a step with an `id` and a `workflow`.
"""

from collections.abc import Iterator

from cyberflow.compiler.graph import Graph
from cyberflow.diagnostics import Diagnostic


def find(graph: Graph) -> Iterator[Diagnostic]:
    for chain in graph.callers:
        if not chain.steps and "steps" not in chain.definition.broken:
            key = "workflow" if chain.definition.kind == "chain" else "run"
            help = f"add a step: `- {{id: first, {key}: NAME}}`"
            help = "call a workflow in it: each call is a step" if chain.in_python else help
            yield Diagnostic("empty-chain", f"`{chain.name}` has no steps", chain.at("steps").at_key(), help=help)
