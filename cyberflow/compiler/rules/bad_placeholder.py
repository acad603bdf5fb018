r"""Something looks like a placeholder and is not one.

    prompt: Type <patient..id>, then <patient[x]>.

A placeholder is `<name>`, with a path `<a.b[0]['k']>`, without blanks outside quotes. A literal is written `\<word>`.
"""

from collections.abc import Iterator

from cyberflow.compiler.graph import Graph
from cyberflow.compiler.uses import flaws
from cyberflow.diagnostics import Diagnostic


def find(graph: Graph) -> Iterator[Diagnostic]:
    yield from flaws(graph, "bad-placeholder")
