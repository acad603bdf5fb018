"""A ref, or `after`, names a step that the chain or pipeline does not have.

     workflows:
       patient-lookup: {prompt: Open the chart., outputs: {mrn: string}}
       book-visit: {prompt: Book a visit for <mrn>., inputs: {mrn: string}}
     chains:
       intake:
         steps:
           - {id: lookup, workflow: patient-lookup}
    -      - {id: book, workflow: book-visit, inputs: {mrn: {$ref: lokup.outputs.mrn}}}
    +      - {id: book, workflow: book-visit, inputs: {mrn: {$ref: lookup.outputs.mrn}}}

An alias that another chain leaves in the session is declared under `session`.

In a test, `simulate` and `expect.steps` name steps too; a mock may also name a workflow.
"""

from collections.abc import Iterator

from cyberflow.compiler.graph import AnyCaller, ChainNode, Graph
from cyberflow.compiler.queries.refs import step_uses, valid_refs
from cyberflow.compiler.queries.suggestions import fix_path_part
from cyberflow.diagnostics import Diagnostic, did_you_mean, replace_text
from cyberflow.source import Place


def find(graph: Graph) -> Iterator[Diagnostic]:
    for caller in graph.callers:
        if "steps" in caller.definition.broken:
            continue
        session = caller.session if isinstance(caller, ChainNode) else ()
        known = {*(step.id for step in caller.steps), *session}
        strange = [naming for naming in _namings(caller) if naming[0] not in known]
        by_name = {step.runs[0]: step.id for step in reversed(caller.steps) if strange and step.runs}
        for alias, place, written in strange:
            help, fix = did_you_mean(alias, known), fix_path_part(place, written, 0, alias, known)
            if alias in by_name:
                help = f"a ref names the step by its id: `{by_name[alias]}`"
                fix = replace_text(place.within(0, len(alias)), alias, by_name[alias])
            yield Diagnostic("unknown-step", f"`{caller.name}` has no step `{alias}`", place, help=help, fix=fix)


def _namings(caller: AnyCaller) -> Iterator[tuple[str, Place, str]]:
    yield from ((use.alias, use.place, use.written) for use in step_uses(caller))
    yield from ((use.ref.alias, use.place, use.written) for use in valid_refs(caller) if use.step is None)
