"""`cyberflow runs signal`: an answer to what a pipeline waits for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from cyberflow.cli.console import print_json, say, say_texts
from cyberflow.cli.options import common_options
from cyberflow.errors import UsageError
from cyberflow.run.inputs.input_file import load_inputs

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command("signal")
@common_options("text", "json")
@click.argument("ledger", type=_FILE)
@click.argument("step")
@click.option("-i", "--input", "inputs", multiple=True, metavar="KEY=VALUE", help="What is answered.")
@click.option("--inputs", "document", type=_FILE, metavar="FILE", help="The answer as a mapping, in JSON or YAML.")
@click.option("--by", "who", metavar="WHO", help="Who answers.  [default: the user of this machine]")
@click.option("--task", metavar="ID", help="This is the task of STEP, whose answer was lost.")
def signal_command(*, project: Path | None, quiet: bool, format: str, ledger: Path, step: str, **options: Any) -> int:
    """Answer what a pipeline waits for; the first answer wins.

    It may be at work meanwhile, on this machine: it goes on within a second. Where it is not, the next start goes on.

    \b
    Example:
      cyberflow runs signal .cyberflow/ledgers/month-end.db release -i approved=true
    """
    from cyberflow.run.inputs.inputs import texts_like_json
    from cyberflow.sdk.pipelines.signals import adopt_task, signal

    del project
    task, document = options["task"], options["document"]
    if task is not None:
        if options["inputs"] or document or options["who"]:
            raise UsageError("--task says which task it is, and answers nothing", help="leave -i and --by out")
        entry = adopt_task(ledger, step, task)
    else:
        answer = load_inputs(document) if document else None
        entry = signal(ledger, step, options["inputs"], answer, who=options["who"])
        say_texts(texts_like_json(entry.facts.get("outputs") or {}, options["inputs"]), quiet=quiet)
    if format == "json":
        print_json({"version": 1, "ledger": str(ledger), "step": entry.id, "answered": task is None})
    elif not quiet:
        say(f"{entry.id} is {'answered' if task is None else f'task {task}'}")
    return 0
