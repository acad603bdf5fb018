"""Cases that nobody wrote: each step of a chain in turn gives the least that its type allows, then its examples, then
fails. What the platform refuses then, and prompts that lose a value, are told with their place.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from cyberflow.compiler.bundle import Bundle, BundledWorkflow
from cyberflow.compiler.graph import ChainNode, PipelineNode, StepNode
from cyberflow.compiler.interface import Callee
from cyberflow.diagnostics import Diagnostic
from cyberflow.language.flow_tests.model import DEFAULT_AT, read_instant
from cyberflow.language.prompt.paths import format_path
from cyberflow.run.chain.request import output_schema
from cyberflow.schema.values import ABSENT, EMPTY
from cyberflow.source import Place
from cyberflow.testing.least import least_outputs
from cyberflow.testing.play import Played, PlayedStep, PlayScript
from cyberflow.testing.samples import chain_inputs, sample
from cyberflow.testing.verdicts import Failure, Verdict

FAILURES = ("error", "task_failed")
_ENDS = (*FAILURES, "failed")
MOST_EXAMPLES = 5
_REFUSED = "Input validation failed: "
_MISSING = re.compile(r'"([^"]+)" is a required property')


@dataclass(frozen=True)
class TokenProbe:
    """A token of a step's prompt whose value the chain gives: its path, and where the chain gives it."""

    step: str
    path: tuple[str | int, ...]
    place: Place

    @property
    def token(self) -> str:
        return f"<{format_path(str(self.path[0]), self.path[1:])}>"


@dataclass(frozen=True)
class EdgeJudge:
    """What looks at a run whose `step` was made to end in an unusual way."""

    name: str
    test: str
    place: Place
    step: str
    edge: str
    probes: tuple[TokenProbe, ...] = ()
    places: Mapping[str, Place] | None = None

    def judge(self, played: Played) -> tuple[Failure, ...]:
        return tuple(self._failures(played))

    def warn(self, played: Played) -> tuple[Diagnostic, ...]:
        del played  # nobody wrote anything that could be idle
        return ()

    def _failures(self, played: Played) -> Iterator[Failure]:
        for step in played.steps.values():
            if not step.began:
                continue
            if step.status == "error" and not (step.id.partition("[")[0] == self.step and self.edge in _ENDS):
                yield from self._refusals(step)
                continue
            for probe in self.probes:
                if probe.step == step.id and is_empty(step.inputs, probe.path):
                    message = f"`{probe.token}` is empty in the prompt of `{step.id}` {self._when}"
                    at = f"steps.{step.id}.inputs.{format_path(str(probe.path[0]), probe.path[1:])}"
                    notes = (self._cause(played),)
                    yield Failure(at, {"$any": True}, ABSENT, probe.place, notes, message)

    def _refusals(self, step: PlayedStep) -> Iterator[Failure]:
        for line in (step.error or "").split("\n"):
            said = line.removeprefix(_REFUSED)
            missing = _MISSING.match(said)
            name = "" if said == line else missing[1] if missing else re.split(r"[:.\[]", said)[0]
            place = (self.places or {}).get(f"{step.id}.{name}") or (self.places or {}).get(step.id) or self.place
            what = f"`{name}` of `{step.id}` is refused" if name else f"`{step.id}` cannot run"
            at = f"steps.{step.id}.inputs.{name}" if name else f"steps.{step.id}.status"
            got = (step.inputs or {}).get(name, ABSENT) if name else step.status
            yield Failure(at, "a value that is taken", got, place, (line,), f"{what} {self._when}")

    @property
    def _when(self) -> str:
        if self.edge in _ENDS:
            return f"when `{self.step}` ends in {self.edge}"
        return f"when `{self.step}` gives {'its least output' if self.edge == 'least' else 'its examples'}"

    def _cause(self, played: Played) -> str:
        step = played.steps.get(self.step)
        return f"`{self.step}` gave {json.dumps(step.outputs if step else None, ensure_ascii=False)}"


def chain_edges(chain: ChainNode, bundle: Bundle) -> Iterator[tuple[EdgeJudge, PlayScript]]:
    """Every case of one chain."""
    what = bundle.chain(chain.name)
    if what is None:
        return
    probes = tuple(probe for step in chain.steps for probe in _probes(step, chain))
    places = {f"{step.id}.{name}": value.place for step in chain.steps for name, value in step.inputs.items()}
    places |= {step.id: step.at("workflow") for step in chain.steps}
    script = PlayScript(chain.name, read_instant(DEFAULT_AT), chain_inputs(bundle, what))
    for step in chain.steps:
        workflow = bundle.workflow(step.step.workflow)
        for edge, mock in _mocks(workflow) if workflow is not None else ():
            name = f"{chain.name}[{step.id}: {edge}]"
            judge = EdgeJudge(name, chain.name, step.at("id"), step.id, edge.partition(" ")[0], probes, places)
            yield judge, replace(script, mocks={step.id: mock})


def pipeline_edges(pipeline: PipelineNode, bundle: Bundle) -> Iterator[tuple[EdgeJudge, PlayScript]]:
    """Every case of one pipeline."""
    what = bundle.pipeline(pipeline.name)
    if what is None:
        return
    places = {f"{step.id}.{name}": value.place for step in pipeline.steps for name, value in step.inputs.items()}
    places |= {step.id: step.at("id") for step in pipeline.steps}
    inputs = {name: sample(name, declared["schema"]) for name, declared in what.inputs.items()}
    script = PlayScript(pipeline.name, read_instant(DEFAULT_AT), inputs)
    usual = {step.id: found for step in pipeline.steps if (found := _usual_outcome(step.callee)) is not None}
    for step in pipeline.steps:
        for edge, mock in _pipeline_mocks(step.callee) if step.callee is not None else ():
            name = f"{pipeline.name}[{step.id}: {edge}]"
            judge = EdgeJudge(name, pipeline.name, step.at("id"), step.id, edge, (), places)
            yield judge, replace(script, mocks=usual if mock is None else {**usual, step.id: mock})


def _pipeline_mocks(callee: Callee) -> Iterator[tuple[str, Any]]:
    """The ends of one step of a pipeline; a function of the project is called once as it is."""
    yield "examples", None
    known = callee.outputs.known and not callee.outputs.is_empty
    if callee.kind != "task" and known and (outputs := least_outputs(callee.outputs_schema)) is not None:
        yield "least", {"outputs": outputs}
    for status in ("failed",) if callee.kind == "task" else FAILURES:
        yield status, {"status": status, "error": f"made to end in {status}"}


def _usual_outcome(callee: Callee | None) -> dict[str, Any] | None:
    """What a step that runs something on the services gives: examples, with one entry in each list, since the keys of
    several would be the same.
    """
    known = callee is not None and callee.outputs.known and not callee.outputs.is_empty
    if callee is None or not known or callee.kind not in ("chain", "workflow"):
        return None
    return {"outputs": _shorten(sample("", callee.outputs_schema))}


def _shorten(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _shorten(item) for key, item in value.items()}
    return [_shorten(item) for item in value[:1]] if isinstance(value, list) else value


def idle_conditions(pipeline: PipelineNode, verdicts: Iterable[Verdict]) -> Iterator[Verdict]:
    """The conditions of a pipeline that no edge took, or that every one did."""
    runs = [one.played for one in verdicts if one.played is not None and one.played.name == pipeline.name]
    for step in pipeline.steps:
        if step.condition is None or not runs:
            continue
        seen = {run.steps[step.id].status for run in runs if step.id in run.steps} - {"waiting"}
        missing = "not taken" if "skipped" not in seen else "taken" if not seen - {"skipped"} else None
        if missing is not None:
            place = step.at("when" if step.step.when is not None else "unless")
            message = f"the condition of `{step.id}` was never {missing}"
            failure = Failure(f"steps.{step.id}.status", missing, "never", place, (), message)
            yield Verdict(
                f"{pipeline.name}[{step.id}: condition]", pipeline.name, pipeline.name, place, 0.0, (failure,)
            )


def distinct(verdicts: Iterable[Verdict]) -> Iterator[Verdict]:
    """Verdicts of edges in which each thing that is wrong with a chain is told once, by the first that shows it."""
    told: set[tuple[str, str]] = set()
    for verdict in verdicts:
        fresh = [one for one in verdict.failures if (verdict.test, one.at) not in told]
        told |= {(verdict.test, one.at) for one in fresh}
        yield replace(verdict, failures=tuple(fresh))


def is_empty(value: Any, path: tuple[str | int, ...]) -> bool:
    """Whether a prompt shows nothing at a path of the inputs."""
    for key in path:
        try:
            value = value[key]
        except (KeyError, IndexError, TypeError):
            return True
    return value in (None, "", EMPTY)


def _probes(step: StepNode, chain: ChainNode) -> Iterator[TokenProbe]:
    """The tokens of a step's prompt whose values the chain gives. A prompt that speaks of `__EMPTY__` knows of it."""
    workflow = step.workflow
    for text in workflow.texts if workflow is not None else ():
        if text.kind != "prompt" or EMPTY in text.text.value:
            continue
        for token in text.tokens:
            root = token.path.root
            inherited = chain.inherits and root in chain.inputs
            if token.kind == "input" and (root in step.inputs or inherited):
                place = step.inputs[root].place if root in step.inputs else step.at("workflow")
                yield TokenProbe(step.id, (root, *token.path.keys), place)


def _mocks(workflow: BundledWorkflow) -> Iterator[tuple[str, Any]]:
    """The ends of one step, each with its name."""
    schema = output_schema(workflow)
    for index, given in enumerate(_examples(schema)):
        yield "examples" if index == 0 else f"examples {index + 1}", given
    if (outputs := least_outputs(schema)) is not None:
        yield "least", {"outputs": outputs}
    for status in FAILURES:
        yield status, {"status": status, "error": f"made to end in {status}"}


def _examples(schema: Any) -> Iterator[Any]:
    """What a step gives by itself, then with the further examples that its outputs have."""
    yield {}
    members = schema.get("properties", {}) if isinstance(schema, Mapping) else {}
    written = {name: one.get("examples") for name, one in members.items() if isinstance(one, Mapping)}
    listed = {name: values for name, values in written.items() if isinstance(values, list) and values}
    most = max(map(len, listed.values()), default=0)
    for index in range(1, min(most, MOST_EXAMPLES)):
        outputs = {name: sample(name, _alone(one, schema)) for name, one in members.items()}
        outputs |= {name: one[min(index, len(one) - 1)] for name, one in listed.items()}
        yield {"outputs": outputs}


def _alone(member: Any, schema: Mapping[str, Any]) -> Any:
    return {**member, "$defs": schema["$defs"]} if isinstance(member, Mapping) and "$defs" in schema else member
