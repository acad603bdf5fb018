"""A value that the agent sets has nearly the name of an output, or of another such value.

One of the two is a slip, and what is saved under it is found nowhere. Names of five letters or more are compared, and
digits are not: `{{page1}}` and `{{page2}}` are two. This is a warning.

     workflows:
       book:
         outputs: {confirmation: string}
    -    prompt: Save the number as {{confirmaton}}.
    +    prompt: Save the number as {{confirmation}}.
"""

from collections.abc import Iterator
from dataclasses import replace

from cyberflow.compiler.graph import Graph, WorkflowNode
from cyberflow.compiler.queries.lookalikes import labels_for_repeats
from cyberflow.compiler.queries.texts import runtime_tokens
from cyberflow.compiler.scanned_text import ScannedText
from cyberflow.diagnostics import Diagnostic, Label, edit_distance, replace_text
from cyberflow.edits import Replacement
from cyberflow.language.prompt.tokens import Token
from cyberflow.late import expression
from cyberflow.source import Place

_LEAST, _LONG, _MOST_EDITS = 5, 8, 2
TokenIn = tuple[ScannedText, Token]
_PART = expression(r"[_-]+")
_OWN = ("loop_item",)
"""Values that the platform sets."""


def find(graph: Graph) -> Iterator[Diagnostic]:
    used: dict[str, tuple[WorkflowNode, dict[str, list[TokenIn]]]] = {}
    for workflow, text, token in runtime_tokens(graph):
        _, tokens = used.setdefault(workflow.name, (workflow, {}))
        tokens.setdefault(token.path.root, []).append((text, token))
    for workflow, tokens in used.values():
        for name in tokens:
            if name not in workflow.outputs and (meant := _find_meaning(name, workflow, tokens)):
                places = [text.place_of(token.start, token.end) for text, token in tokens[name]]
                roots = [text.place_of(token.start + 2, token.start + 2 + len(name)) for text, token in tokens[name]]
                fix = replace_text(places[0], name, meant, safe=True)
                edits = tuple(Replacement(place, name, meant) for place in roots)
                yield replace(_finding(name, meant, workflow, places), fix=replace(fix, edits=edits))


def _find_meaning(name: str, workflow: WorkflowNode, used: dict[str, list[TokenIn]]) -> str | None:
    """The name that another was meant to be: an output, or a value that is named more often, or earlier."""
    if name in {*workflow.outputs.fields, *workflow.inputs.fields, *workflow.secrets.fields, *_OWN}:
        return None
    order = list(used)
    rivals = [
        other for other in order if (-len(used[other]), order.index(other)) < (-len(used[name]), order.index(name))
    ]
    known = dict.fromkeys([*workflow.outputs.fields, *_OWN, *rivals])
    return next((other for other in known if other != name and _is_slip(name, other)), None)


def _finding(name: str, meant: str, workflow: WorkflowNode, places: list[Place]) -> Diagnostic:
    message = f"`{{{{{name}}}}}` is nearly `{{{{{meant}}}}}`"
    field = workflow.outputs.fields.get(meant)
    labels = (*((Label(field.place.at_key(), "an output"),) if field else ()), *labels_for_repeats(places))
    return Diagnostic("lookalike-runtime", message, places[0], labels=labels, help=f"did you mean `{{{{{meant}}}}}`?")


def _is_slip(name: str, other: str) -> bool:
    """Whether two names differ by one or two letters, as slips do: not by a digit, a plural, or a short word."""
    if min(sum(map(str.isalpha, name)), sum(map(str.isalpha, other))) < _LEAST:
        return False
    digits = [[character for character in word if character.isdigit()] for word in (name, other)]
    if digits[0] != digits[1] or name + "s" == other or other + "s" == name:
        return False
    edits = edit_distance(name, other, _MOST_EDITS)
    if edits > _MOST_EDITS:
        return False
    parts, others = _PART.split(name), _PART.split(other)
    differing = [pair for pair in zip(parts, others, strict=False) if pair[0] != pair[1]]
    if len(parts) == len(others) > 1 and len(differing) == 1 and not _is_slip_of_part(*differing[0], edits):
        return False
    return edits == 1 or _is_swap(name, other) or (name[0] == other[0] and max(len(name), len(other)) >= _LONG)


def _is_slip_of_part(left: str, right: str, edits: int) -> bool:
    """`min` and `max`, `a` and `b` are words of their own; `cod` and `code`, `nmae` and `name` are slips."""
    short = min(len(left), len(right))
    return (edits == 1 and len(left) != len(right) and short > 1) or _is_swap(left, right) or short >= _LEAST


def _is_swap(left: str, right: str) -> bool:
    """Whether two neighbours changed places."""
    return len(left) == len(right) and any(
        left[:at] + left[at + 1] + left[at] + left[at + 2 :] == right for at in range(len(left) - 1)
    )
