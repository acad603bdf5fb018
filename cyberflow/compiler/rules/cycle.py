"""Steps read one another in a ring, or a step reads itself.

No order of the steps could run them.

    steps:
      - {id: a, workflow: w, inputs: {x: {$ref: b.outputs.y}}}
      - {id: b, workflow: w, inputs: {x: {$ref: a.outputs.y}}}

Break the ring: one of the refs must come from an input of the chain, or from a step outside it.
"""

from collections.abc import Iterator
from itertools import pairwise

from cyberflow.compiler.graph import Graph
from cyberflow.compiler.queries.refs import step_refs
from cyberflow.diagnostics import Diagnostic, Label


def find(graph: Graph) -> Iterator[Diagnostic]:
    for chain in graph.chains.values():
        found = chain.cycles
        uses = {(step.id, use.ref.alias): use for step, use in step_refs(chain)} if found else {}
        for ring in found:
            path = [uses[pair] for pair in pairwise(ring)]
            shown = " → ".join(f"`{name}`" for name in ring)
            message = (
                f"`{ring[0]}` reads its own output" if len(path) == 1 else f"these steps wait for each other: {shown}"
            )
            labels = tuple(
                Label(use.place, f"`{name}` reads `{use.ref.alias}`")
                for name, use in zip(ring[1:], path[1:], strict=False)
            )
            note = f"`{ring[0]}` reads `{path[0].ref.alias}`" if labels else ""
            help = "take one of these values from an input of the chain, or from a step outside the ring"
            yield Diagnostic("cycle", message, path[0].place, note=note, labels=labels, help=help)
