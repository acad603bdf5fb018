"""The commands by name, each with a line for the list of them. Nothing is imported before it is used."""

from __future__ import annotations

from importlib import import_module

import click

COMMANDS = {
    "init": "Begin a project: a small one that works.",
    "check": "Find every mistake of the project, offline.",
    "show": "Show what one workflow or chain compiles to.",
    "graph": "Draw a chain, a workflow, or the whole project.",
    "docs": "Write the project as one page, to read and to print.",
    "build": "Write the bundle: what is deployed and run, as files.",
    "plan": "Show what apply would change. Reads only.",
    "apply": "Make the target's workflows what the project declares.",
    "pull": "Write workflows of the platform as YAML.",
    "adopt": "Take a workflow of the platform as a declared one.",
    "merge": "Join a dashboard edit with the edits of the sources.",
    "run": "Run a chain, a workflow or a task and follow it to its outputs.",
    "runs": "List, show, follow, cancel and fetch runs.",
    "worker": "Run rows of a batch, beside other machines.",
    "test": "Run the tests of flows, offline.",
    "trace": "Trace runs to the commit, the apply and the approver behind them.",
    "dev": "Serve the local platform on this machine.",
    "explain": "Explain a rule, a key, a word, a command or an exit code.",
    "schema": "Print the JSON Schemas of the files, for editors.",
    "lsp": "Serve an editor: the language server on standard input and output.",
    "completion": "Print what a shell needs to complete cyberflow.",
    "stubs": "Write typed Python stubs of the workflows in YAML.",
}


class CommandGroup(click.Group):
    """Commands below a name; a mistyped one lists them all."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0] if args else ""
        known = self.list_commands(ctx)
        if name not in known and not name.startswith("-"):
            from cyberflow.cli.error_text import unknown_command

            ctx.fail(unknown_command(name, {one: self.about(ctx, one) for one in known}))
        return super().resolve_command(ctx, args)

    def about(self, ctx: click.Context, name: str) -> str:
        """The line of a command in the list of them."""
        found = self.get_command(ctx, name)
        return found.get_short_help_str(100) if found is not None else ""


def load_command(name: str) -> click.Command:
    """Import a command of the list."""
    command: click.Command = import_module(f"cyberflow.cli.commands.{name}").command
    return command
