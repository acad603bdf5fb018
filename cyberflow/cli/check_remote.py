"""`cyberflow check --remote`: the findings of `check`, and what the target says of the names and inputs."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from cyberflow.cli.commands.build import target_name
from cyberflow.cli.project import say
from cyberflow.compiler.check import check, check_target
from cyberflow.language.project.load import Sourced, read, target_of
from cyberflow.remote.inventory import Offer, read_gpu, read_offer
from cyberflow.remote.requirements import demands
from cyberflow.targets import LOCAL, declared_cyberun, open_cyberun, open_target

if TYPE_CHECKING:
    from cyberflow.compiler.graph import Graph
    from cyberflow.diagnostics import Diagnostic


def check_remote(folder: Path, target: str | None, *, quiet: bool) -> tuple[Sourced, list[Diagnostic]]:
    """Check a project, and ask a target. Raises what opening the target and asking raise."""
    sourced = read(folder)
    name = target_name(sourced, target)
    graph, _, _ = check_target(sourced, name)
    offer = asyncio.run(_ask(sourced, name, graph, quiet))
    return sourced, check(sourced, list(demands(graph, offer)))


async def _ask(sourced: Sourced, name: str, graph: Graph, quiet: bool) -> Offer:
    """Ask the services that the declarations need, and no other: a project of tasks needs no key of Cyberdesk."""
    offer = Offer(name)
    if graph.workflows or graph.chains:
        async with open_target(sourced, name, say) as service:
            if not quiet:
                say(service.line)
            offer = await read_offer(service.desk, graph, name)
    if not graph.tasks:
        return offer
    if name != LOCAL and declared_cyberun(target_of(sourced.settings, name)) is None:
        say(f"{name} has no `cyberun`: what its tasks ask for is not checked")
        return offer
    async with open_cyberun(sourced, name, say) as gpu:
        if not quiet and (gpu.line.startswith(f"target {name},") or not (graph.workflows or graph.chains)):
            say(gpu.line)
        found, slugs = await read_gpu(gpu.cyberun, (task.body.workflow for task in graph.tasks.values()))
    for slug in (slug for slug, workflow in found.items() if workflow and workflow.parameters is None and not quiet):
        say(f"{name} does not say what `{slug}` takes: its parameters are not checked")
    return replace(offer, gpu=found, slugs=slugs)
