"""What an account holds, read once and whole: workflows with tags and checks, tags, prompt images, models."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from cyberflow.client.cyberdesk.wire import Image, Model, Page, TagRecord, WorkflowRecord
from cyberflow.client.http.errors import ApiError
from cyberflow.compiler.bundle import Asset
from cyberflow.errors import ConflictError
from cyberflow.remote.concurrency import gather_or_cancel
from cyberflow.remote.images import hash_candidates
from cyberflow.remote.listing import IncompleteList, ListPass, read_pass

if TYPE_CHECKING:
    from cyberflow.client.cyberdesk.client import Cyberdesk

Item = TypeVar("Item")

LARGE_PAGE = 1000
PAGE = 100
PASSES = 6


@dataclass(frozen=True)
class Snapshot:
    """`tags` has the archived ones too; every workflow has its tags and checks. `image_hashes` are those of images that
    others uploaded, by address, where one of them may be an image of ours. `pixels` are digests of what images show, by
    the addresses that two forms of a prompt hold, where somebody compared them.
    """

    workflows: tuple[WorkflowRecord, ...] = ()
    tags: tuple[TagRecord, ...] = ()
    images: tuple[Image, ...] = ()
    models: tuple[Model, ...] = ()
    image_hashes: Mapping[str, str] = field(default_factory=dict)
    pixels: Mapping[str, str] = field(default_factory=dict)


async def read_snapshot(desk: Cyberdesk, assets: Iterable[Asset] = ()) -> Snapshot:
    """Read everything that a plan looks at, in as few requests as paging allows. Of `assets` those that were not
    uploaded by us are looked for among the images of the same size.

    Raises what `read_all_workflows` and the client raise.
    """
    workflows, tags, images, models = await gather_or_cancel(
        read_all_workflows(desk), desk.tags.list(include_archived=True), desk.images.list(), desk.models.list()
    )
    return Snapshot(workflows, tags, images, models, await hash_candidates(desk, images, assets))


async def read_all_workflows(desk: Cyberdesk) -> tuple[WorkflowRecord, ...]:
    """Every workflow of the account: a pass that fits one page, or of two passes in turn that agree on the ids the one
    with contents, with as many as the service says there are. Raises IncompleteList, ConflictError when the list does
    not come to rest.

    The list is paged by offset in an order that every write changes, so one pass over several pages may miss some.
    """
    read_contents, read_ids = _pages(desk.workflows.page), _pages(desk.workflows.id_page)
    whole = await read_pass(read_contents)
    ids = whole.items.keys()
    if whole.complete and whole.pages == 1:
        return tuple(whole.items.values())
    for number in range(1, PASSES):
        if number % 2:
            read: ListPass[Any] = await read_pass(read_ids)
        else:
            read = whole = await read_pass(read_contents)
        if read.items.keys() == ids:
            if read.complete:
                return tuple(whole.items.values())
            raise IncompleteList("workflows", len(read.items), read.total)
        ids = read.items.keys()
    raise ConflictError(
        "the list of workflows changed every time it was read", help="wait until nobody else writes, then try again"
    )


class _ReadPage(Protocol[Item]):
    def __call__(self, *, skip: int, limit: int) -> Awaitable[Page[Item]]: ...


def _pages(read: _ReadPage[Item]) -> Callable[[int], Awaitable[Page[Item]]]:
    limit = LARGE_PAGE

    async def page(skip: int) -> Page[Item]:
        nonlocal limit
        try:
            return await read(skip=skip, limit=limit)
        except ApiError as error:
            # A page of 1000 is documented for runs only: where workflows refuse it, the documented default does.
            if limit == PAGE or not error.about_request:
                raise
            limit = PAGE
            return await page(skip)

    return page
