"""`cyberflow completion`: the lines that teach a shell to complete commands, options, and the names of the project."""

from __future__ import annotations

import click

_WHERE = {
    "bash": 'eval "$(cyberflow completion bash)"   # in ~/.bashrc',
    "zsh": 'eval "$(cyberflow completion zsh)"   # in ~/.zshrc, below compinit',
    "fish": "cyberflow completion fish > ~/.config/fish/completions/cyberflow.fish",
}


@click.command("completion")
@click.argument("shell", type=click.Choice([*_WHERE]))
def command(*, shell: str) -> int:
    """Print what a shell needs to complete cyberflow: commands, options, chains, workflows, targets, rules and tests.

    \b
    Example:
      eval "$(cyberflow completion bash)"   # in ~/.bashrc
      eval "$(cyberflow completion zsh)"   # in ~/.zshrc, below compinit
      mkdir -p ~/.config/fish/completions && cyberflow completion fish > ~/.config/fish/completions/cyberflow.fish
    """
    from click.shell_completion import get_completion_class

    from cyberflow.cli.main import COMPLETION, cyberflow

    made = get_completion_class(shell)
    if made is None:
        raise click.UsageError(f"there is no completion for {shell}")
    source = made(cyberflow, {}, "cyberflow", COMPLETION).source_template % {
        "complete_func": "_cyberflow_completion",
        "complete_var": COMPLETION,
        "prog_name": "cyberflow",
    }
    click.echo(f"# {_WHERE[shell]}\n{source.strip()}")
    return 0
