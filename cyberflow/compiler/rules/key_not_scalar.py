"""The `key` of an item is neither text nor an integer, or is the same for all of them.

A key names the item for good: in the ledger, and as `file[INV-7]` in tests and on the command line. So it is a text or
an integer that each item has, and another one in each.

     types:
       Invoice: {number: string, lines: "string[]"}
     workflows:
       find: {prompt: List what is due., outputs: {invoices: "Invoice[]"}}
       file: {prompt: File <invoice.number>., inputs: {invoice: Invoice}}
     pipelines:
       month-end:
         steps:
           - {id: find, run: find}
           - id: file
             run: file
             each: {invoice: {$ref: find.outputs.invoices}}
    -        key: <invoice.lines>
    +        key: <invoice.number>

Name a text or an integer of the item; without `key` the index of the item is used.
"""

from collections.abc import Iterator

from cyberflow.compiler.graph import Graph, PipelineNode, PipelineStepNode
from cyberflow.compiler.interface import Field
from cyberflow.compiler.queries.dataflow import check_found, quote_value, witness_note
from cyberflow.compiler.queries.value_types import value_type
from cyberflow.compiler.scanned_text import Value
from cyberflow.diagnostics import Diagnostic
from cyberflow.schema.describe import describe
from cyberflow.schema.paths import FoundType, lookup
from cyberflow.schema.subtype.assign import NotAssignable

_SCALAR = {"type": ["integer", "string"]}


def find(graph: Graph) -> Iterator[Diagnostic]:
    for pipeline in graph.pipelines.values():
        for step in pipeline.steps:
            if (value := step.others.get("key")) is not None and step.item is not None and not value.refs:
                yield from _findings(pipeline, step, step.item, value)


def _findings(pipeline: PipelineNode, step: PipelineStepNode, item: Field, value: Value) -> Iterator[Diagnostic]:
    found = value_type(pipeline, step, "key", value)
    answer = check_found(found, _SCALAR) if found else None
    if found and isinstance(answer, NotAssignable):
        message = f"{quote_value(value)[0]} cannot name an item of `{step.id}`: it is neither text nor an integer"
        help = _help("name one that each item has", item)
        note = f"is {describe(found.schema)}"
        yield Diagnostic("key-not-scalar", message, value.place, note=note, notes=witness_note(answer), help=help)
    elif all(use.token.path.root != item.name for use in value.tokens):
        flawed = any(flaw.root for text in value.texts for flaw in text.flaws)
        unknown = any(use.token.path.root not in pipeline.inputs for use in value.tokens)
        if not flawed and not unknown:
            message = f"{quote_value(value)[0]} is the same for each item of `{step.id}`"
            help = _help("make it of the item", item)
            yield Diagnostic("key-not-scalar", message, value.place, help=help)


def _help(advice: str, item: Field) -> str:
    """The advice with what the items have that can name them: themselves, or the first of their properties."""
    for keys in [(), *((name,) for name in item.schema.get("properties", {}) if name.isidentifier())]:
        found = lookup(item.schema, keys)
        if isinstance(found, FoundType) and not isinstance(check_found(found, _SCALAR), NotAssignable):
            return f"{advice}: `<{'.'.join((item.name, *keys))}>`"
    return "leave `key` out: the index of the item names it"
