"""What `cyberflow run` does with a task: submit it to Cyberun, follow it, save what it made."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from cyberflow.cli.main import INTERRUPTED
from cyberflow.cli.project import say
from cyberflow.cli.redacted_streams import filter_streams
from cyberflow.cli.runner import ask_to_cancel, cancel_on_sigterm, raw_arguments
from cyberflow.cli.views.run_view import run_view
from cyberflow.cli.views.task_view import download_hint, print_task, raise_save_failures, task_notes
from cyberflow.client.cyberun.client import CyberunClient
from cyberflow.client.cyberun.outputs import Outputs
from cyberflow.compiler.bundle import BundledTask
from cyberflow.errors import UsageError
from cyberflow.run.chain.downloads import output_folder
from cyberflow.run.inputs.arguments import Arguments
from cyberflow.run.inputs.inputs import load_inputs
from cyberflow.run.inputs.secrets import system_backends
from cyberflow.run.task.follow import cancel_task, follow_task
from cyberflow.run.task.outputs import SavedOutput, save_outputs
from cyberflow.run.task.request import TaskState, task_request
from cyberflow.run.task.submit import prepare_task, script_outcome, submit_task
from cyberflow.run.work.journal import Invocation, follow_command, open_journal
from cyberflow.run.work.polling import LOCAL, REMOTE, FollowOptions
from cyberflow.sdk.prepare import CompiledProject, resolve_run_arguments
from cyberflow.targets import CyberunService, open_cyberun, state_folder

OF_CHAINS = ("machine", "pools", "session", "keep_session", "stale_ok", "first")
_WRITTEN = {"pools": "pool", "keep_session": "keep-session", "stale_ok": "stale-ok", "first": "from"}


def start_task(compiled: CompiledProject, task: BundledTask, options: dict[str, Any]) -> int:
    """Put together what is given, and run."""
    if wrong := next((name for name in OF_CHAINS if options[name]), None):
        raise UsageError(
            f"`{task.name}` is a task, and --{_WRITTEN.get(wrong, wrong)} is for chains", help="leave it out"
        )
    given = resolve_run_arguments(compiled, task, raw_arguments(options), system_backends())
    filter_streams(given.redactor())
    return asyncio.run(_TaskRunner(compiled, task, options, given).run())


class _TaskRunner:
    def __init__(self, compiled: CompiledProject, task: BundledTask, options: dict[str, Any], given: Arguments) -> None:
        self._compiled = compiled
        self._task = task
        self._options = options
        self._given = given
        self._journal: Invocation | None = None
        self._state: TaskState | None = None

    async def run(self) -> int:
        cancel_on_sigterm()
        try:
            async with open_cyberun(self._compiled.sourced, self._compiled.target, say) as service:
                if not self._options["quiet"] and service.line != self._options["said"]:
                    say(service.line)
                return await self._submit(service)
        except asyncio.CancelledError:
            return self._handle_interrupt()

    async def _submit(self, service: CyberunService) -> int:
        request = task_request(self._task, self._given, self._compiled.bundle, self._compiled.assets)
        workflow = await prepare_task(service.cyberun, self._task, request)
        outcomes = load_inputs(self._options["simulate"]) if self._options["simulate"] else None
        script = await script_outcome(service.cyberun, self._task, outcomes, local=service.local)
        journal = self._journal = open_journal(state_folder(self._compiled.sourced.root), service.name)
        state = self._state = await submit_task(service.cyberun, request, workflow, journal, script)
        if not self._options["quiet"]:
            say(f"{state.name} submitted: task {state.task_id}")
        if self._options["detach"]:
            return self._detach(service, state, code=0)
        return await self._follow(service, state, request.limit)

    async def _follow(self, service: CyberunService, state: TaskState, limit: float | None) -> int:
        options = self._options
        watch = FollowOptions(LOCAL if service.local else REMOTE, options["timeout"], options["cancel_on_timeout"])
        try:
            state = await follow_and_show(service.cyberun, state, watch, quiet=options["quiet"], limit=limit)
        except FollowInterrupted as interrupted:
            state = interrupted.state
            if not (options["cancel_on_interrupt"] or ask_to_cancel("detach and let it go on, or cancel it?")):
                return self._detach(service, state, code=INTERRUPTED)
            state = [one async for one in cancel_task(service.cyberun, state, replace(watch, timeout=None))][-1]
        return await self._finish(service, state)

    async def _finish(self, service: CyberunService, state: TaskState) -> int:
        for line in task_notes(state):
            say(line)
        if state.is_live:
            say(f"follow it with\n  {follow_command(service.name, None, [state.task_id])}")
        elif self._journal is not None:
            self._journal.record("ended", status=state.status)
        saved: list[SavedOutput] = []
        if state.status == "completed":
            folder = output_folder(state.name, state.task_id, self._options["download"])
            async for one in save_outputs(Outputs(service.cyberun, state.task_id), folder):
                saved.append(one)
                if one.path and not self._options["quiet"]:
                    say(f"saved {one.path}")
        print_task(state, saved, self._options, self._given.redactor())
        raise_save_failures(saved)
        return state.exit_code

    def _detach(self, service: CyberunService, state: TaskState, *, code: int) -> int:
        say(
            f"it goes on without this terminal; follow it with\n  {follow_command(service.name, None, [state.task_id])}"
        )
        if self._task.timeout:
            say(f"its timeout of {self._task.timeout} is kept by who follows it, and nobody does now")
        print_task(state, [], self._options, self._given.redactor())
        return code

    def _handle_interrupt(self) -> int:
        """Interrupted before or after there was anything to follow."""
        if self._journal is None or not self._journal.path.exists():
            say("interrupted; nothing was submitted")
        elif self._state is None:
            self._journal.record("unanswered")
            look = f"cyberflow runs list --tasks --target {self._journal.target}"
            say(f"interrupted while it was submitted: look whether it arrived before running it again\n  {look}")
        else:
            say(f"interrupted; save its outputs with\n  {download_hint(self._state.task_id, self._journal.target)}")
        return INTERRUPTED


class FollowInterrupted(Exception):
    """Whoever followed was interrupted; `state` is the last that was seen."""

    def __init__(self, state: TaskState) -> None:
        super().__init__(state.task_id)
        self.state = state


async def follow_and_show(
    cyberun: CyberunClient, state: TaskState, watch: FollowOptions, *, quiet: bool, limit: float | None = None
) -> TaskState:
    """Follow and show a task. Raises Interrupted."""
    last = state
    try:
        with run_view(quiet=quiet) as shown:
            shown.show(last)
            async with aclosing(follow_task(cyberun, state, watch, limit)) as states:
                async for last in states:
                    shown.show(last)
    except asyncio.CancelledError:
        raise FollowInterrupted(last) from None
    return last
