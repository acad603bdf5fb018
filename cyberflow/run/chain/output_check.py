"""Holding results against declared outputs: what is missing or of another type, by step and path. No text repeats a
value.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from cyberflow.compiler.refs import Ref, find_refs, parse_ref
from cyberflow.run.chain.events import ChainState, StepRun
from cyberflow.run.chain.interpolate import resolve_refs
from cyberflow.schema.read_value import faults, kind, value_path
from cyberflow.schema.values import ABSENT, EMPTY


class OutputProblem(NamedTuple):
    """Outputs that are not as declared. `step` is where they come from; the path begins at its outputs."""

    step: str
    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.step}: {f'`{self.path}` ' if self.path else ''}{self.message}"


def output_problems(state: ChainState) -> Iterator[OutputProblem]:
    """What is wrong with the outputs of steps that succeeded, and with those of the chain that they make."""
    steps = {step.id: step for step in state.steps if step.status == "success"}
    broken = set()
    for step in steps.values():
        for problem in _step_problems(step, state.output_schemas.get(step.id)):
            broken.add(step.id)
            yield problem
    for name, output in (state.outputs or {}).items():
        for _, written in find_refs(output):
            ref = parse_ref(written["$ref"])
            if isinstance(ref, Ref) and ref.alias in steps and ref.alias not in broken:
                yield from _chain_problems(name, ref, written, (steps[ref.alias], state.output_schemas))


def _step_problems(step: StepRun, schema: Any) -> Iterator[OutputProblem]:
    if schema is None:
        return
    outputs = {} if step.outputs is None else step.outputs
    if not isinstance(outputs, dict):
        yield OutputProblem(step.id, "", f"must be an object of outputs, not `{kind(outputs)}`")
        return
    required = schema.get("required", ()) if isinstance(schema, dict) else ()
    missing = [name for name in required if outputs.get(name, EMPTY) == EMPTY]
    yield from (OutputProblem(step.id, name, "is missing") for name in missing)
    for keys, how in faults(schema, outputs):
        if keys or not missing:
            path = value_path(str(keys[0]), keys[1:]) if keys else ""
            yield OutputProblem(step.id, path, how)


def _chain_problems(
    name: str, ref: Ref, written: Any, known: tuple[StepRun, Mapping[str, Any]]
) -> Iterator[OutputProblem]:
    """A ref of the chain's outputs that leads nowhere, where nothing declared says that it may."""
    step, schemas = known
    if resolve_refs(written, {step.id: step.outputs}) is ABSENT and _is_in_schema(schemas.get(step.id), ref.keys):
        path = value_path(str(ref.keys[0]), ref.keys[1:]) if ref.keys else ""
        yield OutputProblem(step.id, path, f"is missing, and it is the output `{name}`")


def _is_in_schema(schema: Any, keys: tuple[str | int, ...]) -> bool:
    """Whether a value has to be there: on the way no member is declared as optional, and no entry of a list."""
    for key in keys:
        if not isinstance(schema, dict) or not isinstance(key, str):
            return schema is None and isinstance(key, str)
        members = schema.get("properties")
        if not isinstance(members, dict):
            return True
        if key not in members or key not in schema.get("required", ()):
            return False
        schema = members[key]
    return True
