"""`cyberflow run`: its options, and its first line. What they start is `run_work`'s, and `batch`'s for many rows."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click

from cyberflow.cli.first_line import say_target
from cyberflow.cli.options import common, root, target
from cyberflow.errors import UsageError

_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)(s|m|h)")
_SECONDS = {"s": 1, "m": 60, "h": 3600}
_FILE = click.Path(dir_okay=False, path_type=Path)
_FOLDER = click.Path(file_okay=False, path_type=Path)


@click.command("run")
@common("text", "json")
@target
@click.argument("name")
@click.option("-i", "inputs", multiple=True, metavar="KEY=VALUE", help="An input; text where its type admits text.")
@click.option("--inputs", "document", type=_FILE, metavar="FILE.json", help="Inputs as a JSON object.")
@click.option("-s", "secrets", multiple=True, metavar="NAME=SOURCE", help="env:VAR, file:PATH, prompt, keyring:S/USER.")
@click.option("--file", "files", multiple=True, metavar="NAME=PATH", help="A file that the declaration leaves open.")
@click.option("--machine", metavar="NAME", help="Run on this machine.")
@click.option("--pool", "pools", multiple=True, metavar="NAME", help="Run on a machine of every pool given.")
@click.option("--session", metavar="ID", help="Join this session.")
@click.option("--keep-session", is_flag=True, help="Leave the machine reserved afterwards.")
@click.option("--timeout", metavar="TIME", help="Stop following after 90s, 30m, 2h; the runs go on.")
@click.option("--cancel-on-timeout", is_flag=True, help="Cancel the runs when the time is over.")
@click.option("--cancel-on-interrupt", is_flag=True, help="Cancel the runs on Ctrl-C.")
@click.option("--detach", is_flag=True, help="Submit and do not follow.")
@click.option("--stale-ok", is_flag=True, help="Run what is on the target, though the sources differ.")
@click.option("--simulate", type=_FILE, metavar="FILE", help="Script the outcome; on the local platform.")
@click.option("--download", type=_FOLDER, metavar="DIR", help="Save exported files and screenshots here.")
@click.option("--from", "first", metavar="STEP", help="Go on with a failed chain from this step, in a new session.")
@click.option("--with", "runs", multiple=True, metavar="RUN", help="With --from: a run or session of the failed chain.")
@click.option("--out", type=_FILE, metavar="FILE", help="Write the JSON result here too.")
@click.option("--bundle", type=_FILE, help="A bundle in place of the sources.")
def command(*, project: Path | None, target: str | None, name: str, **options: Any) -> int:
    """Run a chain or a workflow and follow it to its outputs.

    Inputs and secrets are checked before anything is sent. A secret is given by where to find it. Exit code 0 when
    every step ended in `success`.

    \b
    Example:
      cyberflow run intake --inputs intake.json -s epic_password=env:EPIC_PASSWORD
      cyberflow run patient-lookup -i mrn=M0047182 --timeout 10m --format json
      cyberflow run intake --from book --with 5c1a58d7-5b31-43ec-b4f6-5b27056adc3d -s epic_password=prompt
    """
    folder = root(project)
    options["timeout"] = _seconds(options["timeout"])
    if (options["first"] is None) != (not options["runs"]):
        raise UsageError("--from STEP and --with RUN go together", help="RUN is any run of the chain that failed")
    said = say_target(folder, target, quiet=options["quiet"])
    from cyberflow.cli.run_work import start

    return start(folder, target, name, {**options, "said": said})


def _seconds(text: str | None) -> float | None:
    if text is None:
        return None
    match = _DURATION.fullmatch(text)
    if match is None:
        raise UsageError(f"`{text}` is no time", help="write a number and `s`, `m` or `h`: --timeout 30m")
    return float(match.group(1)) * _SECONDS[match.group(2)]
