"""`cyberflow show`: what one workflow, chain or task compiles to."""

from __future__ import annotations

import gc
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cyberflow.cli.console import print_json
from cyberflow.cli.options import common_options, project_root, target_option
from cyberflow.cli.styles import style
from cyberflow.compiler.bundle import Bundle, BundledWorkflow
from cyberflow.sdk.project import CompiledProject, compile_project

if TYPE_CHECKING:
    from cyberflow.targets.service import OpenTarget

_BLOCK = re.compile(r"(?<=>)\n?(?=<(?:p|h[1-6]|ul|ol|li|table|thead|tbody|tr|pre|blockquote|hr|div)\b)")


@click.command("show")
@common_options("text", "json")
@target_option
@click.argument("name", required=False)
@click.option("--at", metavar="FILE:LINE:COLUMN", help="What is named there, its type, where it is declared and used.")
@click.option("--for", "whom", metavar="MACHINE|POOL|all", help="Where each input comes from there.")
def command(*, project: Path | None, target: str | None, name: str | None, format: str, **options: Any) -> int:
    """Show what one workflow or chain compiles to.

    Of a workflow, the prompt as it goes out and both schemas; of a chain, the body of its request. Without a name, what
    the project declares. With --at what a name in a file means: a workflow, step, input, secret, output, type or file.

    With --for where each input comes from on a machine, the machines of a pool, or all that it may get: the run, the
    machine, a pool, a default, or nowhere.

    \b
    Example:
      cyberflow show patient-lookup
      cyberflow show intake --format json
      cyberflow show --at chains.yaml:19:34
      cyberflow show intake --for front-desk-2 --target prod
    """
    gc.disable()
    if options["at"] is not None:
        if name is not None:
            raise click.UsageError("--at says what is meant: leave the name out")
        return _show_place(project_root(project), target, options["at"], format)
    if options["whom"] is not None:
        if name is None:
            raise click.UsageError("--for says where: name a workflow or a chain")
        return _show_inputs(compile_project(project_root(project), target), name, format, options)
    bundle = compile_project(project_root(project), target, only=name).bundle
    if name is None:
        _print_declarations(bundle, format)
        return 0
    kind, found = _find(bundle, name)
    if format == "json":
        print_json({"version": 1, "kind": kind, **found})
        return 0
    workflow = bundle.workflow(name)
    if workflow is not None:
        click.echo("\n".join(_workflow_lines(workflow)))
    else:
        body = found["request"] if kind == "chain" else found
        print_json(body)
    return 0


def _show_place(root: Path, target: str | None, at: str, format: str) -> int:
    from cyberflow.cli.views.lookup_text import lookup_json, lookup_lines
    from cyberflow.sdk.checks.places import find_at

    sourced, lookup, entity = find_at(root, target, at)
    if format == "json":
        print_json(lookup_json(sourced, lookup, entity))
    else:
        click.echo("\n".join(lookup_lines(sourced, lookup, entity)))
    return 0


def _show_inputs(compiled: CompiledProject, name: str, format: str, options: dict[str, Any]) -> int:
    from cyberflow.cli.console import announce, say
    from cyberflow.cli.interrupts import run_cancellable
    from cyberflow.cli.views.inputs_text import input_lines, inputs_json
    from cyberflow.sdk.checks.inputs import read_effective_inputs

    def on_open(service: OpenTarget[Any]) -> None:
        announce(service, quiet=options["quiet"])

    found = run_cancellable(read_effective_inputs(compiled, name, options["whom"], say, on_open))
    if format == "json":
        kind = "chain" if compiled.bundle.chain(name) else "workflow"
        print_json(inputs_json(name, kind, compiled.target, found))
    else:
        click.echo("\n".join(input_lines(found)))
    return 0


def _print_declarations(bundle: Bundle, format: str) -> None:
    """What the project declares, with what each takes: `?` marks what may be left out."""
    rows = [
        {
            "kind": kind,
            "name": one.name,
            "inputs": _parameter_names(one.inputs, ""),
            "secrets": _parameter_names(one.secrets, "$"),
        }
        for kind, group in _groups(bundle)
        for one in group
    ]
    if format == "json":
        print_json({"version": 1, "declared": rows})
        return
    width = max((len(row["name"]) for row in rows), default=0)
    kinds = max(len("workflow"), *(len(row["kind"]) for row in rows)) if rows else 0
    for row in rows:
        takes = ", ".join([*row["inputs"], *row["secrets"]])
        click.echo(f"{row['kind']:<{kinds}}  {style(row['name'].ljust(width), bold=True)}  {takes}".rstrip())


def _groups(bundle: Bundle) -> Iterator[tuple[str, Sequence[Any]]]:
    """The declarations of each kind."""
    yield from (("pipeline", bundle.pipelines), ("chain", bundle.chains), ("workflow", bundle.workflows))
    yield "task", bundle.tasks


def _parameter_names(names: dict[str, Any], sign: str) -> list[str]:
    return [f"{sign}{name}" + ("" if one["required"] else "?") for name, one in names.items()]


def _find(bundle: Bundle, name: str) -> tuple[str, dict[str, Any]]:
    for kind, group in _groups(bundle):
        for one in group:
            if one.name == name:
                return kind, asdict(one)
    raise KeyError(name)  # the project was compiled for it


def _workflow_lines(workflow: BundledWorkflow) -> Iterator[str]:
    payload = workflow.payload
    yield _heading(f"{workflow.name}")
    yield from _setting_lines(workflow)
    yield f"\n{_heading('main_prompt')}\n{_BLOCK.sub(chr(10), payload['main_prompt']).strip()}"
    cleanup = "post_run_check_failure_cleanup_prompt"
    if payload[cleanup]:
        yield f"\n{_heading(cleanup)}\n{payload[cleanup].strip()}"
    for key in ("input_schema", "output_schema"):
        if payload[key]:
            yield f"\n{_heading(key)}\n{json.dumps(json.loads(payload[key]), ensure_ascii=False, indent=2)}"


def _setting_lines(workflow: BundledWorkflow) -> Iterator[str]:
    payload = workflow.payload
    yield f"title: {payload['name']}"
    if workflow.tags is not None:
        yield f"tags: {', '.join(workflow.tags) or 'none but our own'}"
    for key in ("includes_file_exports", "is_webhooks_enabled"):
        if payload[key]:
            yield f"{key}: true"
    for key in ("terminal_command_allowlist", "model_metadata", "post_run_checks"):
        if payload[key]:
            yield f"{key}: {json.dumps(payload[key], ensure_ascii=False)}"


def _heading(text: str) -> str:
    return style(text, bold=True)
