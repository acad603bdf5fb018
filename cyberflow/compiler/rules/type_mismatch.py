"""A value has another type than the workflow that gets it declares.

Refs, literals, inputs of the chain and defaults are checked against the declared type. Only a proven mismatch is an
error, and it shows a witness: a value that the one side allows and the other forbids.

     workflows:
       patient-lookup: {prompt: Open the chart., outputs: {age: integer}}
    -  book-visit: {prompt: Book a visit at age <age>., inputs: {age: string}}      # witness: 0 is not text
    +  book-visit: {prompt: Book a visit at age <age>., inputs: {age: integer}}
     chains:
       intake:
         steps:
           - {id: lookup, workflow: patient-lookup}
           - {id: book, workflow: book-visit, inputs: {age: {$ref: lookup.outputs.age}}}

In a test an input is held against what takes it; a mock, and what is expected, against what the workflow could ever
give. A mock that breaks its type on purpose says so: `outputs: {$invalid: {…}}`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from cyberflow.compiler.graph import Graph
from cyberflow.compiler.queries.dataflow import Flow, flows, witness_note
from cyberflow.compiler.queries.declaration_fixes import rewrite_as_ref
from cyberflow.compiler.queries.lookalikes import ref_lookalike
from cyberflow.diagnostics import Diagnostic, Label, replace_text
from cyberflow.language.prompt.paths import format_path
from cyberflow.schema.describe import describe, format_literal
from cyberflow.schema.paths import FoundType, lookup
from cyberflow.schema.subtype.assign import Assignability, NotAssignable
from cyberflow.schema.values import ABSENT
from cyberflow.source import Place

_SHORT = 30


def find(graph: Graph) -> Iterator[Diagnostic]:
    met: dict[tuple[int, int, bool, bool], tuple[Flow, Assignability]] = {}
    known: dict[tuple[str, bool, bool], Assignability] = {}
    for flow in flows(graph):
        if flow.same_type:
            continue
        identity = flow.identity()
        if identity in met:
            answer = met[identity][1]
        else:
            answer = known.get(key := flow.cache_key()) or known.setdefault(key, flow.check())
        if identity is not None:
            met[identity] = flow, answer
        if isinstance(answer, NotAssignable):
            yield _finding(flow, answer)


def _finding(flow: Flow, answer: NotAssignable) -> Diagnostic:
    absent = answer.witness is ABSENT
    labels = [Label(flow.wanted_place.at_key(), f"{flow.consumer} needs {describe(flow.wanted)}")]
    if flow.given_place is not None and flow.given_place != flow.place:
        labels.append(Label(flow.given_place.at_key(), "declared here"))
    place, note, help, fix = flow.place, "", None, None
    if absent and flow.given is None:
        message = f"`{flow.name}` of {flow.consumer} is required, but `__EMPTY__` leaves it out"
    elif absent:
        message = f"`{flow.name}` of {flow.consumer} is required, but {flow.source} may be absent"
        help = flow.advice or f"make the source required, or `{flow.name}` optional: `{flow.name}?`"
        fix = None if flow.advice else replace_text(flow.wanted_place.at_key(), flow.name, f"{flow.name}?")
    elif flow.given is None:
        place, part = _faulty_part(flow.place, flow.data, answer.path)
        shown = format_literal(part)
        named = format_path(flow.name, answer.path) if place != flow.place else flow.name
        ref = ref_lookalike(part) if isinstance(part, str) else None
        help = f"for the output of a step write `{{$ref: {ref}}}`" if ref else None
        fix = rewrite_as_ref(place, ref) if ref else None
        message = f"`{named}` of {flow.consumer} cannot be {shown if len(shown) <= _SHORT else 'this value'}"
    else:
        place, name, source, given = _narrow(flow, answer)
        message = f"`{name}` of {flow.consumer} cannot take {source}"
        note = f"is {describe(given.schema)}" if given else ""
        help = flow.advice if _holds_null(answer.witness) else None
        if given and given.optional and answer.reason == "missing":
            message, note = f"`{name}` of {flow.consumer} is required, but {source} may be absent", ""
            help = f"make the source required, or let `{name}` be left out"
    found = Diagnostic("type-mismatch", message, place, note=note, labels=tuple(labels), notes=witness_note(answer))
    return replace(found, help=help, fix=fix)


def _narrow(flow: Flow, answer: NotAssignable) -> tuple[Place, str, str, FoundType | None]:
    """The part of a value that does not fit, as far as it is written: where, what takes it, what it is and its type."""
    place, part = _faulty_part(flow.place, flow.data, answer.path)
    keys = place.route[len(flow.place.route) :]
    found = lookup(flow.given or {}, keys) if keys else FoundType(flow.given or {})
    source = flow.source
    if keys and isinstance(part, dict) and [*part] == ["$ref"]:
        place, source = place.at("$ref"), f"`{part['$ref']}`"
    return place, format_path(flow.name, keys), source, found if isinstance(found, FoundType) else None


def _holds_null(witness: Any) -> bool:
    return witness is None or (isinstance(witness, list) and None in witness)


def _faulty_part(place: Place, data: Any, path: Sequence[str | int]) -> tuple[Place, Any]:
    """The part of a literal that is at fault, as far as it is there."""
    for key in path:
        inside = key in data if isinstance(data, dict) else isinstance(data, list) and isinstance(key, int)
        if not inside or (isinstance(data, list) and int(key) >= len(data)):
            break
        place, data = place.at(key), data[key]
    return place, data
