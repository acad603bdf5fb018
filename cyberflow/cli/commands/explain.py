"""`cyberflow explain`: the documentation of a rule, from the module that is the rule."""

from __future__ import annotations

import click

from cyberflow.cli.styles import style
from cyberflow.cli.views.rules_page import RuleDocumentation
from cyberflow.diagnostics import did_you_mean


@click.command("explain")
@click.option("--all", "every", is_flag=True, help="Every rule, as the page of the reference.")
@click.option("--format", "format", type=click.Choice(["text", "markdown"]), default="text", show_default=True)
@click.argument("rule", required=False)
def command(*, every: bool, format: str, rule: str | None) -> int:
    """Explain a rule, with an example; without one, list the rules.

    \b
    Example:
      cyberflow explain type-mismatch
      cyberflow explain --all --format markdown
    """
    from cyberflow.cli.views.rules_page import load_rules, render_page

    known = {one.name: one for one in load_rules()}
    if rule is not None and rule not in known:
        raise click.UsageError(f"there is no rule `{rule}`; {did_you_mean(rule, known)}")
    chosen = [known[rule]] if rule is not None else list(known.values())
    if rule is None and not every:
        for one in chosen:
            click.echo(f"{one.name:<24} {one.title}")
    elif format == "markdown":
        click.echo(render_page() if rule is None else chosen[0].section(), nl=False)
    else:
        click.echo("\n\n".join(f"{style(one.name, bold=True)}{_mend(one)}\n\n{one.text}" for one in chosen))
    return 0


def _mend(rule: RuleDocumentation) -> str:
    """How the findings of a rule are mended, for those that can be."""
    return f"  (mended by `{rule.mend}`)" if rule.mend else ""
