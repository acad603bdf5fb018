"""A ref that cannot be read, or stands where none can.

A ref is an object with the one key `$ref`, whose text is `<step>.outputs.<path>`. It may be a value in the `inputs` of
a step, also inside an object or a list, and a value in the `outputs` of a chain. Secrets and the chain's own inputs are
given by whoever runs the chain and can refer to nothing.

    inputs:
      mrn: {$ref: lookup.mrn}            # the outputs of a step are under `.outputs`
"""

import json
import re
from collections.abc import Iterator
from dataclasses import replace

from cyberflow.compiler.graph import ChainNode, Graph, RefUse
from cyberflow.compiler.queries.declaration_fixes import rewrite_as_ref
from cyberflow.diagnostics import Diagnostic, is_only_near, nearest, replace_text
from cyberflow.edits import Fix, Rewrite
from cyberflow.language.prompt.paths import PATH

_REST = re.compile(PATH)


def find(graph: Graph) -> Iterator[Diagnostic]:
    for chain in graph.chains.values():
        for _, where, value in chain.values:
            for use in value.refs:
                if where == "secrets":
                    secret = next(iter(chain.secrets.fields), "NAME")
                    help = f"hand on a secret of the chain: `<${secret}>`"
                    edits = (Rewrite(replace(value.place), json.dumps(f"<${secret}>")),)
                    fix = Fix(f"write `<${secret}>`", edits) if secret in chain.secrets.fields else None
                    yield Diagnostic("bad-ref", "a secret cannot come from an output", use.place, help=help, fix=fix)
                elif isinstance(use.ref, str):
                    yield _finding(chain, use, use.ref)
    for task in graph.tasks.values():
        for value in task.parameters.values():
            for use in value.refs:
                help = "a task is not a step of a chain: give it an input, `<name>`"
                yield Diagnostic("bad-ref", "a parameter of a task cannot come from a step", use.place, help=help)


def _first_key(path: str) -> str:
    return path.partition(".")[0].partition("[")[0]


def _finding(chain: ChainNode, use: RefUse, reason: str) -> Diagnostic:
    alias = str(use.written).split(".")[0]
    step = alias if chain.step(alias) or alias in chain.session else "STEP"
    producer = chain.producer(alias)
    first = next(iter(producer.outputs.fields), "NAME") if producer else "NAME"
    rest = str(use.written).removeprefix(alias).lstrip(".").removeprefix("outputs").lstrip(".")
    head, _, tail = rest.partition(".")
    declared = producer.outputs.fields if producer else {}
    if head not in declared and (nearest(head, ["outputs"]) or _first_key(tail) in declared):
        rest = tail
    ref = f"{step}.outputs.{rest if _REST.fullmatch(rest) else first}"
    help, fix = f"write `{{$ref: {ref}}}`", None
    if isinstance(use.written, str) and use.place.route[-1:] == ("$ref",) and step != "STEP":
        fix = replace_text(use.place, use.written, ref, safe=is_only_near(use.written, ref, [ref]))
    elif step != "STEP":
        fix = rewrite_as_ref(use.place, ref)
    shown = f"`{use.written}` is not a ref" if isinstance(use.written, str) else "this is not a ref"
    return Diagnostic("bad-ref", shown, use.place, note=reason, help=help, fix=fix)
