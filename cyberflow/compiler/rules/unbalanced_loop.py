"""A prompt begins a loop and never ends an iteration, or the other way round.

The agent does the first iteration by hand and the platform replays the rest, from `start_loop` to `end_loop_iteration`;
with one of them missing nothing is repeated. Over an empty list the loop is skipped, and no iteration ends: what is to
happen then is said outside the loop. This is a warning.

     workflows:
       balances:
         inputs: {accounts: "string[]"}
    -    prompt: Use start_loop over <accounts>, open each one and read its balance.
    +    prompt: Use start_loop over <accounts>, open each one, read its balance, and use end_loop_iteration.
"""

import re
from collections.abc import Iterator

from cyberflow.compiler.graph import Graph
from cyberflow.compiler.queries.texts import prompts
from cyberflow.diagnostics import Diagnostic
from cyberflow.late import expression

_EMPTY = expression(r"[^.!?\n]{0,20}?(?:\[\s*\]|[\"'`]0[\"'`])")
"""A loop over nothing is skipped, and has no iteration that could end."""
_START, _END = re.compile(r"\bstart_loop\b"), re.compile(r"\bend_loop_iteration\b")


def find(graph: Graph) -> Iterator[Diagnostic]:
    for _, text in prompts(graph):
        if "_loop" not in text.text.value:
            continue
        start, end = _START.search(text.text.value), _END.search(text.text.value)
        if (start is None) != (end is None):
            if start and _EMPTY.match(text.text.value, start.end()):
                continue
            found, lacks = (start, "end_loop_iteration") if start else (end, "start_loop")
            if found is not None:
                message = f"this prompt has `{found.group()}` and no `{lacks}`"
                help = "say where an iteration ends: use `end_loop_iteration`"
                if lacks == "start_loop":
                    help = "say what is repeated: use `start_loop` over a list"
                yield Diagnostic("unbalanced-loop", message, text.place_of(*found.span()), help=help)
