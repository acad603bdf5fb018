"""Submitting a chain or a run: one submission under the key of its invocation, however often it is sent."""

from __future__ import annotations

from collections.abc import Callable

from cyberflow.client.cyberdesk.client import Cyberdesk
from cyberflow.client.http.errors import ApiError, Unreachable
from cyberflow.errors import CyberflowError
from cyberflow.run.chain.events import ChainState, StepRun
from cyberflow.run.chain.request import RunRequest
from cyberflow.run.work.journal import Invocation, follow_command
from cyberflow.run.work.polling import FollowOptions
from cyberflow.run.work.submit import Resend, SubmissionTimedOut, record_and_send, send_until_answered

PATIENCE = 30.0
"""Seconds in which a submission of unknown fate is sent again under its key, where no time is given."""


async def submit(
    desk: Cyberdesk,
    request: RunRequest,
    invocation: Invocation,
    options: FollowOptions | None = None,
    tell: Callable[[str], object] = lambda _: None,
) -> ChainState:
    """Submit a chain or a run, and give the state to follow it from. The time given in `options` counts from here.

    Raises ApiError and Unreachable as the service has it, SubmissionTimedOut when the time is over; where the fate of
    the submission is unknown, the journal says so, and the error says how to find out. The same invocation may submit
    again: its key makes it one.
    """
    options = options or FollowOptions()
    begun = options.clock()

    async def explain(error: ApiError | Unreachable | SubmissionTimedOut) -> None:
        invocation.record("unknown")
        look = follow_command(invocation.target, None, ())
        error.help = f"it may have been submitted all the same: look with `{look}` before running it again"

    session_id, run_ids = await record_and_send(
        invocation,
        {"name": request.name, "target": invocation.target, "kind": request.kind, "key": invocation.key},
        lambda: send_until_answered(lambda: send_request(desk, request, invocation.key), _resend(options, tell)),
        explain,
        options.timeout,
    )
    try:
        invocation.record("accepted", session_id=session_id, run_ids=run_ids)
    except CyberflowError as error:  # it runs: whoever follows it knows its ids all the same
        tell(error.message)
    if len(run_ids) != len(request.steps):
        raise CyberflowError(
            f"the service made {len(run_ids)} runs for the {len(request.steps)} steps of `{request.name}`",
            help=f"the session is {session_id}: `cyberflow runs list` shows what became of it",
        )
    return initial_state(request, session_id, run_ids, begun)


def _resend(options: FollowOptions, tell: Callable[[str], object]) -> Resend:
    """How an answer that was lost is asked for again."""
    return Resend(
        PATIENCE if options.timeout is None else options.timeout,
        tell=lambda reason: tell(f"sent again under its key: {reason.splitlines()[0]}"),
        sleep=options.sleep,
        clock=options.clock,
    )


def initial_state(
    request: RunRequest, session_id: str | None, run_ids: list[str] | tuple[str, ...], at: float | None = None
) -> ChainState:
    """The state of a request whose runs were made."""
    steps = tuple(StepRun(id, workflow, run) for (id, workflow), run in zip(request.steps, run_ids, strict=True))
    return ChainState(
        request.name, steps, session_id, request.outputs, submitted_at=at, output_schemas=request.output_schemas
    )


async def send_request(desk: Cyberdesk, request: RunRequest, key: str) -> tuple[str | None, list[str]]:
    """Send a submission under a key that is written down already; give its session and its runs in order."""
    if request.kind == "chain":
        accepted = await desk.runs.chain(request.body, key)
        return accepted.session_id, accepted.run_ids
    run = await desk.runs.create(request.body, key)
    return run.session_id, [run.id]
