"""Scripted outcomes checked before anything starts, as the mocks of tests are: steps and keys that exist, and outputs
that the workflow could give. What is wrong is found whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cyberflow.compiler.bundle import Bundle, BundledChain, BundledTask, BundledWorkflow
from cyberflow.compiler.flow_tests.mocks import MockTarget, bare_outcome, find_mock_faults
from cyberflow.errors import UsageError
from cyberflow.run.chain.request import output_schema


@dataclass(frozen=True)
class OutcomeProblem:
    """Something that keeps a script from being used: where (`lookup.outputs.mrn`), and what."""

    at: str
    message: str

    def __str__(self) -> str:
        return f"{self.at}: {self.message}"


Noun = BundledChain | BundledWorkflow | BundledTask


def check_outcomes(outcomes: Mapping[str, Any], what: Noun, bundle: Bundle) -> Iterator[OutcomeProblem]:
    """Hold the outcomes of a simulation, by step or workflow, against what is run."""
    for fault in find_mock_faults(outcomes, mock_targets(what, bundle), what.name):
        text = "; ".join(filter(None, [fault.message, fault.note, *fault.notes, fault.help]))
        yield OutcomeProblem(".".join(map(str, fault.keys)), text)


def read_outcomes(outcomes: Mapping[str, Any], what: Noun, bundle: Bundle) -> dict[str, Any]:
    """The outcomes as the platform takes them. Raises UsageError with everything that is wrong."""
    problems = [str(problem) for problem in check_outcomes(outcomes, what, bundle)]
    if len(problems) == 1:
        raise UsageError(f"the simulation cannot be used: {problems[0]}", help="nothing was started")
    if problems:
        lines = "".join(f"\n  {problem}" for problem in problems)
        text = f"the simulation cannot be used, for {len(problems)} reasons:{lines}"
        raise UsageError(text, help="nothing was started")
    return {name: bare_outcome(outcome) for name, outcome in outcomes.items()}


def mock_targets(what: Noun, bundle: Bundle) -> dict[str, MockTarget]:
    """What an outcome may be for: steps, then the project's workflows, by name."""
    if isinstance(what, BundledTask):
        slug = what.workflow.partition("@")[0]
        return {name: MockTarget(what.name, form="task") for name in (slug, what.workflow, what.name)}
    targets = {one.name: _target(one.name, one) for one in bundle.workflows}
    if isinstance(what, BundledWorkflow):
        return {**targets, what.name: _target(what.name, what)}
    steps = {step["session_alias"]: bundle.workflow(step["workflow_id"]) for step in what.request["steps"]}
    return {**targets, **{id: _target(id, workflow) for id, workflow in steps.items()}}


def _target(name: str, workflow: BundledWorkflow | None) -> MockTarget:
    if workflow is None:
        return MockTarget(name)
    schema = output_schema(workflow)
    return MockTarget(workflow.name, schema if isinstance(schema, dict) else None)
