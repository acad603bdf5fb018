"""A tag that a prompt may not hold is dropped; its text is kept.

Kept are paragraphs, headings, lists, tables, code, quotes, links, images and plain emphasis. `script` and `style` go
with their text. This is a warning.

    prompt: <iframe src="https://example.com"></iframe>
"""

from collections.abc import Iterator

from cyberflow.compiler.graph import Graph
from cyberflow.compiler.queries import text_findings
from cyberflow.diagnostics import Diagnostic, Severity

SEVERITY: Severity = "warning"


def find(graph: Graph) -> Iterator[Diagnostic]:
    yield from text_findings(graph, "unsafe-html")
