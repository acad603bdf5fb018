"""The program, and the one place where failures become exit codes. Importing it costs click and no more."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import click

from cyberflow.cli.command_list import COMMANDS, CommandGroup, load_command
from cyberflow.cli.console import say
from cyberflow.cli.error_text import print_error, translate_error
from cyberflow.cli.interrupts import INTERRUPTED, leave, quit_on_signals
from cyberflow.cli.output_streams import ReaderGone, drop_colours, keep_on, open_streams, output_failure
from cyberflow.version import __version__

RUNS_COMMANDS = ("list", "show", "watch", "cancel", "retry", "release", "download", "screenshots")
WORKING = ("init", "build", "apply", "pull", "adopt", "merge", "run", "worker", "dev", "stubs")
"""Commands that go on when nobody reads what they say; so do those of `runs` that change or fetch something."""
BUG = 70
COMPLETION = "_CYBERFLOW_COMPLETE"
"""Set by a shell that asks how a line goes on."""


class _LazyGroup(CommandGroup):
    """Imports a command when it is used, and no other."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, _ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        command = load_command(name)
        if COMPLETION in os.environ:
            from cyberflow.cli.reference.completion import complete_names

            complete_names(command)
        return command

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def about(self, _ctx: click.Context, name: str) -> str:
        return COMMANDS[name]


@click.command(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "color": True})
@click.version_option(__version__, "--version", message="cyberflow %(version)s")
@click.option("--project", metavar="DIR", help="The project's folder; before or after the command.")
@click.option("--target", "-t", metavar="NAME", help="A target of cyberflow.yaml; before or after the command.")
@click.option("--quiet", "-q", is_flag=True, help="Say only what was asked for.")
@click.option("--no-color", is_flag=True, help="Plain text.")
@click.pass_context
def cyberflow(ctx: click.Context, *, project: str | None, target: str | None, quiet: bool, no_color: bool) -> None:
    """Workflow-as-code and chain orchestration for Cyberdesk.

    Workflows and chains live in git as YAML or Python. `check` finds their mistakes offline, `apply` deploys them,
    `run` runs them. Without an account, everything works against the local platform.

    \b
    Example:
      cyberflow check
      cyberflow apply --yes
      cyberflow run intake --inputs intake.json -s epic_password=env:EPIC_PASSWORD
    """
    if no_color:
        drop_colours()
    if ctx.invoked_subcommand in WORKING:
        keep_on()
    _share_options(ctx, {"project": project, "target": target, "quiet": quiet})


def _share_options(ctx: click.Context, given: dict[str, object]) -> None:
    """What stands before the command is the default of what may stand after it, in subcommands too."""
    defaults = {name: value for name, value in given.items() if value}
    commands = dict.fromkeys((*COMMANDS, *RUNS_COMMANDS), defaults)
    ctx.default_map = {**commands, "runs": {**commands, **defaults}}


def main() -> None:
    """The program: parse, run, and turn whatever went wrong into one of the exit codes."""
    quit_on_signals()
    code = run(sys.argv[1:])
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is over, and its exit code is written down
    if sys.argv[1:2] == ["check"]:
        leave(code)
    sys.exit(code)


def run(args: list[str]) -> int:
    """Run one command line and give its exit code; nothing but a bug of ours shows a traceback."""
    with open_streams():
        code = _run(args)
        failure = output_failure()
        if failure is None or not code <= failure.exit_code:
            return code
        if code != failure.exit_code:
            print_error(failure)
        return failure.exit_code


def _run(args: list[str]) -> int:
    asked: dict[str, str] = {}
    try:
        Path.cwd()
        if COMPLETION in os.environ:
            from cyberflow.cli.reference.completion import print_completions

            return print_completions(cyberflow, COMPLETION)
        result = cyberflow.main(args, prog_name="cyberflow", standalone_mode=False, obj=asked)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        say("interrupted")
        return INTERRUPTED
    except ReaderGone:
        return 0
    except Exception as error:  # noqa: BLE001 - the last door: a bug is reported, never hidden
        known = translate_error(error)
        if known is None:
            return _report_bug()
        print_error(known, asked.get("format", "text"))
        return known.exit_code
    return result if isinstance(result, int) else 0


def _report_bug() -> int:
    import traceback

    say(traceback.format_exc())
    say(
        f"This is a bug in cyberflow {__version__}, not in your project. Please report the lines above, and what you "
        "typed, in the issue tracker of cyberflow."
    )
    return BUG


if __name__ == "__main__":
    main()
