"""The result of a run as data, made from a state and shown by the doors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cyberflow.redact import Redactor
from cyberflow.run.chain.events import ChainState, StepRun
from cyberflow.run.chain.interpolate import resolve_refs
from cyberflow.run.chain.output_check import OutputProblem, output_problems
from cyberflow.schema.values import ABSENT

VERSION = 1


@dataclass(frozen=True)
class Result:
    """What a run came to. `status` is the first of a step that is not `success`, or `success`; `problems` are outputs
    that are not as declared.
    """

    name: str
    status: str
    session_id: str | None
    steps: tuple[StepRun, ...]
    outputs: Mapping[str, Any]
    problems: tuple[OutputProblem, ...] = ()

    @property
    def exit_code(self) -> int:
        return 0 if self.status == "success" and not self.problems else 1

    def to_json(self, redactor: Redactor | None = None) -> dict[str, Any]:
        """What `--format json` prints. Secrets are filtered from what the service said, never from our own words."""
        clean = redactor or Redactor()
        return {
            "version": VERSION,
            "name": self.name,
            "status": self.status,
            "session_id": self.session_id,
            "steps": [
                {
                    "id": step.id,
                    "workflow": step.workflow,
                    "run_id": step.run_id,
                    "status": step.status,
                    "outputs": clean.json(step.outputs),
                    "error": clean.text("\n".join(step.error)) or None,
                }
                for step in self.steps
            ],
            "outputs": clean.json(self.outputs),
            "problems": [
                {"step": one.step, "path": clean.text(one.path), "message": clean.text(one.message)}
                for one in self.problems
            ],
        }


def result_of(state: ChainState) -> Result:
    """The result as far as a state knows it; that of a chain still running has the statuses that were last seen."""
    problems = tuple(output_problems(state))
    return Result(state.name, state.status, state.session_id, state.steps, outputs_of(state), problems)


def outputs_of(state: ChainState) -> dict[str, Any]:
    """The declared outputs of a chain, their refs replaced; what a step did not give is left out.

    A single run's outputs are its own.
    """
    if state.outputs is None:
        own = state.steps[0].outputs
        return own if isinstance(own, dict) else {}
    known = {**state.aliases, **{step.id: step.outputs for step in state.steps}}
    found = {name: resolve_refs(value, known) for name, value in state.outputs.items()}
    return {name: value for name, value in found.items() if value is not ABSENT}
