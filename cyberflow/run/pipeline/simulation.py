"""Scripted outcomes of a pipeline on the local platform: by step, by item as `STEP[KEY]`, or by workflow and the steps
of chains as for a single run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cyberflow.compiler.bundle import Bundle
from cyberflow.compiler.flow_tests.mocks import MockTarget, bare_outcome
from cyberflow.compiler.flow_tests.step_names import best_name, parse_step_name
from cyberflow.compiler.pipeline.form import BundledPipeline, BundledStep
from cyberflow.compiler.refs import Ref, is_ref, parse_ref
from cyberflow.run.chain.request import RunRequest, output_schema
from cyberflow.run.pipeline.changes import all_steps, find_step
from cyberflow.run.simulation import (
    OutcomeProblem,
    find_outcome_problems,
    mock_targets,
    raise_outcome_problems,
    target_of,
)
from cyberflow.run.work.entry import LedgerEntry
from cyberflow.schema.samples.examples import example

_JOINED = ("chain", "task", "pipeline")
"""What is scripted by its own name as a whole; a workflow is what the platform itself knows."""


@dataclass(frozen=True)
class PipelineScript:
    """The outcomes of a simulation, held against a pipeline before anything starts."""

    outcomes: Mapping[str, Any]
    bundle: Bundle
    pipeline: BundledPipeline

    def outcome(self, entry: LedgerEntry) -> Mapping[str, Any] | None:
        """What is scripted for an entry: by its own name, else by the name of the chain, task or pipeline it is of."""
        name = best_name(self.outcomes, entry.id)
        if name is None:
            step = find_step(self.bundle, self.pipeline, entry.id)
            name = step.run if step is not None and step.kind in _JOINED else None
        return bare_outcome(self.outcomes[name]) if name is not None and name in self.outcomes else None

    def of_request(self, entry: LedgerEntry, request: RunRequest) -> dict[str, Any]:
        """The script of a chain or a run, by the aliases of its steps or the name of its workflow."""
        joined = list(all_steps(self.bundle, self.pipeline))
        taken = {step.id for step in joined} | {step.run for step in joined if step.kind in _JOINED}
        script = {
            name: bare_outcome(outcome)
            for name, outcome in self.outcomes.items()
            if len(named := parse_step_name(name)) == 1 and named[0][0] not in taken
        }
        if (own := self.outcome(entry)) is not None:
            script |= {request.name: own} if request.kind == "run" else dict(self._distribute(own, request))
        inside = [name for name in self.outcomes if "/" in name]
        for alias, _ in request.steps if request.kind == "chain" else ():
            if (name := best_name(inside, f"{entry.id}/{alias}")) is not None:
                script[alias] = bare_outcome(self.outcomes[name])
        return script

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
    yield from find_outcome_problems(outcomes, pipeline_targets(bundle, pipeline), pipeline.name)


def pipeline_targets(bundle: Bundle, pipeline: BundledPipeline) -> dict[str, MockTarget]:
    """What an outcome may be for: steps of the pipeline and, as `OUTER/INNER`, of what they run; chains, tasks,
    pipelines and workflows by their names.
    """
    runs: dict[str, MockTarget] = {}
    bare: dict[str, MockTarget] = {}
    inner: dict[str, MockTarget] = {}
    for step in all_steps(bundle, pipeline):
        found = _step_target(step, bundle)
        if found is not None:
            bare[step.id] = found
            runs |= {step.run: found} if step.run is not None and step.kind in _JOINED else {}
        inside = dict(_inner_targets(step, bundle))
        inner |= {f"{step.id}/{name}": target for name, target in inside.items()}
        bare = {**inside, **bare}
    own = {step.id: bare[step.id] for step in pipeline.steps if step.id in bare}
    return {**runs, **{one.name: target_of(one) for one in bundle.workflows}, **bare, **inner, **own}


def _inner_targets(step: BundledStep, bundle: Bundle) -> Iterator[tuple[str, MockTarget]]:
    """The steps of the chain or pipeline that a step runs."""
    if step.kind == "chain" and (chain := bundle.chain(step.run or "")) is not None:
        targets = mock_targets(chain, bundle)
        yield from ((one["session_alias"], targets[one["session_alias"]]) for one in chain.request["steps"])
    elif step.kind == "pipeline" and (inner := bundle.pipeline(step.run or "")) is not None:
        found = ((one.id, _step_target(one, bundle)) for one in inner.steps)
        yield from ((id, target) for id, target in found if target is not None)


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
