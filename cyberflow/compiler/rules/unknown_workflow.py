"""A step or a session alias names a workflow that the project does not declare.

    steps:
      - {id: lookup, workflow: patient-lokup}

Workflows are named by their declaration, not by their title on the platform.

In a test, `run` names a chain, a workflow or a task.
"""

from collections.abc import Iterator
from dataclasses import replace

from cyberflow.compiler.graph import Graph
from cyberflow.compiler.queries.lookalikes import has_unread_declaration, labels_for_repeats
from cyberflow.diagnostics import Diagnostic, did_you_mean, fix_name, nearest
from cyberflow.edits import Fix, Replacement
from cyberflow.source import Place


def find(graph: Graph) -> Iterator[Diagnostic]:
    named: dict[str, list[Place]] = {}
    for chain in graph.chains.values():
        for step in chain.steps:
            if step.workflow is None and step.step.workflow:
                named.setdefault(step.step.workflow, []).append(step.at("workflow"))
        for alias, workflow in chain.session.items():
            if workflow is None:
                named.setdefault(chain.body.session[alias], []).append(chain.at("session", alias))
    for name, places in named.items():
        if not has_unread_declaration(name, "workflows", graph.project.files.documents):
            yield _finding(graph, name, places)


def _finding(graph: Graph, name: str, places: list[Place]) -> Diagnostic:
    help, fix = did_you_mean(name, graph.workflows), _fix(graph, name, places)
    note = ""
    if (ignored := graph.project.files.find_ignored_declaration(name)) is not None:
        note = f"`{ignored}` declares it, and git ignores that file"
        fix, help = None, f"take `{ignored}` out of the ignore file, or name it under `sources`"
    if name in graph.chains or name in graph.tasks:
        kind = "chain" if name in graph.chains else "task"
        note, help, fix = f"this is a {kind}", "a step runs a workflow", None
    message = f"there is no workflow `{name}`"
    labels = labels_for_repeats(places)
    return Diagnostic("unknown-workflow", message, places[0], note=note, labels=labels, help=help, fix=fix)


def _fix(graph: Graph, name: str, places: list[Place]) -> Fix | None:
    """The workflow that was meant, written wherever the name stands."""
    fix = fix_name(places[0], name, graph.workflows)
    meant = nearest(name, graph.workflows)
    return (fix and meant and replace(fix, edits=tuple(Replacement(place, name, meant) for place in places))) or None
