"""`cyberflow lsp`: the language server on standard input and output, for editors."""

from __future__ import annotations

import click

from cyberflow.errors import UsageError


@click.command("lsp")
@click.option("--stdio", is_flag=True, expose_value=False, help="As editors say it; there is no other way.")
def command() -> int:
    """Serve an editor: findings while one types, fixes, completion of names, hover, definitions, renaming.

    An editor starts it; docs/editors.md says how, for VS Code, Neovim, Helix, JetBrains and Zed. It needs the extra
    `lsp`.

    \b
    Example:
      pip install 'cyberflow[lsp]'
      cyberflow lsp
    """
    try:
        from cyberflow.lsp.server import serve
    except ModuleNotFoundError as error:
        if error.name and error.name.partition(".")[0] in ("pygls", "lsprotocol"):
            help = "pip install 'cyberflow[lsp]'"
            raise UsageError("the language server is an extra that is not installed", help=help) from None
        raise
    serve()
    return 0
