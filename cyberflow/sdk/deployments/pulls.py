"""Workflows of the platform, written as sources that say the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cyberflow.deploy.pull.folder import PullFolder
from cyberflow.deploy.pull.read import PullResult, read_pull
from cyberflow.language.project.load import RawProject, target_of
from cyberflow.remote.identity import Owner
from cyberflow.targets.local_platform import Say
from cyberflow.targets.service import OpenTarget, open_target

DEFAULT = "workflows"
OnOpen = Callable[[OpenTarget[Any]], None]


@dataclass(frozen=True)
class PullOptions:
    """What is pulled: `names` are declared names, titles or ids, none of them means everything. `into` is where it is
    written, the project's `workflows/` by default; `force` writes over files that differ.
    """

    names: tuple[str, ...] = ()
    into: Path | None = None
    force: bool = False


async def pull_sources(
    sourced: RawProject, target: str, options: PullOptions, say: Say, on_open: OnOpen = lambda _: None
) -> tuple[PullFolder, PullResult]:
    """Read workflows, verify what they say as sources, and write them. Raises ConflictError, and writes nothing, where
    something else stands.
    """
    folder = PullFolder(sourced, options.into or sourced.root / DEFAULT)
    owner = Owner(sourced.settings.project, target_of(sourced.settings, target).scope)
    async with open_target(sourced, target, say) as service:
        on_open(service)
        found = await read_pull(service.client, folder, owner, options.names)
    if found.verified.pulled:
        folder.write(found.verified.files, force=options.force)
    return folder, found
