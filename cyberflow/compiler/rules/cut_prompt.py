"""YAML leaves out or joins lines of a prompt.

In a plain text on one line, ` #` begins a comment, and the prompt ends before it. A folded text (`>`) joins its lines,
so that a list in it becomes one paragraph. This is a warning.

     workflows:
       tickets:
    -    prompt: Open ticket #7, then room #12.        # the agent is told `Open ticket`
    +    prompt: |
    +      Open ticket #7, then room #12.

Quote the text, or write it below `prompt: |`. A comment that begins with `cyberflow:` is one of ours and is let be.
"""

import re
from collections.abc import Iterator
from typing import Any

from cyberflow.compiler.graph import Graph
from cyberflow.compiler.queries.lookalikes import prompt_ending_comment
from cyberflow.compiler.queries.texts import prompts
from cyberflow.diagnostics import Diagnostic, replace_text
from cyberflow.edits import Fix, Replacement
from cyberflow.language.yaml.document import YamlDocument
from cyberflow.late import expression
from cyberflow.source import Place

_SUSPECT = expression(r"[#>](?<=[ \t].)(?:(?<=#)|[-+0-9]*[ \t]*$)", re.MULTILINE)
_ITEM = expression(r"( *)(?:[-*+]|[0-9]+[.)])[ \t]+\S.*")


def find(graph: Graph) -> Iterator[Diagnostic]:
    documents = graph.project.files.documents
    suspect: dict[str, bool] = {}  # a file is searched once for its thousands of prompts
    for _, text in prompts(graph):
        document = documents.get(text.place.path)
        if not isinstance(document, YamlDocument):
            continue
        if document.path not in suspect:
            suspect[document.path] = _is_suspect(document.text)
        if not suspect[document.path]:
            continue
        node = document.node(text.place.route)
        if comment := prompt_ending_comment(text, document):
            place = Place(document.path, (), "value", comment.span(1))
            help = "quote the prompt, or write it below a `|`"
            fix = _quote(document, node.start_mark.index, comment.end(1))
            yield Diagnostic("cut-prompt", "the prompt ends before this comment", place, help=help, fix=fix)
        elif getattr(node, "style", None) == ">":
            yield from _find_folding(document, node)


def _is_suspect(text: str) -> bool:
    """Whether a comment or a `>` may stand behind a value, as far as the text alone can tell."""
    near = "\t" in text or " >" in text or ("#" in text and " #" in text)
    return near and _SUSPECT.search(text) is not None


def _find_folding(document: YamlDocument, node: Any) -> Iterator[Diagnostic]:
    """The first list item that folding joins with the line above; deeper and separated lines stay as they are."""
    start = document.text.find("\n", node.start_mark.index) + 1
    lines = document.text[start : node.end_mark.index].split("\n")
    indent = next((len(line) - len(line.lstrip()) for line in lines if line.strip()), 0)
    above = ""
    for line in lines:
        item = _ITEM.fullmatch(line.rstrip())
        if item and len(item[1]) == indent and above.strip() and len(above) - len(above.lstrip()) == indent:
            place = Place(document.path, (), "value", (start + indent, start + len(line.rstrip())))
            help = "write `|` in place of `>`: it keeps lines as they are"
            at = document.text.index(">", node.start_mark.index)
            fix = replace_text(Place(document.path, (), "value", (at, at + 1)), ">", "|")
            yield Diagnostic("cut-prompt", "`>` joins this line with the one above", place, help=help, fix=fix)
            return
        above, start = line, start + len(line) + 1


def _quote(document: YamlDocument, start: int, end: int) -> Fix:
    """The fix that quotes a prompt together with what was read as a comment."""
    written = document.text[start:end].rstrip()
    place = Place(document.path, (), "value", (start, start + len(written)))
    quoted = "'" + written.replace("'", "''") + "'"
    return Fix("quote the prompt with what follows it", (Replacement(place, written, quoted),))
