"""`cyberflow apply`: make the target's workflows what the project declares. First the plan, then a yes, then work."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import click

from cyberflow.cli.options import common, root, target
from cyberflow.cli.plan import Compiled, compile_for, owner, say
from cyberflow.cli.receipt import write_receipt
from cyberflow.deploy import Outcome, Plan, apply, plan
from cyberflow.errors import CyberflowError, UsageError
from cyberflow.remote import snapshot
from cyberflow.targets import Service, open_target


@click.command("apply")
@common("text", "json")
@target
@click.option("--yes", "-y", is_flag=True, help="Do not ask; for CI.")
@click.option("--confirm", metavar="TARGET", help="Name a protected target; --yes does not answer for it.")
@click.option("--only", multiple=True, metavar="NAME", help="This workflow alone; may be given several times.")
@click.option("--overwrite-drift", is_flag=True, help="Write over what a person changed on the platform.")
@click.option("--bundle", type=click.Path(dir_okay=False, path_type=Path), help="A bundle in place of the sources.")
@click.option("--receipt", type=click.Path(dir_okay=False, path_type=Path), help="Write the receipt here too.")
def command(*, project: Path | None, target: str | None, bundle: Path | None, **options: Any) -> int:
    """Make the target's workflows what the project declares.

    Creates and updates workflows, their images and tags, and never deletes. Safe to kill and to run again: a second
    apply does nothing.

    \b
    Example:
      cyberflow apply
      cyberflow apply --target prod --confirm prod --yes
    """
    compiled = compile_for(root(project), target, bundle)
    return 1 if compiled is None else asyncio.run(_Apply(compiled, options).run())


class _Apply:
    """One apply from its plan to its receipt."""

    def __init__(self, compiled: Compiled, options: dict[str, Any]) -> None:
        self._compiled = compiled
        self._options = options
        self._json = options["format"] == "json"
        self._done: list[Outcome] = []

    async def run(self) -> int:
        async with open_target(self._compiled.sourced, self._compiled.target, say) as service:
            if not self._options["quiet"]:
                say(service.line)
            found = await snapshot(service.desk)
            made = plan(self._compiled.bundle, found, owner(self._compiled, service), self._options["only"])
            self._show(made)
            if made.errors:
                return made.exit_code
            if made.pending:
                self._ask(made, service)
            return await self._carry_out(made, service)

    def _show(self, made: Plan) -> None:
        from cyberflow.cli.plan_text import plan_lines

        if not self._json and not (self._options["quiet"] and not made.exit_code):
            click.echo("\n".join(plan_lines(made)))

    def _ask(self, made: Plan, service: Service) -> None:
        """Have a yes before the first write. Raises UsageError where nobody can give one, Abort on a no."""
        terminal = sys.stdin.isatty() and sys.stderr.isatty()
        if service.target.protect:
            self._confirm(service.name, terminal=terminal)
        elif not self._options["yes"]:
            if not terminal:
                help = "read the plan with `cyberflow plan`, then give --yes"
                raise UsageError("apply asks before it writes, and nobody is here to answer", help=help)
            click.confirm(f"apply this to {service.name}?", abort=True, err=True)
        drift = any(change.action == "drift" for change in made.changes)
        if drift and terminal and not self._options["overwrite_drift"]:
            question = "write over what was changed by hand?"
            self._options["overwrite_drift"] = click.confirm(question, default=False, err=True)

    def _confirm(self, name: str, *, terminal: bool) -> None:
        given = self._options["confirm"]
        if given is None and terminal:
            given = click.prompt(f"`{name}` is protected; type its name to go on", err=True)
        if given is None:
            raise UsageError(
                f"the target `{name}` is protected", help=f"--yes does not answer for it: --confirm {name}"
            )
        if given != name:
            raise UsageError(f"`{given}` is not the name of the target `{name}`; nothing was sent")

    async def _carry_out(self, made: Plan, service: Service) -> int:
        code = made.exit_code
        try:
            overwrite = self._options["overwrite_drift"]
            async for outcome in apply(made, service.desk, self._compiled.assets, overwrite_drift=overwrite):
                self._done.append(outcome)
                code = _worse(code, outcome.exit_code)
                self._report(outcome)
        except (asyncio.CancelledError, KeyboardInterrupt):
            say("interrupted; what is listed above was done, and the next apply goes on from there")
            raise
        except CyberflowError as error:
            code = _worse(code, error.exit_code)
            raise
        finally:
            if made.pending:
                receipt = write_receipt(self._compiled, service, made, self._done, code)
                if (path := self._options["receipt"]) is not None:
                    path.write_text(receipt, encoding="utf-8")
            if self._json:
                click.echo(
                    json.dumps({**made.to_json(), "outcomes": _outcomes(self._done)}, ensure_ascii=False, indent=2)
                )
        if made.pending and not self._json and not self._options["quiet"]:
            say("done" if code == 0 else "done, but not all of it: see above")
        return code

    def _report(self, outcome: Outcome) -> None:
        from cyberflow.cli.plan_text import outcome_line

        if not self._json:
            click.echo(outcome_line(outcome))


def _worse(left: int, right: int) -> int:
    """A conflict beats a refusal, which beats nothing (SPEC section 11: 4 beats 5)."""
    return max(left, right)


def _outcomes(done: list[Outcome]) -> list[dict[str, Any]]:
    names = ("action", "kind", "name", "id", "status", "message")
    return [{name: getattr(outcome, name) for name in names} for outcome in done]
