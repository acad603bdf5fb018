r"""A backslash stands directly before a placeholder, inside a word.

    prompt: Save it as C:\in\<name>.

The platform would take the backslash for an escape, and type the placeholder itself. Windows takes `/` too.
"""

from collections.abc import Iterator

from cyberflow.compiler.graph import Graph
from cyberflow.compiler.queries import text_findings
from cyberflow.diagnostics import Diagnostic


def find(graph: Graph) -> Iterator[Diagnostic]:
    yield from text_findings(graph, "backslash-placeholder")
