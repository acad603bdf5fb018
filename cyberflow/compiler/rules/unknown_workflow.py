"""A step or a session alias names a workflow that the project does not declare.

    steps:
      - {id: lookup, workflow: patient-lokup}

Workflows are named by their declaration, not by their title on the platform.
"""

from collections.abc import Iterator

from cyberflow.compiler.graph import Graph
from cyberflow.diagnostics import Diagnostic, did_you_mean
from cyberflow.source import Place


def find(graph: Graph) -> Iterator[Diagnostic]:
    for chain in graph.chains.values():
        for step in chain.steps:
            if step.workflow is None and step.step.workflow:
                yield _unknown(graph, step.step.workflow, step.at("workflow"))
        for alias, workflow in chain.session.items():
            if workflow is None:
                yield _unknown(graph, chain.body.session[alias], chain.at("session", alias))


def _unknown(graph: Graph, name: str, place: Place) -> Diagnostic:
    help = did_you_mean(name, graph.workflows)
    note = ""
    if name in graph.chains or name in graph.tasks:
        kind = "chain" if name in graph.chains else "task"
        note, help = f"this is a {kind}", "a step runs a workflow"
    return Diagnostic("unknown-workflow", f"there is no workflow `{name}`", place, note=note, help=help)
