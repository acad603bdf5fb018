"""Scripted outcomes of a pipeline on the local platform: by step, by item as `STEP[KEY]`, or by workflow and the steps
of chains as for a single run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cyberflow.compiler.bundle import Bundle, BundledChain, BundledWorkflow
from cyberflow.compiler.pipeline.form import BundledPipeline, BundledStep
from cyberflow.compiler.refs import Ref, is_ref, parse_ref
from cyberflow.diagnostics import did_you_mean
from cyberflow.errors import UsageError
from cyberflow.run.chain.request import RunRequest, output_schema
from cyberflow.run.inputs.inputs import describe_faults
from cyberflow.run.pipeline.changes import all_steps
from cyberflow.run.simulation import OutcomeProblem, check_outcome, without_marker
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
        return None if found is None else without_marker(found)

    def of_request(self, entry: LedgerEntry, request: RunRequest) -> dict[str, Any]:
        """The script of a chain or a run, by the aliases of its steps or the name of its workflow."""
        steps = {_ITEM.sub("", step.id) for step in all_steps(self.bundle, self.pipeline)}
        general = {
            name: without_marker(outcome)
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
    problems = [str(problem) for problem in check_script(outcomes, bundle, pipeline)]
    if problems:
        lines = problems[0] if len(problems) == 1 else "".join(f"\n  {one}" for one in problems)
        text = f"the simulation cannot be used:{' ' if len(problems) == 1 else ''}{lines}"
        raise UsageError(text, help="nothing was started")
    return PipelineScript(outcomes, bundle, pipeline)


def check_script(outcomes: Mapping[str, Any], bundle: Bundle, pipeline: BundledPipeline) -> Iterator[OutcomeProblem]:
    """Hold the outcomes of a simulation against a pipeline."""
    steps = {step.id: step for step in all_steps(bundle, pipeline)}
    workflows = {workflow.name: workflow for workflow in bundle.workflows}
    aliases = {
        one["session_alias"]: bundle.workflow(one["workflow_id"])
        for step in steps.values()
        if step.kind == "chain" and (chain := bundle.chain(step.run or "")) is not None
        for one in chain.request["steps"]
    }
    known = [*steps, *aliases, *workflows]
    for name, outcome in outcomes.items():
        bare = _ITEM.sub("", name).rpartition("/")[2]
        if bare in steps:
            yield from _check_step(name, outcome, steps[bare], bundle)
        elif name in aliases or name in workflows:
            yield from check_outcome(name, outcome, aliases.get(name) or workflows.get(name), "run")
        else:
            help = did_you_mean(bare, known) or "there is none"
            yield OutcomeProblem(name, f"is neither a step nor a workflow of `{pipeline.name}`: {help}")


def _check_step(name: str, outcome: Any, step: BundledStep, bundle: Bundle) -> Iterator[OutcomeProblem]:
    if step.kind == "pipeline":
        yield OutcomeProblem(name, f"runs the pipeline `{step.run}`: script its steps")
        return
    what = bundle.workflow(step.run or "") if step.kind == "workflow" else bundle.chain(step.run or "")
    workflow = what if isinstance(what, BundledWorkflow) else None
    yield from check_outcome(name, outcome, workflow, "task" if step.kind == "task" else "run")
    outputs = outcome.get("outputs") if isinstance(outcome, Mapping) else None
    if not isinstance(outputs, Mapping) or step.kind == "task" or set(outputs) == {"$invalid"}:
        return
    if isinstance(what, BundledChain):
        declared: Mapping[str, Any] = dict.fromkeys(what.outputs)
    elif step.wait is not None or step.call is not None:
        declared = step.wait.outputs if step.wait else step.call.outputs if step.call else {}
    else:
        return
    for key, value in outputs.items():
        if key not in declared:
            help = did_you_mean(key, declared) or "it has none"
            yield OutcomeProblem(f"{name}.outputs.{key}", f"is not an output of `{step.id}`: {help}")
        elif declared[key] is not None:
            for text in describe_faults("output", key, declared[key]["schema"], value):
                yield OutcomeProblem(f"{name}.outputs", f"could never be given: {text}")


def _put(outputs: dict[str, Any], keys: tuple[str | int, ...], value: Any) -> None:
    """Put a value where a ref reads it."""
    here: Any = outputs
    for key in keys[:-1]:
        if not isinstance(here, dict):
            return
        here = here.setdefault(key, {})
    if isinstance(here, dict):
        here[keys[-1]] = value
