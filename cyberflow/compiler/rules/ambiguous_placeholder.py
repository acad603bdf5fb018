"""A word in angle brackets is an element of HTML and a declared input.

    inputs: {data: object}
    prompt: Type <data>.

Write the wire form, `{data}`, or rename the input.
"""

from collections.abc import Iterator

from cyberflow.compiler.graph import Graph
from cyberflow.compiler.queries import text_findings
from cyberflow.diagnostics import Diagnostic


def find(graph: Graph) -> Iterator[Diagnostic]:
    yield from text_findings(graph, "ambiguous-placeholder")
