"""`each` goes over something that is not a list.

The step runs once for each entry, so the value must be a list each time: one that may be absent or null is not.

     workflows:
       find: {prompt: List what is due., outputs: {invoices: "string[]", total: number}}
       file: {prompt: File <invoice>., inputs: {invoice: any}}
     pipelines:
       month-end:
         steps:
           - {id: find, run: find}
           - id: file
             run: file
    -        each: {invoice: {$ref: find.outputs.total}}
    +        each: {invoice: {$ref: find.outputs.invoices}}

Name a list; make an optional one required, or let a `call` give an empty list in its place.
"""

from collections.abc import Iterator

from cyberflow.compiler.graph import Graph
from cyberflow.compiler.queries.dataflow import check_found, quote_value, witness_note
from cyberflow.compiler.queries.value_types import value_type
from cyberflow.diagnostics import Diagnostic
from cyberflow.schema.describe import describe
from cyberflow.schema.subtype.assign import NotAssignable

_LIST = {"type": "array"}


def find(graph: Graph) -> Iterator[Diagnostic]:
    for pipeline in graph.pipelines.values():
        for step in pipeline.steps:
            found = value_type(pipeline, step, "each", step.others["each"]) if "each" in step.others else None
            answer = check_found(found, _LIST) if found else None
            if found and isinstance(answer, NotAssignable):
                written, place = quote_value(step.others["each"])
                message = f"{written} is not a list each time, and step `{step.id}` goes over it"
                note, notes = f"is {describe(found.schema)}", witness_note(answer)
                help = "name a list that is always there"
                yield Diagnostic("each-not-list", message, place, note=note, notes=notes, help=help)
