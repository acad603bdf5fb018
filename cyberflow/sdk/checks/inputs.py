"""Where the inputs of a workflow or chain come from on the machines of a target."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cyberflow.remote.inventory import read_machines
from cyberflow.remote.requirements.effective import MachineInputs, effective_inputs
from cyberflow.sdk.project import CompiledProject
from cyberflow.targets.local_platform import Say
from cyberflow.targets.service import OpenTarget, open_target


async def read_effective_inputs(
    compiled: CompiledProject, name: str, whom: str, say: Say, on_open: Callable[[OpenTarget[Any]], None]
) -> list[MachineInputs]:
    """Ask the target for its machines and pools, and say what each that is meant would get. Raises as opening the
    target does, and UsageError for a machine or pool that is not there.
    """
    chain = compiled.bundle.chain(name)
    async with open_target(compiled.sourced, compiled.target, say) as service:
        on_open(service)
        inventory = await read_machines(service.client, {whom, *(chain.pools if chain else ())}, compiled.target)
    return effective_inputs(compiled.bundle, name, whom, inventory)
