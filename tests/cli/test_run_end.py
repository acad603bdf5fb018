"""What is said at the end of a run besides its result."""

from __future__ import annotations

from cyberflow.cli.runner import about_end
from cyberflow.cli.views.run_view import result_lines
from cyberflow.run.chain.events import State, Step
from cyberflow.run.chain.result import result_of

DONE = Step("a", "w", "r1", "success")
FAILED = Step("b", "w", "r2", "error", error=("it broke",))
LEFT = Step("c", "w", "r3", "scheduling")


def test_only_a_timeout_is_told_as_one() -> None:
    late = State("x", (DONE, Step("b", "w", "r2", "running")), "s", {}, timed_out=True)
    given_up = State("x", (DONE, FAILED, LEFT), "s", {}, phase="ended")

    assert list(about_end(late)) == ["the time is over and it goes on: b (running)"]
    assert list(about_end(given_up)) == [
        "nothing moves any more, and the service has not ended c (scheduling); it is left as it is"
    ]
    assert list(about_end(State("x", (DONE,), "s", {}, timed_out=True))) == []


def test_a_refused_cancellation_is_told() -> None:
    state = State("x", (DONE,), "s", {}, cancelled=True, refused=("PATCH /v1/runs/r1 answered 400: it is over",))
    assert list(about_end(state)) == ["it could not be cancelled as asked: PATCH /v1/runs/r1 answered 400: it is over"]


def test_what_a_failure_took_with_it_is_no_cause() -> None:
    gone = Step("c", "w", "r3", "cancelled", error=("the session ended",))
    assert list(result_lines(result_of(State("x", (DONE, FAILED, gone), "s", {})))) == [
        "\x1b[31m\x1b[1merror\x1b[0m in b: it broke",
        "x: \x1b[31m\x1b[1merror\x1b[0m",
    ]
    assert "the session ended" in "".join(result_lines(result_of(State("x", (DONE, gone), "s", {}))))
