"""`cyberflow explain`: the documentation of a rule, from the module that is the rule."""

from __future__ import annotations

from importlib import import_module
from inspect import cleandoc

import click

from cyberflow.diagnostics import did_you_mean


@click.command("explain")
@click.argument("rule", required=False)
def command(rule: str | None) -> int:
    """Explain a rule, with an example; without one, list the rules.

    \b
    Example:
      cyberflow explain type-mismatch
    """
    from cyberflow.compiler.check import RULES

    if rule is None:
        for name in RULES:
            click.echo(f"{name:<24} {documentation(name).splitlines()[0]}")
        return 0
    if rule not in RULES:
        raise click.UsageError(f"there is no rule `{rule}`; {did_you_mean(rule, RULES)}")
    click.echo(f"{click.style(rule, bold=True)}\n\n{documentation(rule)}")
    return 0


def documentation(rule: str) -> str:
    """The text of one rule."""
    module = import_module(f"cyberflow.compiler.rules.{rule.replace('-', '_')}")
    return cleandoc(module.__doc__ or "")
