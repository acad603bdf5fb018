"""Two steps of a chain or pipeline have one id, or a step has the id of an alias in `session`.

The id is the session alias under which a step's outputs are kept: the later step would hide the earlier one, and a ref
to it would be a ref to either.

     workflows:
       patient-lookup: {prompt: Open the chart.}
       book-visit: {prompt: Book a visit.}
     chains:
       intake:
         steps:
           - {id: lookup, workflow: patient-lookup}
    -      - {id: lookup, workflow: book-visit}
    +      - {id: book, workflow: book-visit}

Rename one of them.
"""

from collections.abc import Iterator

from cyberflow.compiler.graph import CallNode, ChainNode, Graph, PipelineStepNode
from cyberflow.diagnostics import Diagnostic, Label
from cyberflow.source import Place


def find(graph: Graph) -> Iterator[Diagnostic]:
    for chain in graph.callers:
        if "steps" in chain.definition.broken:
            continue
        session = chain.session if isinstance(chain, ChainNode) else ()
        first: dict[str, Place] = {alias: chain.at("session", alias).at_key() for alias in session}
        for step in chain.steps:
            if step.id in first:
                labels = (Label(first[step.id], "first given here"),)
                message = f"the id `{step.id}` is taken in this {chain.definition.kind}"
                help = _advise(step) if chain.in_python else "rename one of the two"
                yield Diagnostic("duplicate-step", message, step.at("id"), labels=labels, help=help)
            else:
                first[step.id] = step.at("id")


def _advise(step: CallNode) -> str:
    runs = step.runs is not None and not (isinstance(step, PipelineStepNode) and step.step.call)
    written = '`.step("again")` before its `(…)`' if runs else '`name="again"`'
    return f"give one a name of its own, by {written}"
