"""`cyberflow schema`: JSON Schemas of what people write, for editors."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cyberflow.cli.console import say
from cyberflow.storage import write_text

if TYPE_CHECKING:
    from cyberflow.language.editor.json_schemas import Kind

KINDS: tuple[Kind, ...] = ("project", "declarations", "tests")
FOLDER = "schemas"


@click.command("schema")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), metavar="DIR", help="Write all as files.")
@click.option("--completion-only", is_flag=True, help="Complete and describe, and accept everything: beside `lsp`.")
@click.argument("kind", required=False, type=click.Choice(KINDS))
def command(*, out: Path | None, kind: Kind | None, completion_only: bool) -> int:
    """Print the JSON Schema of cyberflow.yaml, of declarations or of tests; without a kind, one for any.

    Editors complete and check with them. In VS Code, with the YAML extension, the first line of a file names one. Where
    the editor has `cyberflow lsp` too, write them with --completion-only, so that no finding comes twice.

    \b
    Example:
      cyberflow schema declarations
      cyberflow schema --out schemas
      # then, on top of a file: # yaml-language-server: $schema=schemas/declarations.json
    """
    if out is None:
        click.echo(schema_text(kind, completion_only=completion_only), nl=False)
        return 0
    for name in (kind,) if kind else KINDS:
        write_text(out / f"{name}.json", schema_text(name, completion_only=completion_only), private=False)
        say(f"wrote {out / f'{name}.json'}")
    return 0


@cache
def schema_text(kind: Kind | None, *, completion_only: bool = False) -> str:
    """One schema as the text of a file."""
    from cyberflow.language.editor.completion_schema import loosen
    from cyberflow.language.editor.json_schemas import editor_schema

    schema = editor_schema(kind)
    return json.dumps(loosen(schema) if completion_only else schema, ensure_ascii=False, indent=2) + "\n"
