"""A word is nearly the name of one of the agent's tools.

Prompts name tools in lower case with underscores; a misspelt one is read as plain text. This is a warning.

     workflows:
       total:
    -    prompt: Use focussed_action to read the total.
    +    prompt: Use focused_action to read the total.
"""

from collections.abc import Iterator

from cyberflow.compiler.graph import Graph
from cyberflow.compiler.queries.texts import prompts
from cyberflow.diagnostics import Diagnostic, is_only_near, replace_text
from cyberflow.late import expression

TOOLS = (
    "focused_action",
    "extract_prompt",
    "copy_to_clipboard",
    "upsert_runtime_values",
    "start_loop",
    "end_loop_iteration",
    "execute_terminal_command",
    "mark_file_for_export",
    "declare_task_failed",
    "declare_task_succeeded",
    "process_async",
)
_WORD = expression(r"(?<![\w{<$.\[/\\-])[a-z]+(?:_[a-z]+)+(?![\w}>(=-]|\.\w)")
_JOINED = expression(r"_[a-z_]*")
_ALIKE = 0.86


def find(graph: Graph) -> Iterator[Diagnostic]:
    for _, text in prompts(graph):
        if not _names_tools_alone(text.text.value):
            for match in _WORD.finditer(text.text.value):
                if match.group() not in TOOLS and (tool := _closest_tool(match.group())):
                    place = text.place_of(*match.span())
                    message = f"the agent has no tool `{match.group()}`"
                    fix = replace_text(place, match[0], tool, safe=is_only_near(match[0], tool, TOOLS))
                    yield Diagnostic("unknown-tool", message, place, help=f"did you mean `{tool}`?", fix=fix)


def _names_tools_alone(text: str) -> bool:
    """Whether each word with a `_` is a tool between blanks: most prompts need no closer look."""
    return all(text[text.rfind(" ", 0, one.start()) + 1 : one.end()] in TOOLS for one in _JOINED.finditer(text))


def _closest_tool(word: str) -> str | None:
    from difflib import get_close_matches

    close = get_close_matches(word, TOOLS, n=1, cutoff=_ALIKE)
    return close[0] if close else None
