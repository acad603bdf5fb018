"""`{{loop_item}}` is used where no loop runs.

The platform sets it between `start_loop` and `end_loop_iteration`; elsewhere it is empty. This is a warning.

     workflows:
       accounts:
         inputs: {accounts: "string[]"}
    -    prompt: Open {{loop_item}}. Then use start_loop over <accounts>, and end_loop_iteration after each.
    +    prompt: Use start_loop over <accounts>, open {{loop_item}}, and use end_loop_iteration.
"""

from collections.abc import Iterator

from cyberflow.compiler.graph import Graph
from cyberflow.compiler.queries.texts import prompts
from cyberflow.diagnostics import Diagnostic


def find(graph: Graph) -> Iterator[Diagnostic]:
    for _, text in prompts(graph):
        value = text.text.value
        start, end = value.find("start_loop"), _end_of_line(value, value.rfind("end_loop_iteration"))
        for token in text.tokens:
            if token.kind != "runtime" or token.path.root != "loop_item":
                continue
            before = start < 0 or token.start < start
            if before or 0 <= end < token.start:
                note = "no loop runs here" if start < 0 else "before the loop" if before else "after the loop"
                place = text.place_of(token.start, token.end)
                message = f"`{token.wire}` is set inside a loop only"
                help = "use it between `start_loop` and `end_loop_iteration`"
                yield Diagnostic("loop-item-outside-loop", message, place, note=note, help=help)


def _end_of_line(text: str, offset: int) -> int:
    """The line that ends an iteration may still speak of its item."""
    end = text.find("\n", offset) if offset >= 0 else -1
    return len(text) if offset >= 0 and end < 0 else end
