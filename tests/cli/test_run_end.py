"""What is said at the end of a run besides its result."""

from __future__ import annotations

from cyberflow.cli.styles import style
from cyberflow.cli.views.runs.run_view import end_notes, result_lines
from cyberflow.run.chain.events import ChainState, StepRun
from cyberflow.run.chain.result import result_of

DONE = StepRun("a", "w", "r1", "success")
FAILED = StepRun("b", "w", "r2", "error", error=("it broke",))
LEFT = StepRun("c", "w", "r3", "scheduling")


def test_only_a_timeout_is_told_as_one() -> None:
    late = ChainState("x", (DONE, StepRun("b", "w", "r2", "running")), "s", {}, timed_out=True)
    given_up = ChainState("x", (DONE, FAILED, LEFT), "s", {}, phase="ended")

    assert list(end_notes(late)) == ["the time is over and it goes on: b (running)"]
    assert list(end_notes(given_up)) == [
        "nothing moves any more, and the service has not ended c (scheduling); it is left as it is"
    ]
    assert list(end_notes(ChainState("x", (DONE,), "s", {}, timed_out=True))) == []


def test_a_refused_cancellation_is_told() -> None:
    state = ChainState("x", (DONE,), "s", {}, cancelled=True, refused=("PATCH /v1/runs/r1 answered 400: it is over",))
    assert list(end_notes(state)) == ["it could not be cancelled as asked: PATCH /v1/runs/r1 answered 400: it is over"]


def test_what_a_failure_took_with_it_is_no_cause() -> None:
    gone = StepRun("c", "w", "r3", "cancelled", error=("the session ended",))
    assert list(result_lines(result_of(ChainState("x", (DONE, FAILED, gone), "s", {})))) == [
        f"{style('error', fg='red', bold=True)} in b: it broke",
        f"x: {style('error', fg='red', bold=True)}",
    ]
    assert "the session ended" in "".join(result_lines(result_of(ChainState("x", (DONE, gone), "s", {}))))
