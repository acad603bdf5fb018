"""A step lacks an input that its workflow needs.

An input comes from the step's `inputs`, from an input of the chain of the same name, from a machine (`from_machine`),
or from its `default`. Nothing gives this one, so the service would refuse the chain or the run would fail.

     workflows:
       book-visit: {prompt: Book <reason> for <mrn>., inputs: {mrn: string, reason: string}}
     chains:
       intake:
         steps:
    -      - {id: book, workflow: book-visit, inputs: {mrn: M7}}
    +      - {id: book, workflow: book-visit, inputs: {mrn: M7, reason: checkup}}

In a test it is an input of what is run.
"""

import json
from collections.abc import Iterator

from cyberflow.compiler.graph import PYTHON_SUFFIX, AnyCaller, CallNode, Graph
from cyberflow.compiler.interface import Callee, Field
from cyberflow.compiler.queries.declaration_fixes import hand_on
from cyberflow.compiler.queries.names import missing_arguments
from cyberflow.compiler.queries.suggestions import argument_syntax
from cyberflow.diagnostics import Diagnostic, Label, nearest
from cyberflow.edits import Addition, Fix
from cyberflow.language.project.routes import value_at
from cyberflow.schema.describe import describe


def find(graph: Graph) -> Iterator[Diagnostic]:
    for caller in graph.callers:
        for step, callee, field in missing_arguments(caller, "input"):
            yield _finding(graph, caller, step, callee, field)


def _finding(graph: Graph, caller: AnyCaller, step: CallNode, callee: Callee, field: Field) -> Diagnostic:
    message = f"step `{step.id}` lacks the input `{field.name}` of `{callee.name}`"
    labels = (Label(field.place.at_key(), f"needs {describe(field.schema)}"),)
    declare = f"set it in the step's `inputs`, declare `{field.name}` as an input of the {caller.definition.kind}"
    help = f"give `{field.name}=` in the call" if caller.in_python else declare
    help += ", or list it in `from_machine`" if callee.kind in ("workflow", "chain") else ""
    fix = None if caller.in_python else _declare(graph, caller, field)
    if meant := nearest(field.name, caller.inputs_at(step, "inputs").fields):
        fix = hand_on(caller, step, "input", field.name, meant)
        whose = "item" if meant not in caller.inputs else f"{caller.definition.kind}'s"
        help = f"hand on the {whose} `{meant}`: {argument_syntax(caller, 'input', field.name, meant)}"
    place = step.runs[1] if step.runs else step.place
    return Diagnostic("missing-input", message, place, labels=labels, help=help, fix=fix)


def _declare(graph: Graph, caller: AnyCaller, field: Field) -> Fix | None:
    """The guess that whoever runs it gives the value: an input of its own, of the type that is declared."""
    document = graph.project.files.documents.get(field.place.path)
    notation = value_at(getattr(document, "data", None), field.place.route)
    if not isinstance(notation, str):
        notation = field.schema if isinstance(notation, dict) and isinstance(field.schema, dict) else None
    if notation is None or field.place.path.endswith(PYTHON_SUFFIX):
        return None
    edit = Addition(caller.at("inputs"), field.name, json.dumps(notation))
    return Fix(f"declare `{field.name}` as an input of `{caller.name}`", (edit,))
