"""A value has another type than the workflow that gets it declares.

Refs, literals, inputs of the chain and defaults are checked against the declared type. Only a proven mismatch is an
error, and it shows a witness: a value that the one side allows and the other forbids.

    lookup: {outputs: {age: integer}}
    book: {inputs: {age: string}}
    - {id: second, workflow: book, inputs: {age: {$ref: first.outputs.age}}}      # witness: 0
"""

from collections.abc import Iterator

from cyberflow.compiler.flow import Flow, flows
from cyberflow.compiler.graph import Graph
from cyberflow.compiler.types import ABSENT, No, describe
from cyberflow.diagnostics import Diagnostic, Label


def find(graph: Graph) -> Iterator[Diagnostic]:
    for flow in flows(graph):
        answer = flow.answer()
        if isinstance(answer, No):
            yield _finding(flow, answer)


def _finding(flow: Flow, answer: No) -> Diagnostic:
    absent = answer.witness is ABSENT
    labels = [Label(flow.wanted_place.key(), f"{flow.consumer} needs {describe(flow.wanted)}")]
    if flow.given_place is not None and flow.given_place != flow.place:
        labels.append(Label(flow.given_place.key(), "declared here"))
    message = f"`{flow.name}` of {flow.consumer} cannot take {flow.source}"
    note = "may be absent" if absent else "" if flow.given is None else f"is {describe(flow.given)}"
    if absent:
        message = f"`{flow.name}` of {flow.consumer} is required, but {flow.source} may be absent"
    return Diagnostic("type-mismatch", message, flow.place, note=note, labels=tuple(labels), notes=_notes(answer))


def _notes(answer: No) -> tuple[str, ...]:
    where = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in answer.path)
    reason = (
        f"  ({where + ' ' if where else ''}{answer.reason})" if answer.reason and answer.witness is not ABSENT else ""
    )
    return (f"witness: {answer.text}{reason}",)
