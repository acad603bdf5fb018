"""A ref uses `[0]` or `['k']`.

The service documents them for variables in prompts, not for refs; there only dots are shown. This is a warning.

     types:
       Visit: {at: string}
     workflows:
       patient-lookup: {prompt: Open the chart., outputs: {visit: Visit}}
       remind: {prompt: Write a reminder for <at>., inputs: {at: string}}
     chains:
       intake:
         steps:
           - {id: lookup, workflow: patient-lookup}
    -      - {id: write, workflow: remind, inputs: {at: {$ref: "lookup.outputs.visit['at']"}}}
    +      - {id: write, workflow: remind, inputs: {at: {$ref: lookup.outputs.visit.at}}}

Hand the whole list on and pick the entry in the prompt: `<medications[0]>`.
"""

from collections.abc import Iterator

from cyberflow.compiler.graph import ChainNode, Graph
from cyberflow.compiler.queries.refs import all_valid_refs
from cyberflow.diagnostics import Diagnostic
from cyberflow.edits import Fix, Replacement


def find(graph: Graph) -> Iterator[Diagnostic]:
    for caller, use in all_valid_refs(graph):
        if use.ref.indexed and isinstance(caller, ChainNode):
            message = "the service does not document brackets in refs"
            if all(isinstance(key, str) for key in use.ref.keys) and "[" not in str(use.ref):
                fix = Fix(f"write `{use.ref}`", (Replacement(use.place, use.written, str(use.ref)),), safe=True)
                yield Diagnostic("ref-index", message, use.place, help=f"write `{{$ref: {use.ref}}}`", fix=fix)
            else:
                help = "hand the whole value on, and pick the part in the prompt"
                yield Diagnostic("ref-index", message, use.place, help=help)
