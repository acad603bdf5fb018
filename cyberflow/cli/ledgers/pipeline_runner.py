"""`cyberflow run` of a pipeline, and `--resume` of one: followed with a view, its end printed."""

from __future__ import annotations

import json
import shlex
from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cyberflow.cli.console import FollowDisplay, announce, print_json, say, say_texts
from cyberflow.cli.interrupts import INTERRUPTED, ask_to_cancel, run_cancellable
from cyberflow.cli.output_streams import filter_streams, write_machine
from cyberflow.cli.views.runs.pipeline_view import end_lines, left_lines, pipeline_view, plan_lines
from cyberflow.errors import CyberflowError
from cyberflow.run.inputs.inputs import texts_like_json
from cyberflow.run.pipeline.result import pipeline_json, plan_json
from cyberflow.run.pipeline.state import PipelineState
from cyberflow.run.work.ledger import Ledger
from cyberflow.sdk.pipelines.setup import (
    PipelineOptions,
    PipelineSetup,
    create_ledger,
    load_state,
    prepare_pipeline,
)
from cyberflow.sdk.project import CompiledProject, compile_project
from cyberflow.storage import write_text

if TYPE_CHECKING:
    from cyberflow.sdk.pipelines.going import GoingPipeline

GOOD_ENDS = ("success", "stopped", "waiting")


@dataclass(frozen=True)
class PipelineDisplay(FollowDisplay):
    """How a pipeline is followed and shown; with `plan` nothing is sent."""

    plan: bool = False


def start_pipeline(compiled: CompiledProject, name: str, options: PipelineOptions, display: PipelineDisplay) -> int:
    """Begin a pipeline: check what is given, write a ledger, go on to its end."""
    setup = prepare_pipeline(compiled, name, options, filter_streams, secrets=not display.plan)
    say_texts(texts_like_json(setup.pipeline.inputs, options.inputs), quiet=display.quiet)
    if display.plan:
        state = PipelineState(compiled.bundle, setup.new_state())
        state.begin()
        return _print_plan(state, name, None, display)
    with create_ledger(setup) as ledger:
        state = PipelineState(compiled.bundle, setup.new_state())
        state.begin()
        return _go_on(setup, ledger, state, display)


def resume_pipeline(folder: Path, ledger: Ledger, options: PipelineOptions, display: PipelineDisplay) -> int:
    """Go on with the pipeline of a ledger, given the same as before but for what is given anew."""
    options = options.over(ledger.head.options)
    compiled = compile_project(folder, ledger.head.target, options.bundle)
    setup = prepare_pipeline(compiled, ledger.head.name, options, filter_streams, secrets=not display.plan)
    if display.plan:
        state = PipelineState(compiled.bundle, setup.new_state(), ledger.entries())
        state.begin()
        return _print_plan(state, ledger.head.name, ledger, display)
    state = load_state(setup, ledger)
    return _go_on(setup, ledger, state, display)


def _print_plan(state: PipelineState, name: str, ledger: Ledger | None, display: PipelineDisplay) -> int:
    data = plan_json(state, name, str(ledger.path) if ledger else None)
    if display.format == "json":
        print_json(data)
    else:
        click.echo("\n".join(plan_lines(data)))
    return 0


def _go_on(setup: PipelineSetup, ledger: Ledger, state: PipelineState, display: PipelineDisplay) -> int:
    """Go on to the end; one that is over is told and nothing is opened for it."""
    if not display.quiet:
        say(f"ledger {ledger.path}")
    if state.root.is_over and setup.options.download is None:
        data = pipeline_json(state, setup.pipeline.name, str(ledger.path), setup.arguments.redactor())
        return _print_result(data, state, setup, display, resume_command(setup, ledger))
    return run_cancellable(_go(setup, ledger, state, display))


async def _go(setup: PipelineSetup, ledger: Ledger, state: PipelineState, display: PipelineDisplay) -> int:
    import asyncio

    from cyberflow.sdk.pipelines.going import open_pipeline

    again = resume_command(setup, ledger)
    try:
        async with open_pipeline(setup, ledger, state, say) as going:
            for service in (going.desks.desk, going.desks.cyberun):
                if service is not None:
                    announce(service, quiet=display.quiet, said=display.said)
                    display = replace(display, said=service.line)
            return await _follow(going, display, again)
    except asyncio.CancelledError:
        say(f"interrupted; go on with\n  {again}")
        return INTERRUPTED
    except CyberflowError as error:
        if error.exit_code == 3:  # noqa: PLR2004 - the world refused, and may not another time
            error.help = f"{error.help + '; ' if error.help else ''}go on with `{again}`"
        raise


async def _follow(going: GoingPipeline, display: PipelineDisplay, again: str) -> int:
    import asyncio

    from cyberflow.run.work.dispatch import ServiceTrouble

    late = False
    try:
        stays = not going.setup.options.no_wait
        with pipeline_view(going.state, str(going.ledger.path), quiet=display.quiet, stays=stays) as shown:
            async with asyncio.timeout(display.timeout), aclosing(going.run()) as updates:
                async for update in updates:
                    if isinstance(update, ServiceTrouble):
                        shown.show_trouble(update.reason)
                    else:
                        shown.show_change(update)
    except TimeoutError:
        late = True
        if display.cancel_on_timeout:
            await going.driver.cancel()
    except asyncio.CancelledError:
        return await _handle_interrupt(going, display, again)
    code = _print_end(going, display, again, is_cut=late)
    if late:
        live = going.driver.live_count
        say(f"the time is over{f' and {live} go on' if live else ''}; go on with\n  {again}")
        return 1
    return code


async def _handle_interrupt(going: GoingPipeline, display: PipelineDisplay, again: str) -> int:
    live = going.driver.live_count
    question = f"leave the {live} that run, or cancel them?" if live else None
    if display.cancel_on_interrupt or ask_to_cancel(question):
        await going.driver.cancel()
    _print_end(going, display, again, is_cut=True)
    say(f"interrupted; nothing is lost, go on with\n  {again}")
    return INTERRUPTED


def _print_end(going: GoingPipeline, display: PipelineDisplay, again: str, *, is_cut: bool = False) -> int:
    """`is_cut`: it was ended from outside, and whoever did it says how to go on."""
    trouble = _save_files(going)
    code = _print_result(going.to_json(), going.state, going.setup, display, again, is_cut=is_cut)
    if trouble is not None:
        raise trouble
    return code


def _print_result(
    data: dict[str, Any],
    state: PipelineState,
    setup: PipelineSetup,
    display: PipelineDisplay,
    again: str,
    *,
    is_cut: bool = False,
) -> int:
    text = json.dumps(data, ensure_ascii=False, indent=2)
    if display.format == "json":
        write_machine(text)
    else:
        click.echo("\n".join(end_lines(data, state, again)))
    if setup.options.out is not None:
        write_text(setup.options.out, text + "\n")
    if not display.quiet and not is_cut:
        for line in left_lines(state, data["ledger"]) if data["status"] == "waiting" else ():
            say(line)
        if data["status"] in ("waiting", "stopped"):
            say(f"go on with\n  {again}")
    return 0 if data["status"] in GOOD_ENDS else 1


def _save_files(going: GoingPipeline) -> CyberflowError | None:
    """Copy what steps made to where it was asked for; what kept it from the disk is raised when all else is said."""
    folder = going.setup.options.download
    try:
        for path in going.save_files(folder) if folder is not None else ():
            say(f"saved {path}")
    except CyberflowError as error:
        return error
    return None


def resume_command(setup: PipelineSetup, ledger: Ledger) -> str:
    """How to go on: secrets where they were found before, and no url, which may hold a password."""
    options = setup.options
    engine = ["--engine", "URL"] if options.engine else []
    secrets = [word for one in options.secrets for word in ("-s", one)]
    return shlex.join(["cyberflow", "run", "--resume", str(ledger.path), *secrets, *engine])
