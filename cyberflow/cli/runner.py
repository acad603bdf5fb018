"""What `cyberflow run` does: submit a chain or a workflow, follow it, print what came of it."""

from __future__ import annotations

import asyncio
import json
import shlex
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

import click

from cyberflow.cli.main import INTERRUPTED
from cyberflow.cli.project import compile_for, say
from cyberflow.cli.redacted_streams import filter_streams
from cyberflow.cli.views.run_view import result_lines, run_view
from cyberflow.compiler.bundle import BundledChain, BundledWorkflow
from cyberflow.errors import UsageError
from cyberflow.run.chain.downloads import output_folder, save_all
from cyberflow.run.chain.events import ChainState, StepRun
from cyberflow.run.chain.follow import LOCAL, REMOTE, FollowOptions, cancel, follow
from cyberflow.run.chain.journal import Invocation, follow_command, open_journal
from cyberflow.run.chain.reducer import advance
from cyberflow.run.chain.request import RunPlacement
from cyberflow.run.chain.result import result_of
from cyberflow.run.chain.resume import resume
from cyberflow.run.chain.submit import submit
from cyberflow.run.inputs.arguments import Arguments, RawArguments
from cyberflow.run.inputs.inputs import load_inputs
from cyberflow.run.inputs.secrets import system_backends
from cyberflow.sdk.prepare import CompiledProject, build_request, find_runnable, resolve_run_arguments, script_outcomes
from cyberflow.storage import write_file
from cyberflow.targets import CyberdeskService, open_target, state_folder


def start_run(folder: Path, target: str | None, name: str, options: dict[str, Any]) -> int:
    """Compile, put together what is given, and run."""
    compiled = compile_for(folder, target, options["bundle"])
    if compiled is None:
        return 1
    if (task := compiled.bundle.task(name)) is not None:
        from cyberflow.cli.task_runner import start_task

        return start_task(compiled, task, options)
    what = find_runnable(compiled, name)
    if options["first"] is None:
        given = resolve_run_arguments(compiled, what, raw_arguments(options), system_backends())
        filter_streams(given.redactor())
        return asyncio.run(ChainRunner(compiled, what, options, given).run())
    if not isinstance(what, BundledChain):
        raise UsageError(f"`{name}` is no chain and has no step `{options['first']}`", help="run it as a whole")
    return asyncio.run(ChainRunner(compiled, what, options).run())


def raw_arguments(options: Mapping[str, Any], recorded: Mapping[str, Any] | None = None) -> RawArguments:
    """What the command line gives; `recorded` inputs are used where it gives none."""
    document = load_inputs(options["document"]) if options["document"] else {}
    secrets, files = (list(dict.fromkeys(options[kind])) for kind in ("secrets", "files"))
    return RawArguments(options["inputs"], {**(recorded or {}), **document}, secrets, files)


class ChainRunner:
    """One invocation, from looking up names to the result."""

    def __init__(
        self,
        compiled: CompiledProject,
        what: BundledChain | BundledWorkflow,
        options: Any,
        given: Arguments | None = None,
    ) -> None:
        self._compiled = compiled
        self._what = what
        self._options = options
        self._given = given or Arguments()
        self._done: tuple[StepRun, ...] = ()
        self._journal: Invocation | None = None

    async def run(self) -> int:
        cancel_on_sigterm()
        try:
            async with open_target(self._compiled.sourced, self._compiled.target, say) as service:
                if not self._options["quiet"] and service.line != self._options["said"]:
                    say(service.line)
                return await self._submit(service)
        except asyncio.CancelledError:
            return self._handle_interrupt()

    async def _submit(self, service: CyberdeskService) -> int:
        options = self._options
        if options["first"] is not None:
            await self._resume(service, options["first"], options["runs"])
        run = (self._what, self._given)
        submission, ids = await build_request(self._compiled, service, run, self._where(), stale=options["stale_ok"])
        journal = self._journal = open_journal(state_folder(self._compiled.sourced.root), service.name)
        if options["simulate"]:
            await script_outcomes(service, load_inputs(options["simulate"]), ids, journal.key)
        state = await submit(service.cyberdesk, submission, journal)
        state = replace(state, steps=(*self._done, *state.steps))
        if not options["quiet"]:
            where = f"session {state.session_id}" if state.session_id else f"run {state.steps[0].run_id}"
            say(f"{self._what.name} submitted: {where}")
        if options["detach"]:
            return self._detach(service, state, code=0)
        return await self._follow(service, state, journal)

    async def _resume(self, service: CyberdeskService, first: str, runs: Sequence[str]) -> None:
        """Make the rest of a chain that stopped the thing to run."""
        assert isinstance(self._what, BundledChain)  # noqa: S101 - `start` refuses everything else
        rest = await resume(service.cyberdesk, self._what, first, runs)
        given = resolve_run_arguments(
            self._compiled, rest.chain, raw_arguments(self._options, rest.inputs), system_backends()
        )
        filter_streams(given.redactor())
        self._what, self._done = rest.chain, rest.finished_steps
        self._given = replace(given, finished_outputs=rest.finished_outputs)
        if self._options["quiet"]:
            return
        session = self._options["session"]
        say(f"{rest.chain.name} goes on from {first} in {f'session {session}' if session else 'a new session'}")
        for step in rest.finished_steps:
            say(f"  {step.id} is finished: its outputs are those of run {step.run_id}")

    def _where(self) -> RunPlacement:
        options = self._options
        return RunPlacement(options["machine"], tuple(options["pools"]), options["session"], options["keep_session"])

    async def _follow(self, service: CyberdeskService, state: ChainState, journal: Invocation) -> int:
        options = self._options
        pace = LOCAL if service.local else REMOTE
        watch = FollowOptions(pace, options["timeout"], options["cancel_on_timeout"])
        try:
            with run_view(quiet=options["quiet"]) as shown:
                watch = replace(watch, messages=shown.messages)
                shown.show(state)
                async for event in follow(service.cyberdesk, state, watch):
                    state, _ = advance(state, event)
                    shown.show(state)
        except asyncio.CancelledError:
            if not (options["cancel_on_interrupt"] or ask_to_cancel("detach and let it go on, or cancel it?")):
                return self._detach(service, state, code=INTERRUPTED)
            async for event in cancel(service.cyberdesk, state, watch):
                state, _ = advance(state, event)
        return await self._finish(service, state, journal)

    def _handle_interrupt(self) -> int:
        """Interrupted before there was anything to follow."""
        if self._journal is None:
            say("interrupted; nothing was sent")
            return INTERRUPTED
        self._journal.record("unanswered")
        look = follow_command(self._journal.target, None, ())
        say(f"interrupted while it was submitted: look whether it arrived before running it again\n  {look}")
        return INTERRUPTED

    def _detach(self, service: CyberdeskService, state: ChainState, *, code: int) -> int:
        say(f"it goes on without this terminal; follow it with\n  {_follow_command(service, state)}")
        self._write_result(state)
        return code

    async def _finish(self, service: CyberdeskService, state: ChainState, journal: Invocation) -> int:
        result = result_of(state)
        for line in end_notes(state):
            say(line)
        if state.timed_out and state.live_steps:
            say(f"follow it with\n  {_follow_command(service, state)}")
        else:
            journal.record("ended", status=result.status)
        if self._resume_command(state) and not self._options["quiet"]:
            say(f"when its cause is mended, go on with\n  {self._resume_command(state)}")
        if self._options["download"]:
            id = state.session_id or state.steps[0].run_id
            folder = output_folder(state.name, id, self._options["download"])
            async for path in save_all(service.cyberdesk, state, folder):
                say(f"saved {path}")
        self._write_result(state)
        return result.exit_code

    def _resume_command(self, state: ChainState) -> str | None:
        """The command that goes on with a chain of which a step has failed."""
        failed = next((step for step in state.steps if step.has_failed), None)
        if failed is None or len(state.steps) == 1 or state.cancelled:
            return None
        words = ["--target", self._compiled.target, "--from", failed.id, "--with", failed.run_id]
        given = [("-s", pair) for pair in self._options["secrets"]] + [
            ("--file", pair) for pair in self._options["files"]
        ]
        return shlex.join(["cyberflow", "run", state.name, *words, *chain.from_iterable(given)])

    def _write_result(self, state: ChainState) -> None:
        redactor = self._given.redactor()
        result = result_of(state)
        text = json.dumps(result.to_json(redactor), ensure_ascii=False, indent=2)
        if self._options["out"]:
            write_file(self._options["out"], text + "\n", private=True)
        click.echo(text if self._options["format"] == "json" else "\n".join(result_lines(result)))


def cancel_on_sigterm() -> None:
    """Have SIGTERM do what Ctrl-C does. Windows has no such signal."""
    task = asyncio.current_task()
    if task is not None and sys.platform != "win32":
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)


def ask_to_cancel(question: str | None) -> bool:
    """After an interruption: what a person says; where nobody is, or nothing is asked, nothing is cancelled."""
    if question is None or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    answer = click.prompt(question, type=click.Choice(["detach", "cancel"]), default="detach", err=True)
    return bool(answer == "cancel")


def end_notes(state: ChainState) -> Iterator[str]:
    """What there is to say of an end besides its result."""
    for reason in state.refused:
        yield f"it could not be cancelled as asked: {reason}"
    live = ", ".join(f"{step.id} ({step.status})" for step in state.live_steps)
    if state.timed_out and live:
        yield f"the time is over and it goes on: {live}"
    elif live:
        yield f"nothing moves any more, and the service has not ended {live}; it is left as it is"


def _follow_command(service: CyberdeskService, state: ChainState) -> str:
    return follow_command(service.name, state.session_id, [step.run_id for step in state.steps])
