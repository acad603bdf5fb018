"""`cyberflow run`: its options, and its first line."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cyberflow.cli.console import print_target_line
from cyberflow.cli.options import common_options, parse_id, project_root, secret_option, target_option
from cyberflow.errors import UsageError
from cyberflow.run.inputs.durations import read_duration

if TYPE_CHECKING:
    from cyberflow.cli.ledgers.pipeline_runner import PipelineDisplay
    from cyberflow.sdk.execution import SubmitOptions
    from cyberflow.sdk.pipelines.setup import PipelineOptions
    from cyberflow.sdk.project import CompiledProject
    from cyberflow.sdk.rows.setup import BatchOptions

ONE_RUN = (
    *("detach", "timeout", "cancel_on_timeout", "cancel_on_interrupt"),
    *("session", "keep_session", "download", "first", "runs"),
)
MANY_ROWS = (
    *("mapping", "parallel", "canary", "failures", "ledger"),
    *("retry_failed", "resubmit_unknown", "dry_run", "engine", "keep_queue"),
)
PIPELINES = ("until", "plan", "no_wait", "rerun", "keep")
NOT_PIPELINES = (
    *("detach", "session", "keep_session", "first", "runs", "mapping", "canary", "failures", "dry_run"),
    *("prompt_file", "model", "each", "count"),
)
_WITHOUT_DETACH = (
    "what comes next is decided here: --timeout 1m stops following, --no-wait ends when only waits are left, and "
    "`cyberflow run --resume LEDGER` goes on"
)
_WRITTEN = {"first": "from", "runs": "with", "mapping": "map", "failures": "stop-at-failures"}
_FILE = click.Path(dir_okay=False, path_type=Path)
_COUNT = click.IntRange(min=1)
_FOLDER = click.Path(file_okay=False, path_type=Path)


@click.command("run")
@common_options("text", "json")
@target_option
@click.argument("name", required=False)
@click.option(
    "-i", "--input", "inputs", multiple=True, metavar="KEY=VALUE", help="An input; text where its type admits text."
)
@click.option("--inputs", "document", type=_FILE, metavar="FILE", help="Inputs as a mapping, in JSON or YAML.")
@secret_option
@click.option("--file", "files", multiple=True, metavar="NAME=PATH", help="A file that the declaration leaves open.")
@click.option("--machine", metavar="NAME", help="Run on this machine.")
@click.option("--pool", "pools", multiple=True, metavar="NAME", help="Run on a machine of every pool given.")
@click.option("--session", type=parse_id, metavar="ID", help="Join this session.")
@click.option("--keep-session", is_flag=True, help="Leave the machine reserved afterwards.")
@click.option("--timeout", metavar="TIME", help="Stop following after 90s, 30m, 2h; the runs go on.")
@click.option("--cancel-on-timeout", is_flag=True, help="Cancel the runs when the time is over.")
@click.option("--cancel-on-interrupt", is_flag=True, help="Cancel the runs on Ctrl-C.")
@click.option("--detach", is_flag=True, help="Submit and do not follow; not for pipelines.")
@click.option("--stale-ok", is_flag=True, help="Run what is on the target, though the sources differ.")
@click.option("--simulate", type=_FILE, metavar="FILE", help="Script the outcome; on the local platform.")
@click.option("--download", type=_FOLDER, metavar="DIR", help="Save what it made there; below it if it holds files.")
@click.option("--from", "first", metavar="STEP", help="Go on with a failed chain from this step, in a new session.")
@click.option(
    "--with", "runs", type=parse_id, multiple=True, metavar="RUN", help="With --from: a run of the failed chain."
)
@click.option("--each", type=_FILE, metavar="ROWS", help="One run for each row of a file; not for pipelines.")
@click.option("--map", "mapping", multiple=True, metavar="COLUMN=INPUT", help="A column that has another name.")
@click.option("--parallel", type=_COUNT, metavar="N", help="With --each: so many at a time.  [default: 10]")
@click.option(
    "--canary", type=click.IntRange(min=0), metavar="N", help="With --each: first N rows, which must succeed."
)
@click.option("--stop-at-failures", "failures", metavar="N|N%", help="With --each: send no more after so many.")
@click.option("--ledger", type=_FILE, metavar="FILE", help="Where it is written down what became of all.")
@click.option("--resume", type=_FILE, metavar="LEDGER", help="Go on with a batch or a pipeline.")
@click.option("--retry-failed", is_flag=True, help="With --resume: what failed once more.")
@click.option("--resubmit-unknown", is_flag=True, help="With --resume: what is of unknown fate once more.")
@click.option("--engine", metavar="URL", help="Have workers run the rows of a batch, the steps of a pipeline.")
@click.option("--keep-queue", is_flag=True, help="With --engine: leave what is over in its database.")
@click.option("--until", metavar="STEP", help="A pipeline: begin nothing after this step.")
@click.option("--plan", is_flag=True, help="A pipeline: say what it would do, and send nothing.")
@click.option("--no-wait", is_flag=True, help="A pipeline: end when only waits are left.")
@click.option("--rerun", multiple=True, metavar="STEP", help="With --resume: this step, and what needs it, once more.")
@click.option("--keep", is_flag=True, help="With --resume: take the results of steps that have changed since.")
@click.option("--count", type=_COUNT, metavar="N", help="N runs alike, with a ledger.")
@click.option("--priority", is_flag=True, help="Before other runs that wait for a machine.")
@click.option("--prompt-file", type=_FILE, metavar="FILE", help="Another prompt, for a run of a single workflow.")
@click.option("--model", metavar="NAME", help="Another main model, for a run of a single workflow.")
@click.option("--dry-run", is_flag=True, help="With --each: check every row and send none.")
@click.option(
    "--out", type=_FILE, metavar="FILE", help="Write the result here too: JSON, with --each JSON Lines or CSV."
)
@click.option("--bundle", type=_FILE, help="A bundle in place of the sources.")
def command(*, project: Path | None, target: str | None, name: str | None, **options: Any) -> int:
    """Run a chain, a workflow, a task or a pipeline and follow it to its outputs.

    Inputs and secrets are checked before anything is sent. A secret is given by where to find it. Exit code 0 when
    every step ended in `success`, or the task in `completed`; what a task made is saved.

    \b
    Example:
      cyberflow run intake --inputs intake.json -s epic_password=env:EPIC_PASSWORD
      cyberflow run patient-lookup -i mrn=M0047182 --timeout 10m --format json
      cyberflow run poster -i heading="Flu shots" --download posters
      cyberflow run month-end -i month=2026-03 --ledger month-end.db --no-wait
      cyberflow run intake --each patients.csv --canary 3 -s epic_password=env:EPIC_PASSWORD
      cyberflow run intake --from book --with 5c1a58d7-5b31-43ec-b4f6-5b27056adc3d -s epic_password=prompt
    """
    folder = project_root(project)
    timeout = None if options["timeout"] is None else read_duration(options["timeout"])
    if options["out"] and not options["out"].parent.is_dir():
        raise UsageError(f"--out {options['out']}: there is no folder {options['out'].parent}", help="make it first")
    if options["each"] or options["resume"] or options["count"]:
        return _run_batch(folder, target, name, options)
    if name is None:
        raise UsageError("say what to run: `cyberflow run NAME`", help="`cyberflow show` lists the names")
    if _first_option(options, (*MANY_ROWS, *PIPELINES)):
        return _run_only_pipeline(folder, target, name, options)
    if (options["first"] is None) != (not options["runs"]):
        raise UsageError("--from STEP and --with RUN go together", help="RUN is any run of the chain that failed")
    said = print_target_line(folder, target, quiet=options["quiet"])
    from cyberflow.cli.runner import RunDisplay, run_one
    from cyberflow.sdk.project import compile_project

    shown = ("quiet", "format", "detach", "cancel_on_timeout", "cancel_on_interrupt", "download", "out")
    display = RunDisplay(timeout=timeout, said=said, **{key: options[key] for key in shown})
    compiled = compile_project(folder, target, options["bundle"])
    if compiled.bundle.pipeline(name) is not None:
        return _start_pipeline(compiled, name, options, said)
    return run_one(compiled, name, _submit_options(options), display)


def _run_only_pipeline(folder: Path, target: str | None, name: str, options: dict[str, Any]) -> int:
    """Run a pipeline with options that no single run has. Raises UsageError where the name is not a pipeline's."""
    from cyberflow.sdk.project import compile_project

    said = print_target_line(folder, target, quiet=options["quiet"])
    compiled = compile_project(folder, target, options["bundle"])
    if compiled.bundle.pipeline(name) is not None:
        return _start_pipeline(compiled, name, options, said)
    if wrong := _first_option(options, PIPELINES):
        raise UsageError(f"{wrong} is for pipelines, and `{name}` is not one", help="leave it out")
    wrong = _first_option(options, MANY_ROWS)
    help = "name their file with --each, how many with --count, or a ledger with --resume"
    raise UsageError(f"{wrong} is for many rows", help=help)


def _start_pipeline(compiled: CompiledProject, name: str, options: dict[str, Any], said: str | None) -> int:
    from cyberflow.cli.ledgers.pipeline_runner import start_pipeline

    if wrong := _first_option(options, ("rerun", "keep", "retry_failed", "resubmit_unknown")):
        raise UsageError(f"{wrong} goes with --resume", help="name the ledger")
    if wrong := _first_option(options, NOT_PIPELINES):
        help = _WITHOUT_DETACH if wrong == "--detach" else "leave it out"
        raise UsageError(f"{wrong} is not for pipelines, and `{name}` is one", help=help)
    return start_pipeline(compiled, name, _pipeline_options(options), _pipeline_display(options, said))


def _pipeline_display(options: dict[str, Any], said: str | None) -> PipelineDisplay:
    from cyberflow.cli.ledgers.pipeline_runner import PipelineDisplay

    timeout = None if options["timeout"] is None else read_duration(options["timeout"])
    shown = ("quiet", "format", "plan", "cancel_on_timeout", "cancel_on_interrupt")
    return PipelineDisplay(timeout=timeout, said=said, **{key: options[key] for key in shown})


def _pipeline_options(options: dict[str, Any]) -> PipelineOptions:
    from cyberflow.sdk.pipelines.setup import PipelineOptions

    read: dict[str, Any] = {
        "document": _read_document(options["document"]) or {},
        "simulate": _read_document(options["simulate"]),
    }
    same = {one.name for one in fields(PipelineOptions)} - {"backends", *read}
    return PipelineOptions(**read, **{key: options[key] for key in same})


def _submit_options(options: dict[str, Any]) -> SubmitOptions:
    from cyberflow.run.chain.placement import RunPlacement
    from cyberflow.run.inputs.arguments import RawArguments
    from cyberflow.sdk.execution import SubmitOptions

    secrets, files = (list(dict.fromkeys(options[kind])) for kind in ("secrets", "files"))
    given = RawArguments(options["inputs"], _read_document(options["document"]) or {}, secrets, files)
    where = RunPlacement(options["machine"], options["pools"], options["session"], options["keep_session"])
    script = _read_document(options["simulate"])
    own = {name: options[name] for name in ("priority", "prompt_file", "model")}
    return SubmitOptions(given, where, options["stale_ok"], script, options["first"], options["runs"], **own)


def _batch_options(options: dict[str, Any]) -> BatchOptions:
    from cyberflow.sdk.rows.setup import BatchOptions

    read: dict[str, Any] = {
        "document": _read_document(options["document"]) or {},
        "simulate": _read_document(options["simulate"]),
    }
    same = {one.name for one in fields(BatchOptions)} - {"backends", *read}
    return BatchOptions(**read, **{key: options[key] for key in same})


def _read_document(path: Path | None) -> dict[str, Any] | None:
    from cyberflow.run.inputs.input_file import load_inputs

    return None if path is None else load_inputs(path)


def _run_batch(folder: Path, target: str | None, name: str | None, options: dict[str, Any]) -> int:
    """Begin or go on with a batch; it is the ledger that knows the target of one that goes on."""
    if options["resume"] and (found := _resume_pipeline(folder, target, name, options)) is not None:
        return found
    if wrong := _first_option(options, PIPELINES):
        raise UsageError(f"{wrong} is for pipelines, and this is a batch", help="leave it out")
    if wrong := _first_option(options, ONE_RUN):
        raise UsageError(f"{wrong} is for one run, and this is a batch", help="leave it out")
    if options["count"] and (options["each"] or options["resume"]):
        raise UsageError("--count is for runs without a file of rows, and without a ledger", help="leave it out")
    if options["resume"]:
        return _resume_batch(folder, target, name, options)
    if name is None:
        raise UsageError("say what to run for each row: `cyberflow run NAME --each rows.csv`")
    if options["retry_failed"] or options["resubmit_unknown"]:
        raise UsageError("--retry-failed and --resubmit-unknown go with --resume", help="name the ledger")
    said = print_target_line(folder, target, quiet=options["quiet"])
    from cyberflow.cli.ledgers.batch_runner import BatchDisplay, start_batch

    display = BatchDisplay(options["quiet"], options["format"], said, options["dry_run"])
    return start_batch(folder, target, (name, options["each"] or options["count"]), _batch_options(options), display)


def _resume_pipeline(folder: Path, target: str | None, name: str | None, options: dict[str, Any]) -> int | None:
    """Go on with the pipeline of a ledger, None where it is not of one."""
    from cyberflow.run.work.ledger import Ledger

    with Ledger.open(options["resume"]) as ledger:
        if ledger.head.kind != "pipeline":
            return None
        head = ledger.head
        if target not in (None, head.target) or name not in (None, head.name):
            raise UsageError(f"the ledger is of `{head.name}` on {head.target}", help="leave out what it knows")
        if wrong := _first_option(options, (*NOT_PIPELINES, "ledger")):
            raise UsageError(f"{wrong} is not for a pipeline that goes on", help="leave it out")
        said = print_target_line(folder, head.target, quiet=options["quiet"])
        from cyberflow.cli.ledgers.pipeline_runner import resume_pipeline

        return resume_pipeline(folder, ledger, _pipeline_options(options), _pipeline_display(options, said))


def _resume_batch(folder: Path, target: str | None, name: str | None, options: dict[str, Any]) -> int:
    from cyberflow.run.work.ledger import Ledger

    with Ledger.open(options["resume"]) as ledger:
        head = ledger.head
        if target not in (None, head.target) or name not in (None, head.name):
            raise UsageError(f"the ledger is of `{head.name}` on {head.target}", help="leave out what it knows")
        said = print_target_line(folder, head.target, quiet=options["quiet"])
        from cyberflow.cli.ledgers.batch_runner import BatchDisplay, resume_batch

        display = BatchDisplay(options["quiet"], options["format"], said)
        return resume_batch(folder, ledger, options["each"], _batch_options(options), display)


def _first_option(options: dict[str, Any], names: Iterable[str]) -> str | None:
    """The first of some options that was given, as it is written."""
    found = next((name for name in names if options[name]), None)
    return found and f"--{_WRITTEN.get(found, found.replace('_', '-'))}"
