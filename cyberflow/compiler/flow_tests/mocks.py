"""Scripted outcomes, as tests and simulations write them, held against what the workflows could give."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Literal

from cyberflow.compiler.flow_tests.faults import Fault, member_type, unknown_word, value_faults, wrong_type
from cyberflow.compiler.flow_tests.step_names import explain_unknown, find_by_name
from cyberflow.diagnostics import did_you_mean, nearest
from cyberflow.late import dataclass
from cyberflow.schema.values import EMPTY, Schema

INVALID = "$invalid"
"""`{$invalid: {…}}` are outputs that break their schema on purpose."""
LONGEST_SECONDS = 10**7
MOST_SCREENSHOTS = 100
RUN_STATUSES = ("success", "task_failed", "error", "cancelled")
TASK_STATUSES = ("completed", "failed", "cancelled")
CHECK_STATUSES = ("success", "failed", "infra_error")
RUN_KEYS = ("outputs", "status", "error", "seconds", "attachments", "screenshots", "checks")
TASK_KEYS = ("outputs", "status", "error", "seconds", "course", "abort", "shape")
Form = Literal["run", "task"]


@dataclass(frozen=True)
class MockTarget:
    """What a mock may stand for: the workflow, and the type of its outputs where that is known."""

    workflow: str
    outputs: Schema | None = None
    form: Form = "run"


def find_mock_faults(outcomes: Mapping[str, Any], targets: Mapping[str, MockTarget], owner: str) -> Iterator[Fault]:
    """Everything that keeps outcomes, by step or workflow, from being used."""
    for name, outcome in outcomes.items():
        target = find_by_name(name, targets)
        if target is None:
            word, known, help = explain_unknown(name, targets)
            message, known = f"`{owner}` has no step `{name}`", known if word == name else ()
            yield Fault((name,), "unknown-step", message, "key", help=help, word=word, known=known)
        else:
            yield from (fault.below(name) for fault in _outcome_faults(name, outcome, target))


def bare_outcome(outcome: Any) -> Any:
    """An outcome as the platform takes it: outputs that are wrong on purpose without their marker."""
    if not isinstance(outcome, Mapping):
        return outcome
    outputs: Any = outcome.get("outputs")
    bare = {key: value for key, value in outcome.items() if not str(key).startswith("x-")}
    return {**bare, "outputs": outputs[INVALID]} if is_invalid_on_purpose(outputs) else bare


def is_invalid_on_purpose(outputs: Any) -> bool:
    return isinstance(outputs, Mapping) and set(outputs) == {INVALID}


def _outcome_faults(name: str, outcome: Any, target: MockTarget) -> Iterator[Fault]:
    if not isinstance(outcome, Mapping):
        help = "write `{outputs: {…}}`, or `{status: task_failed}`" if target.form == "run" else None
        yield wrong_type((), f"`{name}` must be a mapping", outcome, help)
        return
    keys, statuses = (TASK_KEYS, TASK_STATUSES) if target.form == "task" else (RUN_KEYS, RUN_STATUSES)
    for key in outcome:
        if key not in keys and not str(key).startswith("x-"):
            help = f"did you mean `{meant}`?" if (meant := nearest(str(key), keys)) else did_you_mean(str(key), keys)
            yield Fault(
                (key,),
                "unknown-key",
                f"there is no key `{key}` here",
                "key",
                help=help,
                word=str(key),
                known=tuple(keys),
            )
    if (status := outcome.get("status")) is not None and status not in statuses:
        yield unknown_word(("status",), status, statuses)
    if (seconds := outcome.get("seconds")) is not None and not _is_number(seconds, 0, LONGEST_SECONDS):
        yield wrong_type(("seconds",), f"`seconds` must be a number from 0 to {LONGEST_SECONDS:,}", seconds)
    if (error := outcome.get("error")) is not None and not _is_texts(error):
        yield wrong_type(("error",), "`error` must be a text, or a list of texts", error)
    if target.form == "run":
        yield from _part_faults(outcome)
    if outcome.get("outputs") is not None and outcome.get("status") in (None, "success"):
        yield from (fault.below("outputs") for fault in _outputs_faults(name, outcome["outputs"], target))


def _part_faults(outcome: Mapping[str, Any]) -> Iterator[Fault]:
    shots = outcome.get("screenshots")
    if shots is not None and not _is_texts(shots, single=False) and not _is_number(shots, 1, MOST_SCREENSHOTS, int):
        message = f"`screenshots` must be a number from 1 to {MOST_SCREENSHOTS}, or a list of texts"
        yield wrong_type(("screenshots",), message, shots)
    files = outcome.get("attachments")
    if files is not None and not (isinstance(files, list) and all(map(_is_file, files))):
        message = "`attachments` must be a list of file names, or of `{filename, content}`"
        yield wrong_type(("attachments",), message, files)
    checks = outcome.get("checks")
    if checks is not None and not isinstance(checks, Mapping):
        yield wrong_type(("checks",), "`checks` must give checks an end by their names", checks)
    for check, status in checks.items() if isinstance(checks, Mapping) else ():
        if status not in CHECK_STATUSES:
            yield unknown_word(("checks", check), status, CHECK_STATUSES)


def _outputs_faults(name: str, outputs: Any, target: MockTarget) -> Iterator[Fault]:
    if is_invalid_on_purpose(outputs):
        return
    if not isinstance(outputs, Mapping):
        yield wrong_type((), f"`outputs` of `{name}` must be a mapping of names to values", outputs)
        return
    schema = target.outputs
    if not isinstance(schema, Mapping):
        return
    for one in schema.get("required", ()):
        if outputs.get(one, EMPTY) == EMPTY:
            message = f"`{target.workflow}` always gives `{one}`, and this mock leaves it out"
            if one not in outputs and nearest(str(one), _strangers(outputs, schema)):
                continue  # of the misspelling another fault speaks
            help = f"add `{one}`"
            yield Fault((one,), "type-mismatch", message, "key", help=help, declared=one)
    for key, value in outputs.items():
        member = member_type(target.workflow, str(key), schema, "unknown-output")
        if isinstance(member, Fault):
            yield member.below(key)
        elif member is not None:
            found = value_faults(name, str(key), value, member)
            yield from (fault.below(key) for fault in found)


def _strangers(outputs: Collection[str], schema: Mapping[str, Any]) -> list[str]:
    return [key for key in outputs if key not in schema.get("properties", {})]


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
