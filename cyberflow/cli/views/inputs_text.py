"""Effective inputs as a table for each machine, and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from cyberflow.cli.styles import one_line, style
from cyberflow.diagnostics import pluralize
from cyberflow.remote.requirements.effective import InputSource, MachineInputs
from cyberflow.schema.describe import format_literal
from cyberflow.schema.values import ABSENT

_COLOURS = {"missing": "red", "left out": "blue"}


def input_lines(found: Sequence[MachineInputs]) -> Iterator[str]:
    """A block for each machine, and who lacks something at the end."""
    for one in found:
        pools = f"  pools {', '.join(pool.name for pool in one.pools)}" if one.pools else ""
        yield f"{style(one_line(one.name), bold=True)}  {style(one_line(one.machine.status + pools), dim=True)}"
        yield from _rows(one.inputs)
        yield ""
    lacking = [one for one in found if one.missing]
    if not found:
        yield "no machine of the target may run it"
    elif lacking:
        names = "; ".join(f"{one_line(one.name)}: {', '.join(_place(each) for each in one.missing)}" for one in lacking)
        where = f"{len(lacking)} of {pluralize(len(found), 'machine')}"
        yield f"{style('missing', fg='red', bold=True)} on {where}: {names}"
    else:
        yield f"nothing is missing on {pluralize(len(found), 'machine')}"


def inputs_json(name: str, kind: str, target: str, found: Sequence[MachineInputs]) -> dict[str, Any]:
    """The same for programs; secrets have no value."""
    machines = [
        {
            "id": one.machine.id,
            "name": one.machine.name,
            "pools": [pool.name for pool in one.pools],
            "inputs": [_input_json(each) for each in one.inputs],
        }
        for one in found
    ]
    return {"version": 1, "kind": kind, "name": name, "target": target, "machines": machines}


def _rows(inputs: Sequence[InputSource]) -> Iterator[str]:
    if not inputs:
        yield "  it takes no inputs"
    steps = max((len(one.step or "") for one in inputs), default=0)
    names = max((len(one.name) for one in inputs), default=0)
    for one in inputs:
        step = f"{(one.step or '').ljust(steps)}  " if steps else ""
        value = "" if one.value is ABSENT else f" {style(one_line(format_literal(one.value)), dim=True)}"
        over = f", over {one_line(', '.join(one.shadowed))}" if one.shadowed else ""
        source = style(one_line(one.source), fg=_COLOURS.get(one.source), bold=one.is_missing)
        yield f"  {step}{one.name.ljust(names)}  {source}{value}{over}"


def _place(one: InputSource) -> str:
    return f"{one.step}.{one.name}" if one.step else one.name


def _input_json(one: InputSource) -> dict[str, Any]:
    made = {"step": one.step, "name": one.name, "source": one.source, "shadowed": list(one.shadowed)}
    return made if one.value is ABSENT else {**made, "value": one.value}
