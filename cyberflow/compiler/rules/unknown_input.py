"""A step sets an input that its workflow does not declare, or `from_machine` names one.

The platform ignores it, and the input that was meant stays empty.

    book-visit: {inputs: {mrn: string}}
    - {id: book, workflow: book-visit, inputs: {mnr: M7}}
"""

from collections.abc import Iterator

from cyberflow.compiler.graph import Graph, StepNode, WorkflowNode
from cyberflow.compiler.queries.names import unknown_names
from cyberflow.diagnostics import Diagnostic, Label, did_you_mean


def find(graph: Graph) -> Iterator[Diagnostic]:
    for chain in graph.chains.values():
        for step in chain.steps:
            if step.workflow is not None and step.workflow.inputs.known:
                yield from _step_findings(step, step.workflow)
    for workflow in graph.workflows.values():
        for index, name in enumerate(workflow.body.from_machine):
            if not name.startswith("$") and name not in workflow.inputs and workflow.inputs.known:
                place = workflow.definition.at("from_machine", index)
                help = did_you_mean(name, workflow.inputs.fields)
                yield Diagnostic("unknown-input", f"`{workflow.name}` has no input `{name}`", place, help=help)


def _step_findings(step: StepNode, workflow: WorkflowNode) -> Iterator[Diagnostic]:
    for name, value in step.inputs.items():
        literal_secret = name in workflow.secrets and not (value.tokens or value.refs)
        if name in workflow.inputs or literal_secret or name in unknown_names(workflow, "input"):
            continue
        help = did_you_mean(name, workflow.inputs.fields)
        labels = (Label(workflow.definition.at("inputs").at_key(), "declared here"),)
        if not workflow.inputs.fields:
            labels = (Label(workflow.definition.place.at_key(), "declares no `inputs`"),)
        if name in workflow.secrets:
            help = f"hand on a secret of the chain under `secrets`: `{name}: <$NAME>`"
            labels = (Label(workflow.secrets.fields[name].place.at_key(), "declared as a secret"),)
        message = f"`{workflow.name}` has no input `{name}`"
        yield Diagnostic("unknown-input", message, value.place.at_key(), labels=labels, help=help)
