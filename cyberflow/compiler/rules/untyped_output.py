"""A ref reads an output of a workflow that declares no outputs.

Without `outputs` nothing says what the agent returns, and nothing can be checked. This is a warning.

    lookup: {prompt: Read the record number.}            # no `outputs`
    mrn: {$ref: lookup.outputs.mrn}

Declare the outputs of the workflow.
"""

from collections.abc import Iterator

from cyberflow.compiler.graph import Graph
from cyberflow.compiler.queries.refs import all_valid_refs, closes_cycle
from cyberflow.diagnostics import Diagnostic, Label


def find(graph: Graph) -> Iterator[Diagnostic]:
    for caller, use in all_valid_refs(graph):
        producer = caller.producer(use.ref.alias)
        if producer is None or producer.kind != "workflow" or producer.outputs.fields or not producer.outputs.known:
            continue
        if closes_cycle(caller, use.step, use.ref):
            continue
        labels = (Label(producer.place.at_key(), "declares no `outputs`"),)
        message = f"nothing says what `{use.ref.alias}` returns"
        help = f"declare them in `{producer.name}`: `outputs: {{{use.ref.keys[0]}: string}}`"
        yield Diagnostic("untyped-output", message, use.place, labels=labels, help=help)
