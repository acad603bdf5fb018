"""A step reads a step that runs later, or waits for one.

Steps run in the order they are written, so the output does not exist yet.

     workflows:
       patient-lookup: {prompt: Open the chart., outputs: {mrn: string}}
       book-visit: {prompt: Book a visit for <mrn>., inputs: {mrn: string}}
     chains:
       intake:
         steps:
    +      - {id: lookup, workflow: patient-lookup}
           - {id: book, workflow: book-visit, inputs: {mrn: {$ref: lookup.outputs.mrn}}}
    -      - {id: lookup, workflow: patient-lookup}

Move the step that is read before the one that reads it.
"""

from collections import Counter
from collections.abc import Iterator

from cyberflow.compiler.graph import CallNode, Graph, PipelineStepNode
from cyberflow.compiler.queries.lookalikes import labels_for_repeats
from cyberflow.compiler.queries.refs import StepUse, forward_uses
from cyberflow.diagnostics import Diagnostic, Label
from cyberflow.edits import Fix, Move

_Later = tuple[StepUse, CallNode]


def find(graph: Graph) -> Iterator[Diagnostic]:
    for chain in graph.callers:
        refs = list(forward_uses(chain))
        ringed = {name for ring in chain.cycles for name in ring} if refs else set()
        left = [one for one in refs if not {one[0].step.id, one[1].id} <= ringed]
        while left:
            moved = _step_to_move(left)
            yield _finding(moved, [one for one in left if moved.index in _ends(one)])
            left = [one for one in left if moved.index not in _ends(one)]


def _ends(one: _Later) -> tuple[int, int]:
    use, target = one
    return use.step.index, target.index


def _step_to_move(refs: list[_Later]) -> CallNode:
    """The step that most refs run to or from: moving it mends them all."""
    counts = Counter(step.index for use, target in refs for step in (target, use.step))
    return max((step for use, target in refs for step in (target, use.step)), key=lambda one: counts[one.index])


def _finding(moved: CallNode, refs: list[_Later]) -> Diagnostic:
    use, target = refs[0]
    step = use.step
    where = Label(target.at("id"), f"`{target.id}` is step {target.index + 1}")
    reads, runs = ("waits for", "stands") if isinstance(step, PipelineStepNode) else ("reads", "runs")
    message = f"`{step.id}` {reads} `{target.id}`, which {runs} after it"
    note = f"`{step.id}` is step {step.index + 1}"
    if any(one.index == moved.index for _, one in refs):
        other = min((one.step for one, _ in refs), key=lambda one: one.index)
        help, before = f"move `{moved.id}` before `{other.id}`", other.index
    else:
        other = max((one for _, one in refs), key=lambda one: one.index)
        help, before = f"move `{moved.id}` behind `{other.id}`", other.index + 1
    fix = Fix(help, (Move(moved.place, before),))
    labels = (where, *labels_for_repeats([use.place for use, _ in refs]))
    return Diagnostic("forward-ref", message, use.place, note=note, labels=labels, help=help, fix=fix)
