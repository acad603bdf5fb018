"""Steps read one another in a ring, or a step reads itself; or pipelines run one another without end.

No order of the steps could run them.

     workflows:
       copy: {prompt: Copy <x>., inputs: {x: string}, outputs: {y: string}}
     chains:
       twice:
    +    inputs: {x: string}
         steps:
    -      - {id: a, workflow: copy, inputs: {x: {$ref: b.outputs.y}}}
    +      - {id: a, workflow: copy, inputs: {x: <x>}}
           - {id: b, workflow: copy, inputs: {x: {$ref: a.outputs.y}}}

Break the ring: one of the refs must come from an input, or from a step outside it.
"""

from collections.abc import Iterator
from itertools import pairwise

from cyberflow.compiler.graph import AnyCaller, Graph, PipelineNode
from cyberflow.compiler.queries.cycles import find_cycles
from cyberflow.compiler.queries.refs import StepUse, step_uses
from cyberflow.diagnostics import Diagnostic, Label


def find(graph: Graph) -> Iterator[Diagnostic]:
    for caller in graph.callers:
        if found := caller.cycles:
            uses = {(use.step.id, use.alias): use for use in step_uses(caller)}
            yield from (_finding(caller, ring, [uses[pair] for pair in pairwise(ring)]) for ring in found)
    yield from _rings_of_pipelines(graph)


def _finding(caller: AnyCaller, ring: list[str], path: list[StepUse]) -> Diagnostic:
    verb = "waits for" if isinstance(caller, PipelineNode) else "reads"
    own = "waits for itself" if isinstance(caller, PipelineNode) else "reads its own output"
    shown = " → ".join(f"`{name}`" for name in ring)
    message = f"`{ring[0]}` {own}" if len(path) == 1 else f"these steps wait for each other: {shown}"
    labels = tuple(
        Label(use.place, f"`{name}` {verb} `{use.alias}`") for name, use in zip(ring[1:], path[1:], strict=False)
    )
    note = f"`{ring[0]}` {verb} `{path[0].alias}`" if labels else ""
    help = f"take one of these values from an input of the {caller.definition.kind}, or from a step outside the ring"
    return Diagnostic("cycle", message, path[0].place, note=note, labels=labels, help=help)


def _rings_of_pipelines(graph: Graph) -> Iterator[Diagnostic]:
    """Pipelines that would run themselves, however far around."""
    places = {
        (pipeline.name, step.step.run): step.at("run")
        for pipeline in graph.pipelines.values()
        for step in reversed(pipeline.steps)
        if step.step.run in graph.pipelines
    }
    edges: dict[str, dict[str, None]] = {name: {} for name in graph.pipelines}
    for name, run in places:
        edges[name][str(run)] = None
    for ring in find_cycles(edges):
        path = [places[pair] for pair in pairwise(ring)]
        shown = " → ".join(f"`{name}`" for name in ring)
        message = f"`{ring[0]}` runs itself" if len(path) == 1 else f"these pipelines run each other: {shown}"
        labels = tuple(Label(place, f"runs `{name}`") for name, place in zip(ring[2:], path[1:], strict=False))
        help = "a pipeline that runs itself never ends: take one of these steps away"
        yield Diagnostic("cycle", message, path[0], labels=labels, help=help)
