"""A prompt says nothing.

The service refuses an empty `main_prompt`, and an agent without a task does nothing that anyone pays for.

    prompt: ""
"""

from collections.abc import Iterator

from cyberflow.compiler.graph import Graph
from cyberflow.diagnostics import Diagnostic


def find(graph: Graph) -> Iterator[Diagnostic]:
    for workflow in graph.workflows.values():
        for text in workflow.texts:
            if text.kind == "prompt" and not text.text.value.strip():
                place = text.place if text.place.path == text.text.pieces[0].place.path else text.text.pieces[0].place
                yield Diagnostic("empty-prompt", f"the prompt of `{workflow.name}` is empty", place)
