"""A ref that is no ref, or stands where none can.

A ref is an object with the one key `$ref`, whose text is `<step>.outputs.<path>`. It may be a value in the `inputs` of
a step, also inside an object or a list, and a value in the `outputs` of a chain. Secrets and the chain's own inputs are
given by whoever runs the chain and can refer to nothing.

    inputs:
      mrn: {$ref: lookup.mrn}            # the outputs of a step are under `.outputs`
"""

from collections.abc import Iterator

from cyberflow.compiler.graph import ChainNode, Graph, RefUse
from cyberflow.diagnostics import Diagnostic


def find(graph: Graph) -> Iterator[Diagnostic]:
    for chain in graph.chains.values():
        for _, where, value in chain.values():
            for use in value.refs:
                if where == "secrets":
                    help = "hand a secret of the chain on: `<$name>`"
                    yield Diagnostic("bad-ref", "a secret cannot come from an output", use.place, help=help)
                elif isinstance(use.ref, str):
                    yield _malformed(chain, use, use.ref)
        for name, notation in chain.body.inputs.items():
            if isinstance(notation, dict) and ".outputs" in str(notation.get("$ref", "")):
                place = chain.at("inputs", name, "$ref")
                help = "an input of the chain has a type; set refs in the `inputs` of a step"
                yield Diagnostic("bad-ref", "an input of the chain cannot come from a step", place, help=help)


def _malformed(chain: ChainNode, use: RefUse, reason: str) -> Diagnostic:
    alias = str(use.written).split(".")[0]
    step = alias if chain.step(alias) or alias in chain.session else "STEP"
    rest = str(use.written).removeprefix(alias).lstrip(".").removeprefix("outputs").lstrip(".") or "NAME"
    help = f"write `{{$ref: {step}.outputs.{rest}}}`"
    shown = f"`{use.written}` is no ref" if isinstance(use.written, str) else "this is no ref"
    return Diagnostic("bad-ref", shown, use.place, note=reason, help=help)
