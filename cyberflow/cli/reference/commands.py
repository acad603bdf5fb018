"""The commands and their options, from what `--help` prints."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import dedent

import click

from cyberflow.cli.command_list import COMMANDS, load_command
from cyberflow.cli.reference.topic import Topic


def command_topics() -> Iterator[Topic]:
    """Each command with its usage, what it does, its example and its options."""
    for path, command in walk_commands():
        lines, example = _split_help(command)
        options = "\n".join(f"  {names}  {text}" for names, text in options_of(command))
        usage = command.get_usage(click.Context(command, info_name=f"cyberflow {path}")).removeprefix("Usage: ")
        text = f"{lines}\n\n    {usage}" + (f"\n\n{options}" if options else "")
        yield Topic("command", path, text, example)


def walk_commands() -> Iterator[tuple[str, click.Command]]:
    """Every command by the words that call it, those below others included."""
    for name in COMMANDS:
        command = load_command(name)
        yield name, command
        if isinstance(command, click.Group):
            context = click.Context(command)
            for below in command.list_commands(context):
                if (inner := command.get_command(context, below)) is not None:
                    yield f"{name} {below}", inner


def options_of(command: click.Command) -> list[tuple[str, str]]:
    """The options of a command as they are written, each with its words."""
    context = click.Context(command)
    found = (parameter.get_help_record(context) for parameter in command.params)
    return [record for record in found if record is not None]


def _split_help(command: click.Command) -> tuple[str, str]:
    """What a command says of itself: prose, and the lines of its example."""
    prose, _, example = (command.help or "").partition("\b\n")
    paragraphs = [" ".join(part.split()) for part in prose.strip().split("\n\n")]
    return "\n\n".join(paragraphs), dedent(example.partition("\n")[2]).strip()
