"""`cyberflow graph`: what flows where, as a picture."""

from __future__ import annotations

from pathlib import Path

import click

from cyberflow.cli.console import print_json
from cyberflow.cli.options import common_options, project_root, target_option
from cyberflow.errors import UsageError


@click.command("graph")
@common_options("mermaid", "dot", "svg", "json")
@target_option
@click.argument("name", required=False)
def command(*, project: Path | None, target: str | None, name: str | None, format: str, quiet: bool) -> int:  # noqa: ARG001 - nothing is said beside the answer
    """Draw one chain or workflow, or the whole project.

    Of a chain: its steps in order, what each reads from where and of which type, and what comes out. Without a name,
    which chain runs which workflows.

    \b
    Example:
      cyberflow graph intake
      cyberflow graph intake --format svg > intake.svg
      cyberflow graph intake --format dot | dot -Tpdf -o intake.pdf
    """
    from cyberflow.compiler.check import check_target
    from cyberflow.diagnostics import did_you_mean
    from cyberflow.diagram.dot import to_dot
    from cyberflow.diagram.from_graph import build_diagram, build_project_diagram
    from cyberflow.diagram.mermaid import to_mermaid
    from cyberflow.diagram.svg import to_svg
    from cyberflow.language.project.load import read_project
    from cyberflow.sdk.project import raise_errors, resolve_target_name

    sourced = read_project(project_root(project))
    graph, _, found = check_target(sourced, resolve_target_name(sourced, target))
    raise_errors(sourced, found)
    picture = build_project_diagram(graph) if name is None else build_diagram(graph, name)
    if picture is None:
        known = [*graph.pipelines, *graph.chains, *graph.workflows, *graph.tasks]
        raise UsageError(f"the project declares no `{name}`", help=did_you_mean(str(name), known))
    if format == "json":
        print_json(picture.to_json())
    else:
        click.echo({"mermaid": to_mermaid, "dot": to_dot, "svg": to_svg}[format](picture), nl=False)
    return 0
