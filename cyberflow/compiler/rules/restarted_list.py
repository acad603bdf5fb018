"""The number of an item is not the one that the agent reads.

A list counts on from the number of its first item, whatever stands before the others. Where a number is left out, or
comes twice, what is said of a later step by its number is wrong. This is a warning.

     workflows:
       banner:
         prompt: |
           1. Open the chart.
           2. Read the banner.
    -      4. Go back to step 2.       # the agent reads `3.`
    +      3. Go back to step 2.

Number the items one after the other, or all of them `1.`.
"""

from collections.abc import Iterator
from itertools import pairwise

from cyberflow.compiler.graph import Graph
from cyberflow.compiler.queries.texts import prompts
from cyberflow.compiler.scanned_text import ScannedText
from cyberflow.diagnostics import Diagnostic, replace_text
from cyberflow.late import expression

_ITEM = expression(r"\n[ \t>*+-]*([0-9]{1,9})[.)](?=[ \t\n]|\Z)")


def find(graph: Graph) -> Iterator[Diagnostic]:
    for _, text in prompts(graph):
        if text.format == "markdown" and _may_differ(text.text.value):
            from cyberflow.language.prompt.markdown import find_renumbered_items

            for start, end, number in find_renumbered_items(_mask_placeholders(text)):
                written = text.text.value[start:end]
                message = f"the agent reads `{number}{written[-1]}` in place of `{written}`"
                help = "number the items one after the other, or all of them `1.`"
                place = text.place_of(start, end)
                fix = replace_text(place, written, f"{number}{written[-1]}")
                yield Diagnostic("restarted-list", message, place, help=help, fix=fix)


def _may_differ(text: str) -> bool:
    """Whether a number follows another than the one before it: only then Markdown is read."""
    numbers = [*map(int, _ITEM.findall(f"\n{text}"))]
    if not numbers or numbers == [*range(numbers[0], numbers[0] + len(numbers))]:
        return False
    return any(after not in (before + 1, 1) for before, after in pairwise(numbers))


def _mask_placeholders(text: ScannedText) -> str:
    """The text with a word of the same length for every placeholder, which Markdown must not take for HTML."""
    parts, at = [], 0
    for token in text.scan.tokens:
        parts += [text.scan.text[at : token.start], "x" * (token.end - token.start)]
        at = token.end
    return "".join([*parts, text.scan.text[at:]])
