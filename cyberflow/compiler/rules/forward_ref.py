"""A ref reads a step that runs later.

Steps run in the order they are written, so the output does not exist yet.

    steps:
      - id: book
        workflow: book-visit
        inputs: {mrn: {$ref: lookup.outputs.mrn}}
      - {id: lookup, workflow: patient-lookup}

Move the step that is read before the one that reads it.
"""

from collections.abc import Iterator

from cyberflow.compiler.graph import Graph
from cyberflow.compiler.uses import later_refs, rings
from cyberflow.diagnostics import Diagnostic, Label


def find(graph: Graph) -> Iterator[Diagnostic]:
    for chain in graph.chains.values():
        ringed = {name for ring in rings(chain) for name in ring}
        for step, use, target in later_refs(chain):
            if step.id in ringed and target.id in ringed:
                continue
            labels = (Label(target.at("id"), f"`{target.id}` is step {target.index + 1}"),)
            message = f"`{step.id}` reads `{target.id}`, which runs after it"
            note = f"`{step.id}` is step {step.index + 1}"
            help = f"move `{target.id}` before `{step.id}`"
            yield Diagnostic("forward-ref", message, use.place, note=note, labels=labels, help=help)
