"""The findings of a project, and what a target says of the names and inputs in it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from cyberflow.compiler.check import check
from cyberflow.compiler.facts.findings import build_target
from cyberflow.language.project.load import RawProject, read_project, target_of
from cyberflow.remote.inventory import Inventory, read_cyberun_workflows, read_inventory
from cyberflow.remote.requirements.check import check_against
from cyberflow.sdk.project import resolve_target_name
from cyberflow.targets.local_platform import LOCAL, Say
from cyberflow.targets.service import cyberun_settings, open_cyberun, open_target

if TYPE_CHECKING:
    from cyberflow.compiler.graph import Graph
    from cyberflow.diagnostics import Diagnostic


def check_remote(
    folder: Path, target: str | None, say: Say, tell: Say = lambda _: None
) -> tuple[RawProject, list[Diagnostic]]:
    """Check a project, and ask a target; `tell` hears which service is open and what stays unchecked. Raises what
    opening the target and asking raise.
    """
    sourced = read_project(folder)
    name = resolve_target_name(sourced, target)
    built = build_target(sourced, name)
    inventory = asyncio.run(_read_inventory(sourced, name, built.graph, (say, tell)))
    return sourced, check(sourced, list(check_against(built.graph, inventory)), {name: built})


async def _read_inventory(sourced: RawProject, name: str, graph: Graph, doors: tuple[Say, Say]) -> Inventory:
    """Ask the services that the declarations need, and no other: a project of tasks needs no key of Cyberdesk."""
    inventory, (say, tell) = Inventory(name), doors
    if graph.workflows or graph.chains:
        async with open_target(sourced, name, say) as service:
            tell(service.line)
            inventory = await read_inventory(service.client, graph, name)
    if not graph.tasks:
        return inventory
    if name != LOCAL and cyberun_settings(target_of(sourced.settings, name)) is None:
        say(f"{name} has no `cyberun`: what its tasks ask for is not checked")
        return inventory
    async with open_cyberun(sourced, name, say) as opened:
        if opened.line.startswith(f"target {name},") or not (graph.workflows or graph.chains):
            tell(opened.line)
        found, slugs = await read_cyberun_workflows(
            opened.client, (task.body.workflow for task in graph.tasks.values())
        )
    for slug in (slug for slug, workflow in found.items() if workflow and workflow.parameters is None):
        tell(f"{name} does not say what `{slug}` takes: its parameters are not checked")
    return replace(inventory, cyberun_workflows=found, slugs=slugs)
