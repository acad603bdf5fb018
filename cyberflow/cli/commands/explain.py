"""`cyberflow explain`: what a rule, a key, a word, a command or an exit code means, from where it is defined."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cyberflow.cli.styles import style

if TYPE_CHECKING:
    from cyberflow.cli.reference.topic import Topic


@click.command("explain")
@click.option("--all", "every", is_flag=True, help="Every rule, as the page of the reference.")
@click.option("--format", "format", type=click.Choice(["text", "markdown"]), default="text", show_default=True)
@click.argument("name", required=False)
def command(*, every: bool, format: str, name: str | None) -> int:
    """Explain a rule, a key, a word, a command or an exit code, with an example; without a name, list the rules.

    A key is named by itself (`prompt`), or with what it stands below (`workflows.checks`).

    \b
    Example:
      cyberflow explain type-mismatch
      cyberflow explain workflows.checks
      cyberflow explain each
      cyberflow explain 4
      cyberflow explain --all --format markdown
    """
    from cyberflow.cli.reference.topics import find_topics, topic_names
    from cyberflow.cli.views.findings.rules_page import load_rules, render_page
    from cyberflow.diagnostics import did_you_mean

    rules = {one.name: one for one in load_rules()}
    if name is None and not every:
        for one in rules.values():
            click.echo(f"{one.name:<24} {one.title}")
    elif name is None:
        texts = (f"{style(one.name, bold=True)}\n\n{_colour_example(one.text)}" for one in rules.values())
        click.echo(render_page() if format == "markdown" else "\n\n".join(texts), nl=format == "text")
    elif name in rules and format == "markdown":
        click.echo(rules[name].section(), nl=False)
    elif found := find_topics(name):
        click.echo("\n\n".join(_render(one, format) for one in found))
    else:
        raise click.UsageError(f"nothing is called `{name}`; {did_you_mean(name, topic_names())}")
    return 0


def _render(topic: Topic, format: str) -> str:
    """One topic as a person reads it, or as Markdown."""
    kind = "" if topic.kind == "rule" else f"  ({topic.kind})"
    if format == "markdown":
        example = f"\n\n```\n{topic.example}\n```" if topic.example else ""
        return f"### {topic.name}\n\n{topic.text}{example}"
    text = _colour_example(topic.text) if topic.kind == "rule" else topic.text
    lines = [f"{style(topic.name, bold=True)}{kind}", "", text]
    if topic.example:
        lines += ["", *(f"    {line}" for line in topic.example.split("\n"))]
    return "\n".join(lines)


def _colour_example(text: str) -> str:
    """The lines of a rule's example that are wrong in red, those that mend it in green."""
    colours = {"    -": "red", "    +": "green"}
    return "\n".join(style(line, fg=colours[line[:5]]) if line[:5] in colours else line for line in text.split("\n"))
