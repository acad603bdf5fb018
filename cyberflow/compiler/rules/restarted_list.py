"""A numbered list does not begin at 1, and its number is lost.

A list ends where a paragraph, or another list, stands between two items and is not indented as far as their text. The
next item begins a new list, and what the agent reads begins at 1 again. This is a warning.

    prompt: |
      1. Open the chart.

      Note what the banner says.

      2. Find the record number.       # the agent reads `1.`

Indent what stands between, so that it belongs to the item above it, or let the new list begin at 1.
"""

import re
from collections.abc import Iterator

from cyberflow.compiler.graph import Graph, ScannedText
from cyberflow.compiler.queries.texts import prompts
from cyberflow.diagnostics import Diagnostic
from cyberflow.language.prompt.markdown import find_list_restarts

_LATER = re.compile(r"^([ \t>*+-]*)(?!1[.)])[0-9]{1,9}([.)])(?=[ \t]|$)", re.MULTILINE)


def find(graph: Graph) -> Iterator[Diagnostic]:
    for _, text in prompts(graph):
        if text.format == "markdown" and _may_restart(text.text.value):
            for start, end in find_list_restarts(_mask_placeholders(text)):
                written = text.text.value[start:end]
                message = f"the agent reads `1{written[-1]}` in place of `{written}`"
                help = "indent what stands between the items as far as their text, or begin this list at 1"
                yield Diagnostic("restarted-list", message, text.place_of(start, end), help=help)


def _may_restart(text: str) -> bool:
    """Whether a number other than 1 stands anywhere but below an item of its own list: only then Markdown is read."""
    for match in _LATER.finditer(text):
        before = text.rfind("\n", 0, max(match.start() - 1, 0)) + 1
        item = re.compile(rf"{re.escape(match[1])}[0-9]{{1,9}}{re.escape(match[2])}[ \t]")
        if not match.start() or not item.match(text, before):
            return True
    return False


def _mask_placeholders(text: ScannedText) -> str:
    """The text with a word of the same length for every placeholder, which Markdown must not take for HTML."""
    parts, at = [], 0
    for token in text.scan.tokens:
        parts += [text.scan.text[at : token.start], "x" * (token.end - token.start)]
        at = token.end
    return "".join([*parts, text.scan.text[at:]])
