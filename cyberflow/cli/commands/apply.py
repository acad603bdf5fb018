"""`cyberflow apply`: make the target's workflows what the project declares. First the plan, then a yes, then work."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from pathlib import Path
from typing import Any

import click

from cyberflow.cli.commands.plan import FILE, prune_options, split_names
from cyberflow.cli.confirm import ask_yes_no, confirm_write, is_terminal
from cyberflow.cli.main import INTERRUPTED
from cyberflow.cli.options import common_options, project_root, target_option
from cyberflow.cli.project import compile_for, say
from cyberflow.deploy.apply.apply import apply
from cyberflow.deploy.apply.prepare import prepare, wait_until_idle
from cyberflow.deploy.plan.model import Outcome, Plan
from cyberflow.deploy.plan.plan_file import SavedPlan, load_plan
from cyberflow.deploy.receipts import Receipt
from cyberflow.errors import CyberflowError, UsageError
from cyberflow.sdk.prepare import CompiledProject, owner_of
from cyberflow.targets import CyberdeskService, open_target, state_folder


@click.command("apply")
@common_options("text", "json")
@target_option
@click.argument("file", required=False, type=FILE)
@click.option("--yes", "-y", is_flag=True, help="Do not ask; for CI.")
@click.option("--confirm", metavar="TARGET", help="Name a protected target; --yes does not answer for it.")
@click.option("--only", multiple=True, metavar="NAME", help="These workflows alone: several times, or with commas.")
@click.option("--overwrite-drift", is_flag=True, help="Write over what a person changed on the platform.")
@click.option("--wait-idle", is_flag=True, help="Wait until no workflow that would change has a live run.")
@click.option("--prune", is_flag=True, help="Take away what is no longer declared.")
@click.option("--delete-runs", is_flag=True, help="With --prune: delete workflows that have runs, and the runs.")
@click.option("--force", is_flag=True, help="With --prune: even when it takes much, or what is in use.")
@click.option("--prune-images", is_flag=True, help="Delete our images that nothing uses.")
@click.option("--bundle", type=FILE, metavar="FILE", help="A bundle in place of the sources.")
@click.option("--receipt", type=FILE, metavar="FILE", help="Write the receipt here too.")
def command(*, project: Path | None, target: str | None, bundle: Path | None, **options: Any) -> int:
    """Make the target's workflows what the project declares.

    Creates and updates workflows, their images and tags; without --prune it never deletes. FILE is a plan that
    `plan --out` saved: exactly that is carried out, or nothing when the target or the project has moved. Safe to kill
    and to run again: a second apply does nothing.

    \b
    Example:
      cyberflow apply
      cyberflow apply --target prod --confirm prod --yes
      cyberflow apply --yes prod.plan
    """
    saved = _load_plan_file(options)
    if saved is not None:
        if target not in (None, saved.target):
            raise UsageError(f"the plan is for target `{saved.target}`, not for `{target}`")
        target = saved.target
    compiled = compile_for(project_root(project), target, bundle)
    return 1 if compiled is None else asyncio.run(_Apply(compiled, options, saved).run())


def _load_plan_file(options: dict[str, Any]) -> SavedPlan | None:
    file = options["file"]
    if file is None:
        return None
    if given := [name for name in ("only", "prune", "delete_runs", "force", "prune_images") if options[name]]:
        raise UsageError(
            f"--{given[0].replace('_', '-')} belongs to the plan", help="give it to `cyberflow plan --out`"
        )
    try:
        return load_plan(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file} cannot be read", help="`cyberflow plan --out FILE` writes a plan") from error


class _Apply:
    """One apply from its plan to its receipt."""

    def __init__(self, compiled: CompiledProject, options: dict[str, Any], saved: SavedPlan | None) -> None:
        self._compiled = compiled
        self._options = options
        self._load_plan_file = saved
        self._json = options["format"] == "json"
        self._done: list[Outcome] = []

    async def run(self) -> int:
        task = asyncio.current_task()
        if task is not None and sys.platform != "win32":
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        try:
            async with open_target(self._compiled.sourced, self._compiled.target, say) as service:
                return await self._deploy(service)
        except asyncio.CancelledError:
            return INTERRUPTED

    async def _deploy(self, service: CyberdeskService) -> int:
        if not self._options["quiet"]:
            say(service.line)
        only = self._load_plan_file.only if self._load_plan_file else split_names(self._options["only"])
        prune = (self._load_plan_file.prune if self._load_plan_file else None) or prune_options(self._options)
        made = await prepare(service.cyberdesk, self._compiled.bundle, owner_of(self._compiled, service), only, prune)
        if self._load_plan_file is not None:
            self._load_plan_file.ensure_matches(made)
        self._show(made)
        root, url = self._compiled.sourced.root, None if service.local else service.target.url
        receipt = Receipt(made, root, url, state_folder(root) / "receipts", self._options["receipt"])
        if made.errors or made.refused:
            self._conclude(made, receipt, made.exit_code)
            return made.exit_code
        if made.pending:
            self._ask(made, service)
            await self._wait(made, service)
        return await self._carry_out(made, service, receipt)

    def _show(self, made: Plan) -> None:
        from cyberflow.cli.views.plan_text import plan_lines

        if not self._json and not (self._options["quiet"] and not made.exit_code):
            click.echo("\n".join(plan_lines(made)))

    def _ask(self, made: Plan, service: CyberdeskService) -> None:
        """Have a yes before the first write. Raises UsageError where nobody can give one; a no ends the command."""
        confirm_write(service, "apply", yes=self._options["yes"], confirm=self._options["confirm"])
        drift = any(change.action == "drift" for change in made.changes)
        if drift and is_terminal() and not self._options["overwrite_drift"] and not self._options["yes"]:
            self._options["overwrite_drift"] = ask_yes_no("write over what was changed by hand?")

    async def _wait(self, made: Plan, service: CyberdeskService) -> None:
        if not self._options["wait_idle"] or not made.live:
            return
        told = -1
        async for live in wait_until_idle(service.cyberdesk, made):
            runs = sum(map(len, live.values()))
            if runs != told:
                say(f"waiting for {runs} live run{'s' * (runs != 1)} of {', '.join(_workflow_names(made, live))}")
                told = runs

    async def _carry_out(self, made: Plan, service: CyberdeskService, receipt: Receipt) -> int:
        code = made.exit_code
        if made.pending:
            receipt.open()
        try:
            overwrite = self._options["overwrite_drift"]
            async for outcome in apply(made, service.cyberdesk, self._compiled.assets, overwrite_drift=overwrite):
                self._done.append(outcome)
                code = _worse_exit_code(code, outcome.exit_code)
                self._report(outcome)
        except asyncio.CancelledError:
            code = INTERRUPTED
            self._report_leftovers(made)
            say("interrupted: what was under way may have been written; the next apply goes on from what is there")
            raise
        except CyberflowError as error:
            code = _worse_exit_code(code, error.exit_code)
            self._report_leftovers(made)
            raise
        finally:
            self._conclude(made, receipt, code)
        if made.pending and not self._json:
            self._sum_up(code)
        return code

    def _sum_up(self, code: int) -> None:
        for help in dict.fromkeys(one.help for one in self._done if one.help):
            say(f"  {click.style('help', bold=True)}: {help}")
        if self._options["quiet"]:
            return
        some = any(one.status == "done" for one in self._done)
        say("done" if code == 0 else "done, but not all of it: see above" if some else "nothing was changed: see above")

    def _report_leftovers(self, made: Plan) -> None:
        """What the plan had besides: each change is reported on every way out."""
        told = {(one.kind, one.name, one.action) for one in self._done}
        for change in made.changes:
            if change.pending and (change.kind, change.name, change.action) not in told:
                self._done.append(Outcome.of(change, "unfinished"))
                self._report(self._done[-1])

    def _conclude(self, made: Plan, receipt: Receipt, code: int) -> None:
        receipt.close(self._done, code)
        if self._json:
            outcomes = [one.to_json() for one in self._done]
            click.echo(json.dumps({**made.to_json(), "outcomes": outcomes}, ensure_ascii=False, indent=2))

    def _report(self, outcome: Outcome) -> None:
        from cyberflow.cli.views.plan_text import outcome_line

        if not self._json:
            click.echo(outcome_line(outcome))


def _workflow_names(made: Plan, ids: Any) -> list[str]:
    return [f"`{change.name}`" for change in made.changes if change.id in ids and change.kind == "workflow"]


def _worse_exit_code(left: int, right: int) -> int:
    """A conflict beats a refusal, which beats nothing (SPEC section 11: 4 beats 5)."""
    return max(left, right)
