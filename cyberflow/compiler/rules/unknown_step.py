"""A ref names a step that the chain does not have.

    steps:
      - {id: lookup, workflow: patient-lookup}
      - id: book
        workflow: book-visit
        inputs:
          mrn: {$ref: lokup.outputs.mrn}

An alias that another chain leaves in the session is declared under `session`.

In a test, `simulate` and `expect.steps` name steps too; a mock may also name a workflow.
"""

from collections.abc import Iterator

from cyberflow.compiler.graph import Graph
from cyberflow.compiler.queries.refs import valid_refs
from cyberflow.compiler.queries.suggestions import fix_path_part
from cyberflow.diagnostics import Diagnostic, did_you_mean, replace_text


def find(graph: Graph) -> Iterator[Diagnostic]:
    for chain in graph.chains.values():
        if "steps" in chain.definition.broken:
            continue
        known = {*(step.id for step in chain.steps), *chain.session}
        by_workflow = {step.step.workflow: step.id for step in reversed(chain.steps)}
        for use in valid_refs(chain):
            if use.ref.alias not in known:
                message = f"`{chain.name}` has no step `{use.ref.alias}`"
                help = did_you_mean(use.ref.alias, known)
                fix = fix_path_part(use.place, use.written, 0, use.ref.alias, known)
                if use.ref.alias in by_workflow:
                    id = by_workflow[use.ref.alias]
                    help = f"a ref names the step by its id: `{id}`"
                    fix = replace_text(use.place.within(0, len(use.ref.alias)), use.ref.alias, id)
                yield Diagnostic("unknown-step", message, use.place, help=help, fix=fix)
