r"""A backslash in double quotes became a control character.

In YAML `"C:\temp\new"` holds a tab and a line end, and `"\\srv\bin"` a backspace. In a `target`, a `title`, `terminal`
and every path that is never meant, and nothing shows it. In Python strings the same.

    files:
      - {path: seed.csv, target: "C:\temp\new.csv"}

Write it without quotes, in single quotes, or with `/`: 'C:\temp\new.csv'.
"""

from collections.abc import Iterator

from cyberflow.compiler.graph import Graph
from cyberflow.diagnostics import Diagnostic
from cyberflow.language.control_characters import find_escaped_control, report_control
from cyberflow.language.model import Chain, Workflow
from cyberflow.source import Place


def find(graph: Graph) -> Iterator[Diagnostic]:
    for text, place in _plain_texts(graph):
        document = graph.project.files.documents.get(place.path)
        if document is not None and (place.path, place.route) not in graph.project.texts:
            found = find_escaped_control(text, place, document)
            if found is not None:
                yield report_control(text, place, found)


def _plain_texts(graph: Graph) -> Iterator[tuple[str, Place]]:
    """What is sent as it stands, and is neither a prompt nor a path of the project."""
    for workflow in graph.project.workflows.values():
        if workflow.body.title is not None:
            yield workflow.body.title, workflow.at("title")
        for index, command in enumerate(workflow.body.terminal or ()):
            yield command, workflow.at("terminal", index)
    definitions: list[tuple[Workflow | Chain, Place]] = [
        *((one.body, one.place) for one in graph.project.workflows.values()),
        *((one.body, one.place) for one in graph.project.chains.values()),
    ]
    for body, place in definitions:
        for index, file in enumerate(body.files):
            if file.target is not None:
                yield file.target, place.at("files", index, "target")
