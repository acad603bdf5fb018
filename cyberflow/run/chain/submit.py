"""The one place that submits: written down first, sent under a key of its own, and written down again."""

from __future__ import annotations

from cyberflow.client.cyberdesk.client import Cyberdesk
from cyberflow.client.http.errors import ApiError, Unreachable
from cyberflow.errors import CyberflowError
from cyberflow.run.chain.events import ChainState, StepRun
from cyberflow.run.chain.journal import Invocation, follow_command
from cyberflow.run.chain.request import RunRequest


async def submit(desk: Cyberdesk, submission: RunRequest, invocation: Invocation) -> ChainState:
    """Submit a chain or a run, and give the state to follow it from.

    Raises ApiError and Unreachable as the service has it; where the fate of the submission is unknown, the journal
    says so, and the error says how to find out. The same invocation may submit again: its key makes it one.
    """
    invocation.record(
        "submitting", name=submission.name, target=invocation.target, kind=submission.kind, key=invocation.key
    )
    try:
        session_id, run_ids = await send_request(desk, submission, invocation.key)
    except (ApiError, Unreachable) as error:
        _note_failure(invocation, error)
        raise
    invocation.record("accepted", session_id=session_id, run_ids=run_ids)
    if len(run_ids) != len(submission.steps):
        raise CyberflowError(
            f"the service made {len(run_ids)} runs for the {len(submission.steps)} steps of `{submission.name}`",
            help=f"the session is {session_id}: `cyberflow runs list` shows what became of it",
        )
    steps = tuple(StepRun(id, workflow, run) for (id, workflow), run in zip(submission.steps, run_ids, strict=True))
    return ChainState(submission.name, steps, session_id, submission.outputs)


async def send_request(desk: Cyberdesk, submission: RunRequest, key: str) -> tuple[str | None, list[str]]:
    """Send a submission under a key that is written down already; give its session and its runs in order."""
    if submission.kind == "chain":
        accepted = await desk.runs.chain(submission.body, key)
        return accepted.session_id, accepted.run_ids
    run = await desk.runs.create(submission.body, key)
    return run.session_id, [run.id]


def _note_failure(invocation: Invocation, error: ApiError | Unreachable) -> None:
    """Write down what is known, and tell the reader of the error where it is not."""
    if error.nothing_was_made:
        invocation.record("refused", status=getattr(error, "status", None))
        return
    invocation.record("unanswered")
    look = follow_command(invocation.target, None, ())
    error.help = f"it may have been submitted all the same: look with `{look}` before running it again"
