r"""An escape of YAML made a control character.

In double quotes a backslash begins an escape: `"C:\temp\new"` holds a tab and a line end. In the target of a file, a
terminal command, a title and a path this is an error. In prompts it is a warning, for a tab and a line end only inside
a word that looks like a path.

     workflows:
       seed:
         prompt: Import the file.
         files:
    -      - {path: data/seed.csv, target: "C:\temp\new.csv"}
    +      - {path: data/seed.csv, target: 'C:\temp\new.csv'}

Write the text in single quotes: `'C:\temp\new.csv'`.
"""

import re
from collections.abc import Iterator
from dataclasses import replace

from cyberflow.compiler.graph import PYTHON_SUFFIX, ChainNode, Graph, WorkflowNode
from cyberflow.diagnostics import Diagnostic, Severity, replace_text
from cyberflow.edits import Fix
from cyberflow.language.characters import CONTROL, describe_character
from cyberflow.language.model import Workflow
from cyberflow.language.project.load import Definition
from cyberflow.language.prompt.prompt_files import FORMATS
from cyberflow.language.yaml.document import YamlDocument
from cyberflow.late import expression
from cyberflow.source import Document, LineIndex, Place, Text

_PATH = expression(r"[(\"'`*_]*(?:[A-Za-z]:|\\\\|%\w+%|\.{1,2}\\|~\\|\$env:)")
_ESCAPES = ("\\", "${{")
"""What stands in a file whose texts may hold a control character that it does not."""
_BLANKS = "\t\n\r"


def find(graph: Graph) -> Iterator[Diagnostic]:
    documents = graph.project.files.documents
    may_escape: dict[str, bool] = {}  # a file is searched once for its thousands of texts
    for what, text in _texts(graph):
        path = text.pieces[0].place.path
        if path not in may_escape:
            may_escape[path] = path in documents and any(mark in documents[path].text for mark in _ESCAPES)
        if (may_escape[path] or (what == "a path" and path in documents)) and CONTROL.search(text.value):
            yield from _findings(documents[path], what, text)


def _texts(graph: Graph) -> Iterator[tuple[str, Text]]:
    """Every text in which a control character is looked for, and what it is: empty for a prompt."""
    kinds = {"title": "a title", "terminal": "a command", "file": "the target of a file"}
    for workflow in graph.workflows.values():
        yield from ((kinds.get(text.kind, ""), text.text) for text in workflow.texts)
        for place, written in _prompt_files(workflow.definition):
            yield "a path", graph.project.text(written, place)
    for chain in graph.chains.values():
        yield from ((kinds["file"], text.text) for value in chain.files for text in value.texts)
    declared: list[WorkflowNode | ChainNode] = [*graph.workflows.values(), *graph.chains.values()]
    for definition in declared:
        for index, file in enumerate(definition.body.files):
            if file.path is not None:
                yield "a path", graph.project.text(file.path, definition.at("files", index, "path"))
    for task in graph.tasks.values():
        for key, path in task.body.files.items():
            yield "a path", graph.project.text(path, task.at("files", key))


def _prompt_files(definition: Definition[Workflow]) -> Iterator[tuple[Place, str]]:
    for key in ("prompt", "on_check_failure"):
        path: str | None = getattr(getattr(definition.body, key), "file", None)
        if path and path.rstrip().endswith((*FORMATS,)):
            yield definition.at(key, "file"), path


def _findings(document: Document, what: str, text: Text) -> Iterator[Diagnostic]:
    """One finding for each word in which an escape made a control character."""
    lines, words = document.text.split("\n"), set()
    for match in CONTROL.finditer(text.value):
        place = text.place(*match.span())
        span = document.span(place)
        line, at = lines[span.line - 1], span.column - 1
        begin = max(line.rfind(blank, 0, at) for blank in " \t") + 1
        word = re.compile(r"\S*").match(line, begin)
        made = what == "a path" or line.startswith(("\\", "${{") if what else "\\", at)
        if not word or not made or (span.line, begin) in words:
            continue
        if what or match[0] not in _BLANKS or _PATH.match(word[0]):
            words.add((span.line, begin))
            found = _finding(place, what, match[0], line[at : span.end_column - 1])
            offset = LineIndex(document.path, document.text).range(span.line)[0]
            yield replace(found, fix=_double(document, place, word, offset))


def _finding(place: Place, what: str, character: str, escape: str) -> Diagnostic:
    severity: Severity = "error" if what else "warning"
    made = f", which `{escape}` makes" if escape.startswith("\\") else ""
    message = f"{what or 'this text'} holds {describe_character(character)}{made}"
    help = "in double quotes a backslash begins an escape: write the text in single quotes, or paths with `/`"
    if place.path.endswith(PYTHON_SUFFIX):
        help = "a backslash begins an escape: put an `r` before the text, or write paths with `/`"
    return Diagnostic("control-character", message, place, help=help, severity=severity)


def _double(document: Document, place: Place, word: re.Match[str], line: int) -> Fix | None:
    """The fix that doubles the backslashes of a word in double quotes; hardly a guess where it is a path."""
    node = document.node(place.route) if isinstance(document, YamlDocument) else None
    if node is None or node.style != '"':
        return None
    start = max(line + word.start(), node.start_mark.index + 1)
    written = document.text[start : min(line + word.end(), node.end_mark.index - 1)]
    if "\\\\" in written or "${{" in written or "\n" in written:
        return None
    at = Place(document.path, (), "value", (start, start + len(written)))
    return replace_text(at, written, written.replace("\\", "\\\\"), safe=_PATH.match(written) is not None)
