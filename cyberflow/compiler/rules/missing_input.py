"""A step lacks an input that its workflow needs.

An input comes from the step's `inputs`, from an input of the chain of the same name, from a machine (`from_machine`),
or from its `default`. Nothing gives this one, so the service would refuse the chain or the run would fail.

    book-visit: {inputs: {mrn: string, reason: string}}
    - {id: book, workflow: book-visit, inputs: {mrn: M7}}       # `reason` is missing
"""

from collections.abc import Iterator

from cyberflow.compiler.graph import ChainNode, Graph, StepNode, WorkflowNode
from cyberflow.compiler.shapes import Field
from cyberflow.compiler.types import describe
from cyberflow.compiler.uses import meant_by
from cyberflow.diagnostics import Diagnostic, Label


def find(graph: Graph) -> Iterator[Diagnostic]:
    for chain in graph.chains.values():
        for step in chain.steps:
            if step.workflow and chain.inputs.known and "steps" not in chain.definition.broken:
                meant = meant_by(step.inputs, step.workflow.inputs)
                for name, field in step.workflow.inputs.fields.items():
                    if field.required and name not in meant and not _given(chain, step, step.workflow, name):
                        yield _finding(step, step.workflow, field)


def _given(chain: ChainNode, step: StepNode, workflow: WorkflowNode, name: str) -> bool:
    inherited = chain.inherits and name in chain.inputs
    machine = {*workflow.body.from_machine, *chain.body.from_machine}
    return name in step.inputs or inherited or name in machine


def _finding(step: StepNode, workflow: WorkflowNode, field: Field) -> Diagnostic:
    message = f"`{step.id}` lacks the input `{field.name}` of `{workflow.name}`"
    labels = (Label(field.place.key(), f"needed here: {describe(field.schema)}"),)
    help = (
        f"set it in the step's `inputs`, declare `{field.name}` as an input of the chain, or list it in `from_machine`"
    )
    return Diagnostic("missing-input", message, step.at("workflow"), labels=labels, help=help)
