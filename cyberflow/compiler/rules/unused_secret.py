"""No text of the workflow uses this secret.

A secret that nobody types should not be handed to a run. This is a warning.

    secrets: [password, pin]
    prompt: Sign in with <$password>.               # `pin` is not used
"""

from collections.abc import Iterator

from cyberflow.compiler.graph import Graph
from cyberflow.compiler.queries import find_idle_names
from cyberflow.diagnostics import Diagnostic, Severity

SEVERITY: Severity = "warning"


def find(graph: Graph) -> Iterator[Diagnostic]:
    yield from find_idle_names(graph, "secret")
