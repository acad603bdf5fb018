"""A step lacks a secret that its workflow needs.

A secret comes from the step's `secrets`, from a secret of the chain of the same name, or from a machine
(`from_machine: [$password]`).

    sign-in: {secrets: [password]}
    - {id: login, workflow: sign-in}                 # and the chain declares `epic_password`
"""

from collections.abc import Iterator

from cyberflow.compiler.graph import Graph
from cyberflow.compiler.uses import meant_by
from cyberflow.diagnostics import Diagnostic, Label


def find(graph: Graph) -> Iterator[Diagnostic]:
    for chain in graph.chains.values():
        for step in chain.steps:
            if step.workflow is None or not chain.secrets.known or "steps" in chain.definition.broken:
                continue
            inherited = set(chain.secrets.fields) if chain.inherits else set()
            inherited |= meant_by(step.secrets, step.workflow.secrets)
            machine = {*step.workflow.body.from_machine, *chain.body.from_machine}
            for name, field in step.workflow.secrets.fields.items():
                if not field.required or name in step.secrets or name in inherited or f"${name}" in machine:
                    continue
                message = f"`{step.id}` lacks the secret `{name}` of `{step.workflow.name}`"
                labels = (Label(field.place.key(), "needed here"),)
                have = next(iter(chain.secrets.fields), "NAME")
                help = f"map one of the chain's: `secrets: {{{name}: <${have}>}}`, or declare `{name}` in the chain"
                yield Diagnostic("missing-secret", message, step.at("workflow"), labels=labels, help=help)
