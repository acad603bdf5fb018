"""A real run to the case of a test file, with nothing of the run's texts, numbers and dates in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cyberflow.compiler.bundle import Bundle, BundledChain, BundledWorkflow
from cyberflow.compiler.flow_tests.mocks import INVALID, MockTarget, find_mock_faults
from cyberflow.diagnostics import did_you_mean
from cyberflow.errors import UsageError
from cyberflow.language.flow_tests.model import ANY, DEFAULT_AT, read_instant
from cyberflow.run.chain.request import output_schema
from cyberflow.schema.definitions import object_schema
from cyberflow.schema.validation.validate import accepts
from cyberflow.schema.values import ABSENT, EMPTY, follow_keys
from cyberflow.source import Route
from cyberflow.testing.play import Played, PlayScript
from cyberflow.testing.recording.read_back import read_back
from cyberflow.testing.recording.replacements import Replacements
from cyberflow.testing.samples import sample


@dataclass(frozen=True)
class RecordedRun:
    """One run as the service has it; `workflow` is its name in the project, `alias` that in its session."""

    alias: str
    workflow: str
    status: str
    inputs: Mapping[str, Any]
    outputs: Any = None


@dataclass(frozen=True)
class Recording:
    """A case in the making: what is played, and how each step ended."""

    what: BundledChain | BundledWorkflow
    script: PlayScript
    statuses: Mapping[str, str]

    def test(self, played: Played) -> dict[str, Any]:
        """The case as a test file has it. Raises UsageError when it goes otherwise here than it went."""
        for id, status in self.statuses.items():
            step = played.steps[id]
            if step.status != status:
                why = f": {step.error}" if step.error else ""
                help = "the workflows may have changed since; nothing was written"
                raise UsageError(f"`{id}` ended in `{status}` then, and ends in `{step.status}` here{why}", help=help)
        secrets = {"secrets": dict.fromkeys(self.what.secrets, ANY)} if self.what.secrets else {}
        return {
            "run": self.what.name,
            **({"inputs": dict(self.script.inputs)} if self.script.inputs else {}),
            **secrets,
            "simulate": dict(self.script.mocks),
            "expect": {
                "status": played.status,
                **({"outputs": played.outputs} if played.outputs else {}),
                "steps": {id: _expectation(step.status, step.inputs) for id, step in played.steps.items()},
            },
        }


def make_recording(runs: Sequence[RecordedRun], bundle: Bundle, kept: Iterable[str] = ()) -> Recording:
    """Make a case of the runs of one session, in order. Raises UsageError when nothing declared ran so."""
    what = _find_declaration(runs, bundle)
    ids = [one.alias for one in runs] if isinstance(what, BundledChain) else [what.name]
    found = {name: value for name, value in _inputs(what, dict(zip(ids, runs, strict=True))).items() if value != EMPTY}
    outputs = {id: {"outputs": run.outputs} for id, run in zip(ids, runs, strict=True) if run.status == "success"}
    replacements = Replacements(frozenset(_kept_routes(kept, {"inputs": found, **outputs})))
    inputs = {
        **{name: sample(name, one["schema"]) for name, one in what.inputs.items() if _is_needed(what, name, one)},
        **replacements.replace(_complete(found, what.inputs), _type_of(what.inputs), ("inputs",)),
    }
    mocks = {}
    for id, run in zip(ids, runs, strict=True):
        workflow = bundle.workflow(run.workflow)
        mock = _mock(run, output_schema(workflow) if workflow else None, replacements, id)
        if mock is not None:
            mocks[id] = mock
    script = PlayScript(what.name, read_instant(DEFAULT_AT), inputs, mocks=mocks)
    return Recording(what, script, {id: run.status for id, run in zip(ids, runs, strict=True)})


def _find_declaration(runs: Sequence[RecordedRun], bundle: Bundle) -> BundledChain | BundledWorkflow:
    went = [(one.alias, one.workflow) for one in runs]
    for chain in bundle.chains:
        if [(step["session_alias"], step["workflow_id"]) for step in chain.request["steps"]] == went:
            return chain
    if len(runs) == 1 and (workflow := bundle.workflow(runs[0].workflow)) is not None:
        return workflow
    shown = ", ".join(f"{alias} ({workflow})" for alias, workflow in went)
    raise UsageError(f"no chain of the project has these steps: {shown}", help="check out the commit that it ran from")


def _inputs(what: BundledChain | BundledWorkflow, runs: Mapping[str, RecordedRun]) -> dict[str, Any]:
    """The inputs of the whole, as far as those of its steps tell them."""
    if isinstance(what, BundledWorkflow):
        return {name: value for name, value in runs[what.name].inputs.items() if name in what.inputs}
    steps = what.request["steps"]
    types = {name: one["schema"] for name, one in what.inputs.items()}
    return read_back([(step.get("inputs") or {}, runs[step["session_alias"]].inputs) for step in steps], types)


def _complete(found: Mapping[str, Any], declared: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs, with samples of what a type needs and no step was given."""
    made = dict(found)
    for name, value in found.items():
        schema = declared[name]["schema"]
        rest = sample(name, schema)
        if isinstance(value, dict) and isinstance(rest, dict) and accepts(schema, value) is False:
            made[name] = {**rest, **value}
    return made


def _is_needed(what: BundledChain | BundledWorkflow, name: str, declared: Mapping[str, Any]) -> bool:
    return bool(declared["required"]) and name not in what.from_machine


def _type_of(declared: Mapping[str, Any]) -> Any:
    return object_schema({name: (one["schema"], one["required"]) for name, one in declared.items()})


def _mock(run: RecordedRun, schema: Any, replacements: Replacements, id: str) -> dict[str, Any] | None:
    """How a step ended, with stand-ins; None for one that never began, which nothing need script."""
    if run.status == "cancelled":
        return None
    if run.status != "success":
        return {"status": run.status, "error": f"{id} ended in {run.status}"}
    outputs = replacements.replace(run.outputs, schema if schema is not None else True, (id, "outputs"))
    if not isinstance(outputs, dict):
        return None
    target = MockTarget(run.workflow, schema)
    wrong = next(find_mock_faults({id: {"outputs": outputs}}, {id: target}, id), None)
    return {"outputs": {INVALID: outputs} if wrong is not None else outputs}


def _expectation(status: str, inputs: Mapping[str, Any] | None) -> dict[str, Any]:
    return {"status": status, **({"inputs": dict(inputs)} if inputs else {})}


def _kept_routes(written: Iterable[str], known: Mapping[str, Any]) -> Iterator[Route]:
    """The values that stay, as keys. Raises UsageError for a path at which the run has none."""
    for path in written:
        route = tuple(_steps(path.removeprefix("steps.").removeprefix("simulate.")))
        if follow_keys(known, route) is ABSENT:
            there = [f"{top}.{key}" for top, value in known.items() for key in _keys_below(top, value)]
            help = did_you_mean(path, there) or "a path such as `inputs.date` or `steps.lookup.outputs.mrn`"
            raise UsageError(f"--keep-value: the run has no `{path}`", help=help)
        yield route


def _keys_below(top: str, value: Any) -> Iterator[str]:
    if top == "inputs":
        yield from value
    elif isinstance(value["outputs"], dict):
        yield from (f"outputs.{key}" for key in value["outputs"])


def _steps(written: str) -> Iterator[str | int]:
    for part in written.split("."):
        name, *indexes = part.split("[")
        yield name
        yield from (int(one.rstrip("]")) if one.rstrip("]").isdigit() else one for one in indexes)
