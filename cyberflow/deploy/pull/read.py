"""An account to verified sources: which workflows are meant, their images, and what they say as declarations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cyberflow.deploy.pull.folder import PullFolder
from cyberflow.deploy.pull.pull import choose_workflows, image_files
from cyberflow.deploy.pull.verify import PullVerification, verify_pull
from cyberflow.remote.identity import Owner
from cyberflow.remote.images import fetch_images
from cyberflow.remote.snapshot import read_snapshot

if TYPE_CHECKING:
    from cyberflow.client.cyberdesk.client import Cyberdesk


@dataclass(frozen=True)
class PullResult:
    """What a pull has to write. `left_out` are names that the project declares already, `total` the account's
    workflows.
    """

    verified: PullVerification
    left_out: tuple[str, ...]
    total: int


async def read_pull(desk: Cyberdesk, folder: PullFolder, owner: Owner, names: Sequence[str] = ()) -> PullResult:
    """Read workflows of the account as sources; without names every one that is not another project's and, where the
    folder is a source, that no other file declares. Raises as `choose_workflows` does; writes nothing.
    """
    remote = await read_snapshot(desk)
    chosen = choose_workflows(remote, owner, names, folder.names_in_use())
    taken = folder.names_in_use() if not names and folder.is_source else set()
    kept = [one for one in chosen if one.name not in taken]
    left_out = tuple(one.name for one in chosen if one.name in taken)
    if not kept:
        return PullResult(PullVerification([], {}), left_out, len(remote.workflows))
    places = image_files(kept, remote.images)
    contents = await fetch_images(desk, list(places))
    images = {path: contents[url] for url, path in places.items()}
    verified = verify_pull(kept, remote, owner, images, places)
    return PullResult(verified, left_out, len(remote.workflows))
