"""A step lacks an input that its workflow needs.

An input comes from the step's `inputs`, from an input of the chain of the same name, from a machine (`from_machine`),
or from its `default`. Nothing gives this one, so the service would refuse the chain or the run would fail.

    book-visit: {inputs: {mrn: string, reason: string}}
    - {id: book, workflow: book-visit, inputs: {mrn: M7}}       # `reason` is missing

In a test it is an input of what is run.
"""

from collections.abc import Iterator

from cyberflow.compiler.graph import AnyCaller, CallNode, Graph
from cyberflow.compiler.interface import Callee, Field
from cyberflow.compiler.queries.names import missing_arguments
from cyberflow.compiler.queries.suggestions import argument_syntax
from cyberflow.diagnostics import Diagnostic, Label, nearest
from cyberflow.schema.describe import describe


def find(graph: Graph) -> Iterator[Diagnostic]:
    for chain in graph.callers:
        for step, callee, field in missing_arguments(chain, "input"):
            yield _finding(chain, step, callee, field)


def _finding(caller: AnyCaller, step: CallNode, callee: Callee, field: Field) -> Diagnostic:
    message = f"step `{step.id}` lacks the input `{field.name}` of `{callee.name}`"
    labels = (Label(field.place.at_key(), f"needs {describe(field.schema)}"),)
    declare = f"set it in the step's `inputs`, declare `{field.name}` as an input of the {caller.definition.kind}"
    help = f"give `{field.name}=` in the call" if caller.in_python else declare
    help += ", or list it in `from_machine`" if callee.kind in ("workflow", "chain") else ""
    if meant := nearest(field.name, caller.inputs_at(step, "inputs").fields):
        whose = "item" if meant not in caller.inputs else f"{caller.definition.kind}'s"
        help = f"hand on the {whose} `{meant}`: {argument_syntax(caller, 'input', field.name, meant)}"
    return Diagnostic("missing-input", message, step.runs[1] if step.runs else step.place, labels=labels, help=help)
