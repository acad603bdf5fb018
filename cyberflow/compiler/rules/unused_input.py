"""No text of the workflow uses this input.

Either the prompt forgot it, or whoever runs the workflow is asked for a value for nothing. This is a warning.

    inputs: {mrn: string, reason: string}
    prompt: Open the chart of <mrn>.                # `reason` is not used
"""

from collections.abc import Iterator

from cyberflow.compiler.graph import Graph
from cyberflow.compiler.queries import find_idle_names
from cyberflow.diagnostics import Diagnostic, Severity

SEVERITY: Severity = "warning"


def find(graph: Graph) -> Iterator[Diagnostic]:
    yield from find_idle_names(graph, "input")
