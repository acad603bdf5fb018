"""A ref reads an output of a workflow that declares no outputs.

Without `outputs` nothing says what the agent returns, and nothing can be checked. This is a warning.

     workflows:
    -  patient-lookup: {prompt: Read the record number.}
    +  patient-lookup: {prompt: Read the record number., outputs: {mrn: string}}
       book-visit: {prompt: Book a visit for <mrn>., inputs: {mrn: string}}
     chains:
       intake:
         steps:
           - {id: lookup, workflow: patient-lookup}
           - {id: book, workflow: book-visit, inputs: {mrn: {$ref: lookup.outputs.mrn}}}

Declare the outputs of the workflow.
"""

import json
from collections.abc import Iterable, Iterator

from cyberflow.compiler.graph import PYTHON_SUFFIX, Graph
from cyberflow.compiler.interface import Callee
from cyberflow.compiler.queries.refs import all_valid_refs, closes_cycle
from cyberflow.diagnostics import Diagnostic, Label
from cyberflow.edits import Addition, Fix


def find(graph: Graph) -> Iterator[Diagnostic]:
    read: dict[str, dict[str, None]] = {}
    untyped = []
    for caller, use in all_valid_refs(graph):
        producer = caller.producer(use.ref.alias)
        if producer is None or producer.kind != "workflow" or producer.outputs.fields or not producer.outputs.known:
            continue
        read.setdefault(producer.name, {})[use.ref.output] = None
        untyped.append((caller, use, producer))
    for caller, use, producer in untyped:
        if closes_cycle(caller, use.step, use.ref):
            continue
        labels = (Label(producer.place.at_key(), "declares no `outputs`"),)
        message = f"nothing says what `{use.ref.alias}` returns"
        fix = _declare(producer, read[producer.name])
        help = f"declare them in `{producer.name}`: `outputs: {{{use.ref.keys[0]}: string}}`"
        yield Diagnostic("untyped-output", message, use.place, labels=labels, help=help, fix=fix)


def _declare(producer: Callee, outputs: Iterable[str]) -> Fix | None:
    """The guess that every output that is read is text."""
    place = producer.place
    edit = Addition(place, "outputs", json.dumps(dict.fromkeys(outputs, "string")))
    return None if place.path.endswith(PYTHON_SUFFIX) else Fix(f"declare the outputs of `{producer.name}`", (edit,))
