"""`cyberflow trace`: which content a run executed, which commit wrote it, who approved that, and how sure it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from cyberflow.cli.console import announce, print_json, say
from cyberflow.cli.interrupts import run_cancellable
from cyberflow.cli.options import common_options, project_root, target_option
from cyberflow.diagnostics import pluralize
from cyberflow.errors import UsageError


@click.command("trace")
@common_options("text", "json")
@target_option
@click.argument("names", nargs=-1, metavar="RUN|SESSION|LEDGER…")
@click.option("--since", metavar="DATE", help="Runs made since then; without a name all of them.")
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write in-toto statements."
)
@click.option(
    "--verify", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Verify statements, offline."
)
def command(*, project: Path | None, names: tuple[str, ...], format: str, quiet: bool, **options: Any) -> int:
    """Trace runs to the commit whose prompt they executed, and to who approved it.

    Each run gets a grade: `proven` (the content was the same before we submitted it and after its end), `bounded` (the
    workflow was last written before the run was made), `recorded` (the versions of the workflow say so), `changed` (it
    was written while the run was going) or `unknown`. --out writes statements without inputs, outputs or screenshots,
    one a line, ready to be signed.

    --verify holds statements against this repository, without any service: commits are built in a temporary folder and
    compared, receipts are held against each other. Exit code 0 verified, 1 contradicted, 4 when something is open.

    \b
    Example:
      cyberflow trace 10be02d2 --target prod
      cyberflow trace --since 2026-03-01 --target prod --out march.jsonl
      cyberflow trace --verify march.jsonl
    """
    if options["verify"] is not None:
        if given := [name for name in ("target", "since", "out") if options[name] is not None] or list(names):
            raise UsageError(f"--verify reads a file, and `{given[0]}` asks a target", help="leave it out")
        return _verify(project_root(project), options["verify"], format)
    from cyberflow.cli.views.trace_text import trace_lines
    from cyberflow.sdk.evidence import TraceWords, trace_target

    words = TraceWords.parse(names, options["since"])
    root = project_root(project)
    traced = run_cancellable(
        trace_target(root, options["target"], words, say, lambda service: announce(service, quiet=quiet))
    )
    if options["out"] is not None:
        traced.write(options["out"])
        say(f"wrote {options['out']}: {pluralize(len(traced.runs), 'statement')}")
    if format == "json":
        print_json(traced.to_json())
    elif options["out"] is None or not quiet:
        click.echo("\n".join(trace_lines(traced.runs)))
    return 0


def _verify(root: Path, file: Path, format: str) -> int:
    from cyberflow.cli.views.trace_text import verification_lines
    from cyberflow.sdk.evidence import verify_statements

    done = verify_statements(file, root)
    if format == "json":
        print_json(done.to_json())
    else:
        click.echo("\n".join(verification_lines(done)))
    return done.exit_code
