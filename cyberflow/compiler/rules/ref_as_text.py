"""A text looks like a ref, and is handed on as text.

The words themselves would be typed, and not what the step found. This is a warning; where the input takes no text it
is a `type-mismatch`.

     workflows:
       patient-lookup: {prompt: Open the chart., outputs: {mrn: string}}
       book-visit: {prompt: Book a visit for <mrn>., inputs: {mrn: string}}
     chains:
       intake:
         steps:
           - {id: lookup, workflow: patient-lookup}
    -      - {id: book, workflow: book-visit, inputs: {mrn: lookup.outputs.mrn}}
    +      - {id: book, workflow: book-visit, inputs: {mrn: {$ref: lookup.outputs.mrn}}}

A ref is an object: `{$ref: lookup.outputs.mrn}`.
"""

from collections.abc import Iterator
from typing import Any

from cyberflow.compiler.graph import AnyCaller, CallNode, Graph
from cyberflow.compiler.queries.declaration_fixes import rewrite_as_ref
from cyberflow.compiler.queries.lookalikes import ref_lookalike
from cyberflow.compiler.queries.refs import READERS
from cyberflow.compiler.scanned_text import Value
from cyberflow.diagnostics import Diagnostic
from cyberflow.schema.subtype.assign import NotAssignable, check_value


def find(graph: Graph) -> Iterator[Diagnostic]:
    for chain in graph.callers:
        for step, where, value in chain.values:
            if where in READERS:
                yield from _findings(chain, step, value)


def _findings(chain: AnyCaller, step: CallNode | None, value: Value) -> Iterator[Diagnostic]:
    for text in value.texts:
        ref = ref_lookalike(text.text.value) if ".outputs." in text.text.value else None
        if ref is None or not (chain.step(ref.alias) or chain.producer(ref.alias)):
            continue
        if step is None or not _is_type_mismatch(step, value):
            message = f"`{text.text.value.strip()}` is handed on as text"
            fix = rewrite_as_ref(text.place, ref)
            yield Diagnostic("ref-as-text", message, text.place, help=f"write `{{$ref: {ref}}}`", fix=fix)


def _is_type_mismatch(step: CallNode, value: Value) -> bool:
    """Whether the type of the input has no room for the value, of which `type-mismatch` speaks."""
    field: Any = step.callee and step.callee.inputs.fields.get(str(value.place.route[-1]))
    return field is not None and isinstance(check_value(value.data, field.schema), NotAssignable)
