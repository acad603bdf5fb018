"""A step or a session alias names a workflow, or what else it runs, that the project does not declare.

     workflows:
       patient-lookup: {prompt: Open the chart.}
     chains:
       intake:
         steps:
    -      - {id: lookup, workflow: patient-lokup}
    +      - {id: lookup, workflow: patient-lookup}

Workflows are named by their declaration, not by their title on the platform. A step of a chain runs a workflow; one of
a pipeline runs a workflow, a chain, a task or another pipeline, or calls a function of a module under `python:`.

In a test, `run` names a chain, a workflow, a task or a pipeline.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from cyberflow.compiler.graph import Graph
from cyberflow.compiler.queries.lookalikes import has_unread_declaration, labels_for_repeats
from cyberflow.diagnostics import Diagnostic, did_you_mean, fix_name, nearest
from cyberflow.edits import Fix, Replacement
from cyberflow.language.python.reading.document import PythonDocument
from cyberflow.late import expression
from cyberflow.source import Place

_FUNCTION = expression(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")
_SECTIONS = ("workflows", "chains", "tasks", "pipelines")


def find(graph: Graph) -> Iterator[Diagnostic]:
    for name, places in _workflows(graph).items():
        if not has_unread_declaration(name, "workflows", graph.project.files.documents):
            yield _finding(graph, name, places)
    for name, places in _runs(graph, "run").items():
        if not any(has_unread_declaration(name, one, graph.project.files.documents) for one in _SECTIONS):
            known = [*graph.chains, *graph.workflows, *graph.tasks, *graph.pipelines]
            message = f"there is no workflow, chain, task or pipeline `{name}`"
            labels, help, fix = labels_for_repeats(places), did_you_mean(name, known), _fix(name, places, known)
            yield Diagnostic("unknown-workflow", message, places[0], labels=labels, help=help, fix=fix)
    modules = {
        one.module: one
        for one in graph.project.files.documents.values()
        if isinstance(one, PythonDocument) and one.module
    }
    for name, places in _runs(graph, "call").items():
        if (said := _unknown_function(name, modules)) is not None:
            labels = labels_for_repeats(places)
            yield Diagnostic("unknown-workflow", said[0], places[0], labels=labels, help=said[1])


def _workflows(graph: Graph) -> dict[str, list[Place]]:
    """Where chains name a workflow that is not there."""
    named: dict[str, list[Place]] = {}
    for chain in graph.chains.values():
        for step in chain.steps:
            if step.workflow is None and step.step.workflow:
                named.setdefault(step.step.workflow, []).append(step.at("workflow"))
        for alias, workflow in chain.session.items():
            if workflow is None:
                named.setdefault(chain.body.session[alias], []).append(chain.at("session", alias))
    return named


def _runs(graph: Graph, key: str) -> dict[str, list[Place]]:
    """Where steps of pipelines name what is not there to be run, or called."""
    named: dict[str, list[Place]] = {}
    for pipeline in graph.pipelines.values():
        for step in pipeline.steps:
            if step.callee is None and (name := getattr(step.step, key)):
                named.setdefault(name, []).append(step.at(key))
    return named


def _unknown_function(name: str, modules: Mapping[str, PythonDocument]) -> tuple[str, str | None] | None:
    """What is wrong with the name of a function, and what helps; None when its module is what is wrong."""
    module, _, function = name.partition(":")
    if not _FUNCTION.fullmatch(name):
        return f"`{name}` is not the name of a function", "write `MODULE:FUNCTION`: `flows.glue:total`"
    if module not in modules:
        near = nearest(module, modules)
        help = f"did you mean `{near}:{function}`?" if near else f"list `{module.replace('.', '/')}.py` under `python:`"
        return f"`{module}` is not a module of `python:`", help
    names = modules[module].function_names
    return None if names is None else (f"`{module}` has no function `{function}`", did_you_mean(function, names))


def _finding(graph: Graph, name: str, places: list[Place]) -> Diagnostic:
    help, fix = did_you_mean(name, graph.workflows), _fix(name, places, graph.workflows)
    note = ""
    if (ignored := graph.project.files.find_ignored_declaration(name)) is not None:
        note = f"`{ignored}` declares it, and git ignores that file"
        fix, help = None, f"take `{ignored}` out of the ignore file, or name it under `sources`"
    others = {"chain": graph.chains, "task": graph.tasks, "pipeline": graph.pipelines}
    for kind in (kind for kind, group in others.items() if name in group):
        note, help, fix = f"this is a {kind}", "a step runs a workflow", None
    message = f"there is no workflow `{name}`"
    labels = labels_for_repeats(places)
    return Diagnostic("unknown-workflow", message, places[0], note=note, labels=labels, help=help, fix=fix)


def _fix(name: str, places: list[Place], known: Collection[str]) -> Fix | None:
    """The name that was meant, written wherever this one stands."""
    fix, meant = fix_name(places[0], name, known), nearest(name, known)
    return (fix and meant and replace(fix, edits=tuple(Replacement(place, name, meant) for place in places))) or None
