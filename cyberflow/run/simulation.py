"""Scripted outcomes checked before anything starts: steps and keys that exist, and outputs that the workflow could
give. What is wrong is found whole.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from cyberflow.client.cyberun.wire import FINAL_STATUSES
from cyberflow.compiler.bundle import Bundle, BundledChain, BundledTask, BundledWorkflow
from cyberflow.diagnostics import did_you_mean
from cyberflow.errors import UsageError
from cyberflow.run.chain.request import output_schema
from cyberflow.run.inputs.inputs import describe_faults
from cyberflow.schema.read_value import kind
from cyberflow.schema.values import EMPTY

INVALID = "$invalid"
"""`{$invalid: {…}}` are outputs that break their schema on purpose."""
LONGEST_SECONDS = 10**7
MOST_SCREENSHOTS = 100
RUN_STATUSES = ("success", "task_failed", "error", "cancelled")
TASK_STATUSES = tuple(sorted(FINAL_STATUSES))
CHECK_STATUSES = ("success", "failed", "infra_error")
RUN_KEYS = ("outputs", "status", "error", "seconds", "attachments", "screenshots", "checks")
TASK_KEYS = ("outputs", "status", "error", "seconds", "course", "abort", "shape")


@dataclass(frozen=True)
class OutcomeProblem:
    """Something that keeps a script from being used: where (`lookup.outputs.mrn`), and what."""

    at: str
    message: str

    def __str__(self) -> str:
        return f"`{self.at}` {self.message}"


Noun = BundledChain | BundledWorkflow | BundledTask
Form = Literal["run", "task"]


def check_outcomes(outcomes: Mapping[str, Any], what: Noun, bundle: Bundle) -> Iterator[OutcomeProblem]:
    """Hold the outcomes of a simulation, by step or workflow, against what is run."""
    known = _scripted_names(what, bundle)
    form: Form = "task" if isinstance(what, BundledTask) else "run"
    for name, outcome in outcomes.items():
        if name not in known:
            help = did_you_mean(name, known) or "there is none"
            yield OutcomeProblem(name, f"is neither a step nor a workflow of `{what.name}`: {help}")
        else:
            yield from check_outcome(name, outcome, known[name], form)


def read_outcomes(outcomes: Mapping[str, Any], what: Noun, bundle: Bundle) -> dict[str, Any]:
    """The outcomes as the platform takes them. Raises UsageError with everything that is wrong."""
    problems = [str(problem) for problem in check_outcomes(outcomes, what, bundle)]
    if len(problems) == 1:
        raise UsageError(f"the simulation cannot be used: {problems[0]}", help="nothing was started")
    if problems:
        lines = "".join(f"\n  {problem}" for problem in problems)
        text = f"the simulation cannot be used, for {len(problems)} reasons:{lines}"
        raise UsageError(text, help="nothing was started")
    return {name: without_marker(outcome) for name, outcome in outcomes.items()}


def _scripted_names(what: Noun, bundle: Bundle) -> dict[str, BundledWorkflow | None]:
    """What an outcome may be for: steps, then the project's workflows, by name."""
    if isinstance(what, BundledTask):
        slug = what.workflow.partition("@")[0]
        return {what.name: None, slug: None, what.workflow: None}
    workflows: dict[str, BundledWorkflow | None] = {workflow.name: workflow for workflow in bundle.workflows}
    if isinstance(what, BundledWorkflow):
        return {**workflows, what.name: what}
    steps = {step["session_alias"]: bundle.workflow(step["workflow_id"]) for step in what.request["steps"]}
    return {**workflows, **steps}


def check_outcome(name: str, outcome: Any, workflow: BundledWorkflow | None, form: Form) -> Iterator[OutcomeProblem]:
    """Hold one outcome against the workflow that is to have it."""
    if not isinstance(outcome, Mapping):
        yield OutcomeProblem(name, f"must be a mapping with `outputs` or `status`, not `{kind(outcome)}`")
        return
    keys, statuses = (TASK_KEYS, TASK_STATUSES) if form == "task" else (RUN_KEYS, RUN_STATUSES)
    for key in outcome:
        if key not in keys:
            yield OutcomeProblem(name, f"has no `{key}`: {did_you_mean(str(key), keys)}")
    if outcome.get("status") is not None:
        yield from _check_word(f"{name}.status", outcome["status"], statuses)
    if (seconds := outcome.get("seconds")) is not None and not _is_number(seconds, 0, LONGEST_SECONDS):
        yield OutcomeProblem(f"{name}.seconds", f"must be a number from 0 to {LONGEST_SECONDS:,}")
    if form == "run":
        yield from _check_run_parts(name, outcome)
        if outcome.get("outputs") is not None and outcome.get("status") in (None, "success"):
            yield from _check_outputs(name, outcome["outputs"], workflow)


def _check_run_parts(name: str, outcome: Mapping[str, Any]) -> Iterator[OutcomeProblem]:
    if (error := outcome.get("error")) is not None and not _is_texts(error):
        yield OutcomeProblem(f"{name}.error", "must be a text, or a list of texts")
    shots = outcome.get("screenshots")
    if shots is not None and not _is_texts(shots, single=False) and not _is_number(shots, 1, MOST_SCREENSHOTS, int):
        yield OutcomeProblem(
            f"{name}.screenshots", f"must be a number from 1 to {MOST_SCREENSHOTS}, or a list of texts"
        )
    files = outcome.get("attachments")
    if files is not None and not (isinstance(files, list) and all(map(_is_file, files))):
        yield OutcomeProblem(f"{name}.attachments", "must be a list of file names, or of `{filename, content}`")
    checks = outcome.get("checks")
    if checks is None:
        return
    if not isinstance(checks, Mapping):
        yield OutcomeProblem(f"{name}.checks", "must give checks an end by their names")
        return
    for check, status in checks.items():
        yield from _check_word(f"{name}.checks.{check}", status, CHECK_STATUSES)


def _check_outputs(name: str, outputs: Any, workflow: BundledWorkflow | None) -> Iterator[OutcomeProblem]:
    if isinstance(outputs, Mapping) and set(outputs) == {INVALID}:
        return
    at = f"{name}.outputs"
    if not isinstance(outputs, Mapping):
        yield OutcomeProblem(at, f"must be a mapping of outputs, not `{kind(outputs)}`")
        return
    schema = output_schema(workflow) if workflow is not None else None
    if not isinstance(schema, Mapping):
        return
    declared = schema.get("properties", {})
    lacking = [one for one in schema.get("required", ()) if outputs.get(one, EMPTY) == EMPTY]
    yield from (OutcomeProblem(f"{at}.{one}", "is missing, and the workflow always gives it") for one in lacking)
    for key, value in outputs.items():
        if key not in declared:
            help = did_you_mean(key, declared) or "it declares none"
            yield OutcomeProblem(f"{at}.{key}", f"is not an output of `{workflow.name if workflow else name}`: {help}")
        elif value != EMPTY:
            member = {**declared[key], "$defs": schema["$defs"]} if "$defs" in schema else declared[key]
            for text in describe_faults("output", str(key), member, value):
                yield OutcomeProblem(at, f"could never be given: {text}")


def _check_word(at: str, word: Any, known: Collection[str]) -> Iterator[OutcomeProblem]:
    if word not in known:
        help = did_you_mean(word, known) if isinstance(word, str) else None
        words = ", ".join(f"`{one}`" for one in known)
        yield OutcomeProblem(at, f"is not a status: {help or f'known: {words}'}")


def _is_number(value: Any, low: float, high: float, of: type | tuple[type, ...] = (int, float)) -> bool:
    return isinstance(value, of) and not isinstance(value, bool) and low <= value <= high  # type: ignore[operator]


def _is_texts(value: Any, *, single: bool = True) -> bool:
    if isinstance(value, list):
        return all(isinstance(one, str) for one in value)
    return single and isinstance(value, str)


def _is_file(value: Any) -> bool:
    if isinstance(value, Mapping):
        return isinstance(value.get("filename"), str) and set(value) <= {"filename", "content"}
    return isinstance(value, str)


def without_marker(outcome: Any) -> Any:
    """The outcome with outputs that break their schema on purpose as they are to come."""
    outputs = outcome.get("outputs") if isinstance(outcome, Mapping) else None
    if isinstance(outputs, Mapping) and set(outputs) == {INVALID}:
        return {**outcome, "outputs": outputs[INVALID]}
    return outcome
