"""A step maps a secret that its workflow does not declare, or `from_machine` names one.

    sign-in: {secrets: [password]}
    - {id: login, workflow: sign-in, secrets: {pasword: <$epic_password>}}

The value would be sent to a run that does not use it.
"""

from collections.abc import Iterator

from cyberflow.compiler.graph import Graph
from cyberflow.compiler.queries.names import unknown_names
from cyberflow.diagnostics import Diagnostic, Label, did_you_mean


def find(graph: Graph) -> Iterator[Diagnostic]:
    for chain in graph.chains.values():
        for step in chain.steps:
            if step.workflow is None or not step.workflow.secrets.known:
                continue
            for name, value in step.secrets.items():
                if name in step.workflow.secrets or name in unknown_names(step.workflow, "secret"):
                    continue
                labels = (Label(step.workflow.definition.at("secrets").at_key(), "declared here"),)
                if not step.workflow.secrets.fields:
                    labels = (Label(step.workflow.definition.place.at_key(), "declares no `secrets`"),)
                message = f"`{step.workflow.name}` has no secret `{name}`"
                help = did_you_mean(name, step.workflow.secrets.fields)
                yield Diagnostic("unknown-secret", message, value.place.at_key(), labels=labels, help=help)
    for workflow in graph.workflows.values():
        for index, name in enumerate(workflow.body.from_machine):
            if name.startswith("$") and name[1:] not in workflow.secrets and workflow.secrets.known:
                place = workflow.definition.at("from_machine", index)
                help = did_you_mean(name[1:], workflow.secrets.fields, "`${}`")
                yield Diagnostic("unknown-secret", f"`{workflow.name}` has no secret `{name}`", place, help=help)
