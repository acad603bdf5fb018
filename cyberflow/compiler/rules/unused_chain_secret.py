"""No step of the chain uses this secret.

A secret that nobody needs should not be handed to a run. This is a warning.

    chains:
      intake:
        secrets: [epic_password]          # no workflow of a step declares it, and no step maps it
"""

from collections.abc import Iterator

from cyberflow.compiler.graph import Graph
from cyberflow.compiler.queries.names import is_fully_read, literal_secrets, missing_arguments, names_in_use
from cyberflow.diagnostics import Diagnostic, Severity

SEVERITY: Severity = "warning"


def find(graph: Graph) -> Iterator[Diagnostic]:
    for chain in graph.chains.values():
        if not is_fully_read(chain, "secret"):
            continue
        if any(True for _ in missing_arguments(chain, "secret")) or any(literal_secrets(step) for step in chain.steps):
            continue
        used = names_in_use(chain, "secret")
        for name, field in chain.secrets.fields.items():
            if name not in used:
                use = "hand it to a step" if chain.in_python else f"map it in a step: `secrets: {{NAME: <${name}>}}`"
                help = f"{use}, or take it away"
                message = f"no step of `{chain.name}` uses the secret `{name}`"
                yield Diagnostic("unused-chain-secret", message, field.place.at_key(), help=help)
