"""No step of the chain uses this input.

Either a step should, or whoever runs the chain is asked for a value for nothing. This is a warning.

    chains:
      intake:
        inputs: {patient: string, date: string}      # no workflow of a step declares `date`, and no value says `<date>`
"""

from collections.abc import Iterator

from cyberflow.compiler.graph import Graph
from cyberflow.compiler.queries.names import is_fully_read, missing_arguments, names_in_use
from cyberflow.diagnostics import Diagnostic, Label, Severity, nearest

SEVERITY: Severity = "warning"


def find(graph: Graph) -> Iterator[Diagnostic]:
    for chain in graph.chains.values():
        if not is_fully_read(chain, "input"):
            continue
        used = names_in_use(chain, "input")
        used |= {
            meant
            for _, _, field in missing_arguments(chain, "input")
            if (meant := nearest(field.name, chain.inputs.fields))
        }
        for name, field in chain.inputs.fields.items():
            if name not in used:
                use = "hand it to a step" if chain.in_python else f"use it as `<{name}>` in a step's `inputs`"
                help = f"{use}, or take it away"
                message = f"no step of `{chain.name}` uses the input `{name}`"
                labels = tuple(
                    Label(step.inputs[name].place.at_key(), f"`{step.id}` sets a value of its own")
                    for step in chain.steps
                    if name in step.inputs
                )
                yield Diagnostic("unused-chain-input", message, field.place.at_key(), labels=labels, help=help)
