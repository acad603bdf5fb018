r"""A placeholder names a secret that is not declared.

    secrets: [password]
    prompt: Sign in with <$pasword>.

Declare the secret, or name one that is declared. PowerShell's `{$_}` is read as a placeholder too, since the platform
substitutes inside code: write `\{$_}`.
"""

from collections.abc import Iterator

from cyberflow.compiler.graph import Graph
from cyberflow.compiler.queries import find_unknown_names
from cyberflow.diagnostics import Diagnostic


def find(graph: Graph) -> Iterator[Diagnostic]:
    yield from find_unknown_names(graph, "secret")
