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
    return find_outcome_problems(outcomes, mock_targets(what, bundle), what.name)


def find_outcome_problems(
    outcomes: Mapping[str, Any], targets: Mapping[str, MockTarget], owner: str
) -> Iterator[OutcomeProblem]:
    """What keeps outcomes from being used, in words."""
    for fault in find_mock_faults(outcomes, targets, owner):
        text = "; ".join(filter(None, [fault.message, fault.note, *fault.notes, fault.help]))
        yield OutcomeProblem(".".join(map(str, fault.keys)), text)


def read_outcomes(outcomes: Mapping[str, Any], what: Noun, bundle: Bundle) -> dict[str, Any]:
    """The outcomes as the platform takes them. Raises UsageError with everything that is wrong."""
    raise_outcome_problems([str(problem) for problem in check_outcomes(outcomes, what, bundle)])
    return {name: bare_outcome(outcome) for name, outcome in outcomes.items()}


def raise_outcome_problems(problems: list[str]) -> None:
    """Raise UsageError when there are problems."""
    if len(problems) == 1:
        raise UsageError(f"the simulation cannot be used: {problems[0]}", help="nothing was started")
    if problems:
        lines = "".join(f"\n  {problem}" for problem in problems)
        text = f"the simulation cannot be used, for {len(problems)} reasons:{lines}"
        raise UsageError(text, help="nothing was started")


def check_mocks(outcomes: Mapping[str, Any], name: str, bundle: Bundle) -> None:
    """Raise UsageError as `read_outcomes` does, for what a name of the bundle stands for."""
    what = bundle.chain(name) or bundle.workflow(name) or bundle.task(name)
    if what is not None:
        read_outcomes(outcomes, what, bundle)


def mock_targets(what: Noun, bundle: Bundle) -> dict[str, MockTarget]:
    """What an outcome may be for: steps, then the project's workflows, by name."""
    if isinstance(what, BundledTask):
        slug = what.workflow.partition("@")[0]
        return {name: MockTarget(what.name, form="task") for name in (slug, what.workflow, what.name)}
    targets = {one.name: target_of(one) for one in bundle.workflows}
    if isinstance(what, BundledWorkflow):
        return {**targets, what.name: target_of(what)}
    steps = {step["session_alias"]: bundle.workflow(step["workflow_id"]) for step in what.request["steps"]}
    return {**targets, **{id: target_of(one) if one else MockTarget(id) for id, one in steps.items()}}


def target_of(workflow: BundledWorkflow) -> MockTarget:
    """A workflow as what an outcome may stand for."""
    schema = output_schema(workflow)
    return MockTarget(workflow.name, schema if isinstance(schema, dict) else None)
