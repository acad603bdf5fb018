"""A step lacks a secret that its workflow needs.

A secret comes from the step's `secrets`, from a secret of the chain of the same name, or from a machine
(`from_machine: [$password]`).

     workflows:
       sign-in: {prompt: Sign in with <$password>., secrets: [password]}
     chains:
       intake:
    +    secrets: [epic_password]
         steps:
    -      - {id: login, workflow: sign-in}
    +      - {id: login, workflow: sign-in, secrets: {password: <$epic_password>}}
"""

import json
from collections.abc import Iterator

from cyberflow.compiler.graph import Graph
from cyberflow.compiler.queries.declaration_fixes import hand_on
from cyberflow.compiler.queries.names import missing_arguments
from cyberflow.compiler.queries.suggestions import argument_syntax
from cyberflow.diagnostics import Diagnostic, Label, nearest
from cyberflow.edits import Addition, Fix


def find(graph: Graph) -> Iterator[Diagnostic]:
    for chain in graph.callers:
        for step, callee, field in missing_arguments(chain, "secret"):
            name, kind = field.name, chain.definition.kind
            message = f"step `{step.id}` lacks the secret `{name}` of `{callee.name}`"
            labels = (Label(field.place.at_key(), "needed here"),)
            take = f"take `{name}: Secret` in `{chain.name}` and hand it on: `{name}={name}`"
            help = take if chain.in_python else f"declare `{name}` in the {kind}'s `secrets`"
            help += f", or list `${name}` in `from_machine`" if callee.kind in ("workflow", "chain") else ""
            edit = Addition(chain.at("secrets"), "", json.dumps(name))
            fix = None if chain.in_python else Fix(f"declare the secret `{name}` in `{chain.name}`", (edit,))
            if have := nearest(name, chain.secrets.fields) or next(iter(chain.secrets.fields), None):
                help = f"hand on the {kind}'s `{have}`: {argument_syntax(chain, 'secret', name, have)}"
                fix = hand_on(chain, step, "secret", name, have)
            place = step.runs[1] if step.runs else step.place
            yield Diagnostic("missing-secret", message, place, labels=labels, help=help, fix=fix)
