r"""A prompt says nothing.

What goes out is asked, and not what is written: a comment, or a line that reads as the definition of a link, leaves
nothing. The service refuses an empty `main_prompt`, and an agent without a task does nothing that anyone pays for.

     workflows:
       lookup:
    -    prompt: '[Task]: lookup'
    +    prompt: '\[Task]: lookup'
"""

from collections.abc import Iterator
from dataclasses import replace

from cyberflow.compiler.graph import Graph
from cyberflow.compiler.queries.texts import prompts
from cyberflow.diagnostics import Diagnostic, replace_text
from cyberflow.late import expression

_DEFINITION = expression(r"\s{0,3}(?=\[[^\]\n]+\]:)")


def find(graph: Graph) -> Iterator[Diagnostic]:
    for workflow, text in prompts(graph):
        if text.kind == "prompt" and text.sends_nothing:
            place = text.place if text.place.path == text.text.pieces[0].place.path else text.text.pieces[0].place
            written = text.text.value.strip()
            note = "nothing of it goes out" if written else ""
            help = "write what the agent is to do"
            help += "; for a `[` that is text write `\\[`" if "]:" in written else ""
            message = f"the prompt of `{workflow.name}` is empty"
            found = Diagnostic("empty-prompt", message, place, note=note, help=help if written else None)
            opened = _DEFINITION.match(text.text.value)
            at = opened.end() if opened else 0
            yield replace(found, fix=replace_text(text.place_of(at, at + 1), "[", "\\[", safe=True) if opened else None)
