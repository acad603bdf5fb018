"""`cyberflow run`: submit a chain or a workflow, follow it, print what came of it."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import sys
from pathlib import Path
from typing import Any

import click

from cyberflow.cli.compiled import Compiled, compile_for, say
from cyberflow.cli.main import INTERRUPTED
from cyberflow.cli.options import common, root, target
from cyberflow.cli.run_view import result_lines, view
from cyberflow.cli.streams import filter_streams
from cyberflow.compiler import BundledChain, BundledWorkflow
from cyberflow.errors import CyberflowError, UsageError
from cyberflow.pipeline import find, give, request, script
from cyberflow.run import (
    LOCAL,
    REMOTE,
    Asked,
    Given,
    Invocation,
    State,
    Watch,
    Where,
    advance,
    cancel,
    follow,
    go_on,
    load_inputs,
    open_journal,
    result_of,
    submit,
    this_world,
)
from cyberflow.targets import Service, open_target, state_folder

_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)(s|m|h)")
_SECONDS = {"s": 1, "m": 60, "h": 3600}
_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command("run")
@common("text", "json")
@target
@click.argument("name")
@click.option("-i", "inputs", multiple=True, metavar="KEY=VALUE", help="An input; text where its type admits text.")
@click.option("--inputs", "document", type=_FILE, metavar="FILE.json", help="Inputs as a JSON object.")
@click.option("-s", "secrets", multiple=True, metavar="NAME=SOURCE", help="env:VAR, file:PATH, prompt, keyring:S/USER.")
@click.option("--file", "files", multiple=True, metavar="NAME=PATH", help="A file that the declaration leaves open.")
@click.option("--machine", metavar="NAME", help="Run on this machine.")
@click.option("--pool", "pools", multiple=True, metavar="NAME", help="Run on a machine of every pool given.")
@click.option("--session", metavar="ID", help="Join this session.")
@click.option("--keep-session", is_flag=True, help="Leave the machine reserved afterwards.")
@click.option("--timeout", metavar="TIME", help="Stop following after 90s, 30m, 2h; the runs go on.")
@click.option("--cancel-on-timeout", is_flag=True, help="Cancel the runs when the time is over.")
@click.option("--cancel-on-interrupt", is_flag=True, help="Cancel the runs on Ctrl-C.")
@click.option("--detach", is_flag=True, help="Submit and do not follow.")
@click.option("--stale-ok", is_flag=True, help="Run what is on the target, though the sources differ.")
@click.option("--simulate", type=_FILE, metavar="FILE", help="Script the outcome; on the local platform.")
@click.option("--out", type=_FILE, metavar="FILE", help="Write the JSON result here too.")
@click.option("--bundle", type=_FILE, help="A bundle in place of the sources.")
def command(*, project: Path | None, target: str | None, name: str, bundle: Path | None, **options: Any) -> int:
    """Run a chain or a workflow and follow it to its outputs.

    Inputs and secrets are checked before anything is sent. A secret is given by where to find it. Exit code 0 when
    every step ended in `success`.

    \b
    Example:
      cyberflow run intake --inputs intake.json -s epic_password=env:EPIC_PASSWORD
      cyberflow run patient-lookup -i mrn=M0047182 --timeout 10m --format json
    """
    options["timeout"] = _seconds(options["timeout"])
    compiled = compile_for(root(project), target, bundle)
    if compiled is None:
        return 1
    what = find(compiled, name)
    document = load_inputs(options["document"]) if options["document"] else {}
    asked = Asked(options["inputs"], document, options["secrets"], options["files"])
    given = give(compiled, what, asked, this_world())
    filter_streams(given.redactor())
    return asyncio.run(_Run(compiled, what, given, options).run())


class _Run:
    """One invocation, from looking up names to the result."""

    def __init__(self, compiled: Compiled, what: BundledChain | BundledWorkflow, given: Given, options: Any) -> None:
        self._compiled = compiled
        self._what = what
        self._given = given
        self._options = options
        self._journal: Invocation

    async def run(self) -> int:
        task = asyncio.current_task()
        if task is not None and hasattr(signal, "SIGTERM") and sys.platform != "win32":
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        async with open_target(self._compiled.sourced, self._compiled.target, say) as service:
            if not self._options["quiet"]:
                say(service.line)
            run, stale = (self._what, self._given), self._options["stale_ok"]
            submission, ids = await request(self._compiled, service, run, self._where(), stale=stale)
            self._journal = open_journal(state_folder(self._compiled.sourced.root), service.name)
            if self._options["simulate"]:
                await script(service, load_inputs(self._options["simulate"]), ids, self._journal.key)
            state = await submit(service.desk, submission, self._journal)
            if not self._options["quiet"]:
                where = f"session {state.session_id}" if state.session_id else f"run {state.steps[0].run_id}"
                say(f"{self._what.name} submitted: {where}")
            if self._options["detach"]:
                return self._detached(service, state, code=0)
            return await self._follow(service, state)

    def _where(self) -> Where:
        options = self._options
        return Where(options["machine"], tuple(options["pools"]), options["session"], options["keep_session"])

    async def _follow(self, service: Service, state: State) -> int:
        watch = Watch(LOCAL if service.local else REMOTE, self._options["timeout"], self._options["cancel_on_timeout"])
        try:
            with view(quiet=self._options["quiet"]) as shown:
                shown.show(state)
                async for event in follow(service.desk, state, watch):
                    state, _ = advance(state, event)
                    shown.show(state)
        except asyncio.CancelledError:
            if not self._wants_cancel():
                return self._detached(service, state, code=INTERRUPTED)
            async for event in cancel(service.desk, state, watch):
                state, _ = advance(state, event)
        return self._end(service, state)

    def _wants_cancel(self) -> bool:
        """After an interruption: what was said before, else what a person says now; nobody there means no."""
        if self._options["cancel_on_interrupt"]:
            return True
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            return False
        answer = click.prompt(
            "detach and let it go on, or cancel it?", type=click.Choice(["detach", "cancel"]), err=True
        )
        return bool(answer == "cancel")

    def _detached(self, service: Service, state: State, *, code: int) -> int:
        say(f"it goes on without this terminal; follow it with\n  {_watch(service, state)}")
        self._write(state)
        return code

    def _end(self, service: Service, state: State) -> int:
        result = result_of(state)
        if state.live:
            say(f"the time is over and it goes on; follow it with\n  {_watch(service, state)}")
        else:
            self._journal.note("ended", status=result.status)
        self._write(state)
        return result.exit_code

    def _write(self, state: State) -> None:
        redactor = self._given.redactor()
        result = result_of(state)
        text = json.dumps(result.to_json(redactor), ensure_ascii=False, indent=2)
        if self._options["out"]:
            _save(self._options["out"], text + "\n")
        click.echo(text if self._options["format"] == "json" else "\n".join(result_lines(result)))


def _watch(service: Service, state: State) -> str:
    return go_on(service.name, state.session_id, [step.run_id for step in state.steps])


def _seconds(text: str | None) -> float | None:
    if text is None:
        return None
    match = _DURATION.fullmatch(text)
    if match is None:
        raise UsageError(f"`{text}` is no time", help="write a number and `s`, `m` or `h`: --timeout 30m")
    return float(match.group(1)) * _SECONDS[match.group(2)]


def _save(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CyberflowError(f"{path} cannot be written: {(error.strerror or '').lower()}") from error
