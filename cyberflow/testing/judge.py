"""A case and what was played, to a verdict: every expectation that was not met, with its place."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from cyberflow.compiler.flow_tests.step_names import best_name
from cyberflow.diagnostics import Diagnostic
from cyberflow.language.flow_tests.cases import Case
from cyberflow.schema.values import ABSENT
from cyberflow.source import Place, Route
from cyberflow.testing.matchers import compare
from cyberflow.testing.play import Played, PlayedStep
from cyberflow.testing.verdicts import Failure


@dataclass(frozen=True)
class CaseJudge:
    """What holds a run against what a case of a test file expects."""

    case: Case
    unknown: frozenset[str] = frozenset()
    """What nobody can know of a step where it ran, such as the prompt as its agent read it."""

    @property
    def name(self) -> str:
        return self.case.name

    @property
    def test(self) -> str:
        return self.case.test

    @property
    def place(self) -> Place:
        return self.case.own_place

    def judge(self, played: Played) -> tuple[Failure, ...]:
        return judge(self.case, played, self.unknown)

    def warn(self, played: Played) -> tuple[Diagnostic, ...]:
        return tuple(find_unused_mocks(self.case, played))


def judge(case: Case, played: Played, unknown: Collection[str] = ()) -> tuple[Failure, ...]:
    """Everything that is not as the case expects it. A case that expects no status expects all to go well; of steps
    nothing is said that is `unknown`.
    """
    expect = case.get("expect")
    found = list(_run_failures(case, expect, played, unknown))
    if not _expects_status(expect) and played.status != played.well:
        found.insert(0, Failure("status", played.well, played.status, case.at("run")))
    why = (played.trouble,) if played.trouble is not None else ()
    return tuple(replace(one, notes=why) if one.at.endswith("status") else one for one in found)


def find_unused_mocks(case: Case, played: Played) -> Iterator[Diagnostic]:
    """The mocks of steps that were never reached."""
    steps = played.all_steps
    began = {id: step for id, step in steps.items() if step.began}
    reached = {step.workflow for step in began.values()} | {step.id for step in began.values()}
    for name in case.get("simulate"):
        if name not in reached and not any(best_name((name,), id) for id in began):
            step = steps.get(name)
            note = f"the step is `{step.status}` and never started" if step else "no step of the run uses it"
            place = case.at("simulate", name).at_key()
            message = f"the mock of `{name}` was not used"
            yield Diagnostic("unused-mock", message, place, note=note, severity="warning")


def _run_failures(case: Case, expect: Mapping[str, Any], played: Played, unknown: Collection[str]) -> Iterator[Failure]:
    for key, got in (("status", played.status), ("outputs", played.outputs)):
        if key in expect:
            yield from _failures(case, expect[key], got, (key,))
    for id, step in (expect.get("steps") or {}).items():
        found = played.all_steps.get(id)
        for key, expected in step.items():
            if key in unknown:
                continue
            yield from _failures(case, expected, _value_of(found, key), ("steps", id, key))


def _failures(case: Case, expected: Any, got: Any, keys: Route) -> Iterator[Failure]:
    for one in compare(expected, got):
        place = case.at("expect", *keys, *one.written)
        yield Failure(format_at((*keys, *one.keys)), one.expected, one.got, place)


def _value_of(step: PlayedStep | None, key: str) -> Any:
    value = None if step is None else getattr(step, key)
    return ABSENT if value is None else value


def _expects_status(expect: Mapping[str, Any]) -> bool:
    """Whether a case says how the run, or one of its steps, ends."""
    return "status" in expect or any("status" in step for step in (expect.get("steps") or {}).values())


def format_at(route: Route) -> str:
    """The path of a value as people write it: `steps.book.inputs.rooms[1]`."""
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in route).removeprefix(".")
