"""What an account holds, read once and whole: workflows with tags and checks, tags, prompt images, models."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cyberflow.client.cyberdesk.wire import Image, Model, TagRecord, WorkflowRecord
from cyberflow.client.http.errors import ApiError
from cyberflow.compiler.bundle import Asset
from cyberflow.errors import ConflictError
from cyberflow.remote.concurrency import gather_or_cancel
from cyberflow.remote.images import hash_candidates

if TYPE_CHECKING:
    from cyberflow.client.cyberdesk.client import Cyberdesk

LARGE_PAGE = 1000
PAGE = 100
PASSES = 6


@dataclass(frozen=True)
class Snapshot:
    """`tags` has the archived ones too; every workflow has its tags and checks. `image_hashes` are those of images that
    others uploaded, by address, where one of them may be an image of ours.
    """

    workflows: tuple[WorkflowRecord, ...] = ()
    tags: tuple[TagRecord, ...] = ()
    images: tuple[Image, ...] = ()
    models: tuple[Model, ...] = ()
    image_hashes: Mapping[str, str] = field(default_factory=dict)


async def read_snapshot(desk: Cyberdesk, assets: Iterable[Asset] = ()) -> Snapshot:
    """Read everything that a plan looks at, in as few requests as paging allows. Of `assets` those that were not
    uploaded by us are looked for among the images of the same size.

    Raises ConflictError when the list of workflows does not come to rest, and what the client raises.
    """
    workflows, tags, images, models = await gather_or_cancel(
        read_all_workflows(desk), desk.tags.list(include_archived=True), desk.images.list(), desk.models.list()
    )
    return Snapshot(workflows, tags, images, models, await hash_candidates(desk, images, assets))


async def read_all_workflows(desk: Cyberdesk) -> tuple[WorkflowRecord, ...]:
    """Every workflow of the account: a pass that fits one page, or the later of two passes that agree on the ids.

    The list is paged by offset in an order that every write changes, so one pass over several pages may miss some.
    """
    before: frozenset[str] | None = None
    for _ in range(PASSES):
        found, whole = await _list_workflows(desk)
        if whole or found.keys() == before:
            return tuple(found.values())
        before = frozenset(found)
    raise ConflictError(
        "the list of workflows changed every time it was read", help="wait until nobody else writes, then try again"
    )


async def _list_workflows(desk: Cyberdesk) -> tuple[dict[str, WorkflowRecord], bool]:
    found: dict[str, WorkflowRecord] = {}
    skip, limit = 0, LARGE_PAGE
    while True:
        try:
            page = await desk.workflows.page(skip=skip, limit=limit)
        except ApiError as error:
            # A page of 1000 is documented for runs only: where workflows refuse it, the documented default does.
            if limit == PAGE or not error.about_request:
                raise
            limit = PAGE
            continue
        found.update((one.id, one) for one in page.items)
        if not skip and len(page.items) >= page.total:
            return found, True
        skip += len(page.items)
        if not page.items or skip >= page.total:
            return found, False
