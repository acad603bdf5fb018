"""`cyberflow run` of one chain, workflow or task: submitted, followed with a view, its end printed."""

from __future__ import annotations

import asyncio
import json
import shlex
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any, Generic, TypeVar

import click

from cyberflow.cli.console import FollowDisplay, announce, page_ending, say, say_texts
from cyberflow.cli.interrupts import INTERRUPTED, ask_to_cancel, run_cancellable
from cyberflow.cli.output_streams import filter_streams, write_machine
from cyberflow.cli.views.runs.run_view import end_notes, result_lines, run_view
from cyberflow.cli.views.runs.task_view import download_hint, raise_save_failures, task_json, task_lines, task_notes
from cyberflow.errors import CyberflowError, UsageError
from cyberflow.run.chain.events import ChainState
from cyberflow.run.chain.placement import RunPlacement
from cyberflow.run.chain.result import result_of
from cyberflow.run.inputs.inputs import texts_like_json
from cyberflow.run.task.outputs import SavedOutput
from cyberflow.run.task.request import TaskState
from cyberflow.run.work.polling import FollowOptions
from cyberflow.sdk.execution import ChainExecution, SubmitOptions, TaskExecution, execution_of
from cyberflow.sdk.prepare import find_runnable
from cyberflow.sdk.project import CompiledProject
from cyberflow.storage import write_text

S = TypeVar("S", ChainState, TaskState)


@dataclass(frozen=True)
class RunDisplay(FollowDisplay):
    """How a run is followed and shown."""

    detach: bool = False
    download: Path | None = None
    out: Path | None = None


def run_one(compiled: CompiledProject, name: str, options: SubmitOptions, display: RunDisplay) -> int:
    """Run a name of the project and give the exit code."""
    execution = execution_of(compiled, name, options, filter_streams)
    what = compiled.bundle.task(name) or find_runnable(compiled, name)
    say_texts(texts_like_json(what.inputs, options.arguments.inputs), quiet=display.quiet)
    if isinstance(execution, TaskExecution):
        _refuse_chain_options(name, options, options.where)
        return run_cancellable(_TaskRunner(execution, display).run())
    return run_cancellable(_ChainRunner(execution, display).run())


def _refuse_chain_options(name: str, options: SubmitOptions, where: RunPlacement) -> None:
    given = {
        "machine": where.machine,
        "pool": where.pools,
        "session": where.session_id,
        "keep-session": where.keep_session,
        "stale-ok": options.stale_ok,
        "from": options.first,
        "priority": options.priority,
        "prompt-file": options.prompt_file,
        "model": options.model,
    }
    if wrong := next((option for option, value in given.items() if value), None):
        raise UsageError(f"`{name}` is a task, and --{wrong} is for chains", help="leave it out")


def say_detached(command: str) -> int:
    """Say how to follow later what goes on, and give the exit code."""
    say(f"it goes on without this terminal; follow it with\n  {command}")
    return INTERRUPTED


@dataclass
class FollowInterrupted(Exception):
    """Whoever followed was interrupted; `state` is the last that was seen."""

    state: Any


async def follow_and_show(
    follow: Callable[[S, FollowOptions], AsyncGenerator[S, None]], state: S, options: FollowOptions, *, quiet: bool
) -> S:
    """Follow and show a chain, a run or a task. Raises FollowInterrupted."""
    try:
        with run_view(quiet=quiet) as shown:
            shown.show(state)
            async with aclosing(follow(state, replace(options, messages=shown.messages))) as states:
                async for seen in states:
                    state = seen
                    shown.show(state)
    except asyncio.CancelledError:
        raise FollowInterrupted(state) from None
    return state


E = TypeVar("E", ChainExecution, TaskExecution)


class _Runner(ABC, Generic[E]):
    """What is the same for everything that runs. `unanswered` lists where a lost submission would be."""

    unanswered = "cyberflow runs list"

    def __init__(self, execution: E, display: RunDisplay) -> None:
        self.execution: Any = execution
        self.display = display
        self.state: Any = None

    async def run(self) -> int:
        try:
            async with self.execution.open(say) as service:
                announce(service, quiet=self.display.quiet, said=self.display.said)
                await self.execution.prepare()
                self.say_resumed()
                self.state = await self.execution.submit(self.follow_options, say)
                self._say(f"{self.execution.name} submitted: {self.where()}{page_ending(service.page, self.where())}")
                return self._detach(0) if self.display.detach else await self._follow()
        except asyncio.CancelledError:
            return self._say_interrupted()

    @property
    def follow_options(self) -> FollowOptions:
        display = self.display
        return FollowOptions(self.execution.service.pace, display.timeout, display.cancel_on_timeout)

    async def _follow(self) -> int:
        display, execution = self.display, self.execution
        options = self.follow_options
        try:
            self.state = await follow_and_show(execution.follow, self.state, options, quiet=display.quiet)
        except FollowInterrupted as interrupted:
            self.state = interrupted.state
            if not (display.cancel_on_interrupt or ask_to_cancel("leave it running, or cancel it?")):
                return self._detach(INTERRUPTED)
            async for seen in execution.cancel(self.state, options):
                self.state = seen
        return await self._finish()

    async def _finish(self) -> int:
        """Print the end, and only then raise what kept something from the disk."""
        for line in self.notes():
            say(line)
        live = any(step.is_live for step in self.state.steps)
        if live and (self.state.timed_out or isinstance(self.state, TaskState)):
            say(f"follow it with\n  {self.execution.follow_command(self.state)}")
        unreachable = self.state.timed_out and self.state.trouble
        saved, trouble = await self._save() if self.saves and not unreachable else ([], None)
        self.print_result(saved)
        if not live:
            await self.execution.record_end(self.state)
        if trouble is not None:
            raise trouble
        raise_save_failures(saved)
        return self.exit_code

    async def _save(self) -> tuple[list[SavedOutput], CyberflowError | None]:
        saved: list[SavedOutput] = []
        try:
            async for one in self.execution.save(self.state, self.display.download):
                saved.append(one)
                if one.path:
                    self._say(f"saved {one.path}")
        except CyberflowError as error:
            return saved, error
        return saved, None

    def _detach(self, code: int) -> int:
        say_detached(self.execution.follow_command(self.state))
        self.print_result([])
        return code

    def _say_interrupted(self) -> int:
        """Interrupted while there was nothing to follow, or nothing any more."""
        journal = self.execution.journal
        if journal is None or journal.entry is None:
            say("interrupted; nothing was sent")
        elif self.state is not None:
            say(f"interrupted; it is over, see\n  {self.after_command(journal.target)}")
        else:
            journal.record("unknown")
            look = f"{self.unanswered} --target {journal.target}"
            say(f"interrupted while it was submitted: look whether it arrived before running it again\n  {look}")
        return INTERRUPTED

    def _say(self, text: str) -> None:
        if not self.display.quiet:
            say(text)

    def _print(self, data: dict[str, Any], lines: list[str]) -> None:
        text = json.dumps(data, ensure_ascii=False, indent=2)
        if self.display.format == "json":
            write_machine(text)
        else:
            click.echo("\n".join(lines))
        if self.display.out:
            write_text(self.display.out, text + "\n")

    def say_resumed(self) -> None:
        """Say which steps are not run again."""

    @property
    def saves(self) -> bool:
        return True

    @property
    @abstractmethod
    def exit_code(self) -> int: ...
    @abstractmethod
    def where(self) -> str: ...
    @abstractmethod
    def notes(self) -> list[str]: ...
    @abstractmethod
    def after_command(self, target: str) -> str: ...
    @abstractmethod
    def print_result(self, saved: list[SavedOutput]) -> None: ...


class _ChainRunner(_Runner[ChainExecution]):
    @property
    def saves(self) -> bool:
        return self.display.download is not None

    @property
    def exit_code(self) -> int:
        return result_of(self.state).exit_code

    def where(self) -> str:
        session, runs = self.execution.ids(self.state)
        return f"session {session}" if session else f"run {runs[0]}"

    def say_resumed(self) -> None:
        options = self.execution.options
        if options.first is None:
            return
        session = options.where.session_id
        self._say(
            f"{self.execution.name} goes on from {options.first} in "
            f"{f'session {session}' if session else 'a new session'}"
        )
        for step in self.execution.finished:
            self._say(f"  {step.id} is finished: its outputs are those of run {step.run_id}")

    def notes(self) -> list[str]:
        command = self._resume_command()
        again = [f"when its cause is mended, go on with\n  {command}"] if command and not self.display.quiet else []
        return [*end_notes(self.state), *again]

    def after_command(self, target: str) -> str:  # noqa: ARG002 - the execution knows it
        return str(self.execution.follow_command(self.state))

    def print_result(self, saved: list[SavedOutput]) -> None:  # noqa: ARG002 - a chain has outputs, its files are beside them
        result = result_of(self.state)
        self._print(result.to_json(self.execution.redactor), list(result_lines(result)))

    def _resume_command(self) -> str | None:
        """The command that goes on with a chain of which a step has failed."""
        state = self.state
        failed = next((step for step in state.steps if step.has_failed), None)
        if failed is None or len(state.steps) == 1 or state.cancelled:
            return None
        asked = self.execution.options.arguments
        words = ["--target", self.execution.compiled.target, "--from", failed.id, "--with", failed.run_id]
        given = [*(("-s", pair) for pair in asked.secrets), *(("--file", pair) for pair in asked.files)]
        return shlex.join(["cyberflow", "run", state.name, *words, *chain.from_iterable(given)])


class _TaskRunner(_Runner[TaskExecution]):
    unanswered = "cyberflow runs list --tasks"

    @property
    def exit_code(self) -> int:
        return int(self.state.exit_code)

    def where(self) -> str:
        return f"task {self.state.task_id}"

    def notes(self) -> list[str]:
        return list(task_notes(self.state))

    def after_command(self, target: str) -> str:
        return download_hint(self.state.task_id, target)

    def print_result(self, saved: list[SavedOutput]) -> None:
        data = task_json(self.state, saved, self.execution.redactor)
        self._print(data, list(task_lines(self.state, saved)))

    def _detach(self, code: int) -> int:
        if self.execution.task.timeout:
            say(f"its timeout of {self.execution.task.timeout} is kept by who follows it, and nobody does now")
        return super()._detach(code)
