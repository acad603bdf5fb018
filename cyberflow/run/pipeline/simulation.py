"""Scripted outcomes of a pipeline on the local platform: by step, by item as `STEP[KEY]`, or by workflow and the steps
of chains as for a single run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cyberflow.compiler.bundle import Bundle
from cyberflow.compiler.flow_tests.mocks import MockTarget, bare_outcome
from cyberflow.compiler.pipeline.form import BundledPipeline, BundledStep
from cyberflow.compiler.refs import Ref, is_ref, parse_ref
from cyberflow.run.chain.request import RunRequest, output_schema
from cyberflow.run.pipeline.changes import all_steps
from cyberflow.run.simulation import (
    OutcomeProblem,
    find_outcome_problems,
    mock_targets,
    raise_outcome_problems,
    target_of,
)
from cyberflow.run.work.entry import LedgerEntry
from cyberflow.schema.samples.examples import example

_ITEM = re.compile(r"\[[^\[\]]*\]")


@dataclass(frozen=True)
class PipelineScript:
    """The outcomes of a simulation, held against a pipeline before anything starts."""

    outcomes: Mapping[str, Any]
    bundle: Bundle
    pipeline: BundledPipeline

    def outcome(self, entry: LedgerEntry) -> Mapping[str, Any] | None:
        """What is scripted for an entry: for the item, else for its step, with or without the pipelines around it."""
        last = entry.step.rpartition("/")[2]
        item = entry.id[len(entry.step) :]
        names = (entry.id, f"{last}{item}", _ITEM.sub("", entry.step), last)
        found = next((self.outcomes[name] for name in names if name in self.outcomes), None)
        return None if found is None else bare_outcome(found)

    def of_request(self, entry: LedgerEntry, request: RunRequest) -> dict[str, Any]:
        """The script of a chain or a run, by the aliases of its steps or the name of its workflow."""
        steps = {_ITEM.sub("", step.id) for step in all_steps(self.bundle, self.pipeline)}
        general = {
            name: bare_outcome(outcome)
            for name, outcome in self.outcomes.items()
            if _ITEM.sub("", name).rpartition("/")[2] not in steps
        }
        own = self.outcome(entry)
        if own is None:
            return general
        if request.kind == "run":
            return {**general, request.name: own}
        return {**general, **dict(self._distribute(own, request))}

    def _distribute(self, own: Mapping[str, Any], request: RunRequest) -> Iterator[tuple[str, Any]]:
        """The outcome of a chain as outcomes of its steps: outputs go where its own outputs come from, an end and all
        else to its last step.
        """
        rest = {key: value for key, value in own.items() if key != "outputs"}
        outputs = {name: self._sample(workflow) for name, workflow in request.steps}
        for name, value in (own.get("outputs") or {}).items():
            written = (request.outputs or {}).get(name)
            ref = parse_ref(written["$ref"]) if written is not None and is_ref(written) else None
            if isinstance(ref, Ref) and ref.alias in outputs:
                _put(outputs[ref.alias], ref.keys, value)
        for name, _ in request.steps[:-1]:
            yield name, {"outputs": outputs[name]}
        last = request.steps[-1][0]
        failed = rest.get("status", "success") != "success"
        yield last, rest if failed else {**rest, "outputs": outputs[last]}

    def _sample(self, name: str) -> dict[str, Any]:
        workflow = self.bundle.workflow(name)
        schema = output_schema(workflow) if workflow is not None else None
        made = example(schema) if schema is not None else None
        return dict(made[0]) if made is not None and isinstance(made[0], dict) else {}


def read_script(outcomes: Mapping[str, Any], bundle: Bundle, pipeline: BundledPipeline) -> PipelineScript:
    """The outcomes, found good. Raises UsageError with everything that is wrong."""
    raise_outcome_problems([str(problem) for problem in check_script(outcomes, bundle, pipeline)])
    return PipelineScript(outcomes, bundle, pipeline)


def check_script(outcomes: Mapping[str, Any], bundle: Bundle, pipeline: BundledPipeline) -> Iterator[OutcomeProblem]:
    """Hold the outcomes of a simulation against a pipeline."""
    targets = pipeline_targets(bundle, pipeline)
    for name, outcome in outcomes.items():
        bare = _ITEM.sub("", name).rpartition("/")[2]
        yield from find_outcome_problems({bare: outcome}, targets, pipeline.name)


def pipeline_targets(bundle: Bundle, pipeline: BundledPipeline) -> dict[str, MockTarget]:
    """What an outcome may be for: steps of the pipeline and of those it runs, steps of its chains, workflows."""
    targets: dict[str, MockTarget] = {}
    steps = {step.id: step for step in all_steps(bundle, pipeline)}
    for step in steps.values():
        if step.kind == "chain" and (chain := bundle.chain(step.run or "")) is not None:
            targets |= mock_targets(chain, bundle)
    targets |= {workflow.name: target_of(workflow) for workflow in bundle.workflows}
    return targets | {id: found for id, step in steps.items() if (found := _step_target(step, bundle)) is not None}


def _step_target(step: BundledStep, bundle: Bundle) -> MockTarget | None:
    name = step.run or step.id
    if step.kind == "task":
        return MockTarget(name, form="task")
    if step.kind == "workflow" and (workflow := bundle.workflow(name)) is not None:
        return target_of(workflow)
    if step.kind == "chain" and (chain := bundle.chain(name)) is not None:
        return MockTarget(name, {"type": "object", "properties": {output: {} for output in chain.outputs}})
    if step.kind == "pipeline" and (inner := bundle.pipeline(name)) is not None:
        return MockTarget(name, {"type": "object", "properties": {output: {} for output in inner.outputs}})
    declared = step.wait.outputs if step.wait else step.call.outputs if step.call else None
    if declared is None:
        return None
    properties = {output: one["schema"] for output, one in declared.items()}
    required = [output for output, one in declared.items() if one["required"]]
    return MockTarget(step.id, {"type": "object", "properties": properties, "required": required})


def _put(outputs: dict[str, Any], keys: tuple[str | int, ...], value: Any) -> None:
    """Put a value where a ref reads it."""
    here: Any = outputs
    for key in keys[:-1]:
        if not isinstance(here, dict):
            return
        here = here.setdefault(key, {})
    if isinstance(here, dict):
        here[keys[-1]] = value
