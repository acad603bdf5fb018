"""A ref reads a step that runs later.

Steps run in the order they are written, so the output does not exist yet.

    steps:
      - id: book
        workflow: book-visit
        inputs: {mrn: {$ref: lookup.outputs.mrn}}
      - {id: lookup, workflow: patient-lookup}

Move the step that is read before the one that reads it.
"""

from collections import Counter
from collections.abc import Iterator

from cyberflow.compiler.graph import Graph, StepNode
from cyberflow.compiler.queries.lookalikes import labels_for_repeats
from cyberflow.compiler.queries.refs import ValidRef, forward_refs
from cyberflow.diagnostics import Diagnostic, Label
from cyberflow.edits import Fix, Move

_Later = tuple[StepNode, ValidRef, StepNode]


def find(graph: Graph) -> Iterator[Diagnostic]:
    for chain in graph.chains.values():
        refs = list(forward_refs(chain))
        ringed = {name for ring in chain.cycles for name in ring} if refs else set()
        left = [one for one in refs if not {one[0].id, one[2].id} <= ringed]
        while left:
            moved = _step_to_move(left)
            yield _finding(moved, [one for one in left if moved in (one[0], one[2])])
            left = [one for one in left if moved not in (one[0], one[2])]


def _step_to_move(refs: list[_Later]) -> StepNode:
    """The step that most refs run to or from: moving it mends them all."""
    counts = Counter(step.index for reader, _, target in refs for step in (target, reader))
    return max((step for reader, _, target in refs for step in (target, reader)), key=lambda one: counts[one.index])


def _finding(moved: StepNode, refs: list[_Later]) -> Diagnostic:
    step, use, target = refs[0]
    where = Label(target.at("id"), f"`{target.id}` is step {target.index + 1}")
    message = f"`{step.id}` reads `{target.id}`, which runs after it"
    note = f"`{step.id}` is step {step.index + 1}"
    if any(one == moved for _, _, one in refs):
        other = min((one for one, _, _ in refs), key=lambda one: one.index)
        help, before = f"move `{moved.id}` before `{other.id}`", other.index
    else:
        other = max((one for _, _, one in refs), key=lambda one: one.index)
        help, before = f"move `{moved.id}` behind `{other.id}`", other.index + 1
    fix = Fix(help, (Move(moved.place, before),))
    labels = (where, *labels_for_repeats([use.place for _, use, _ in refs]))
    return Diagnostic("forward-ref", message, use.place, note=note, labels=labels, help=help, fix=fix)
