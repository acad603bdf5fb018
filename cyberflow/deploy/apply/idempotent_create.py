"""Idempotent creates: made once over lost answers and killed processes, by recomputable keys and reading back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from hashlib import sha256
from itertools import count
from typing import Any, Generic, TypeVar
from uuid import UUID

from cyberflow.client.http.errors import ApiError
from cyberflow.deploy.plan.model import Kind
from cyberflow.errors import ConflictError, CyberflowError
from cyberflow.remote.identity import Owner

LOOK_EVERY = 8
"""After how many old answers in a row the list is asked: each is an object made and deleted within its key's life."""
MOST_UPLOADS = 100
"""How often the address of one image is believed: it is the same each time."""
IN_PROGRESS = 409
PATIENCE = (1.0, 2.0, 5.0, *[10.0] * 12)
"""Seconds between two tries of a create whose first sending is still at work there; about two minutes in all."""
Sleep = Callable[[float], Awaitable[object]]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class CreateRequest:
    """What is made: its key is the same on every machine, until an object made under it was seen."""

    owner: Owner
    kind: Kind
    name: str
    body: Any

    def idempotency_key(self, seen: Collection[str]) -> str:
        """An idempotency key in the form of a UUID, as the service's own clients send them."""
        parts = [self.owner.tag, self.kind, self.name, self.body, sorted(seen)]
        return str(UUID(bytes=sha256(json.dumps(parts, sort_keys=True).encode()).digest()[:16], version=5))


@dataclass(frozen=True, slots=True)
class Maker(Generic[T]):
    """How a kind of thing is made: `create` takes a key and gives an id, `find` reads an id, `ids` are those of all
    that is there under the same name.
    """

    create: Callable[[str], Awaitable[str]]
    find: Callable[[str], Awaitable[T | None]]
    ids: Callable[[], Awaitable[Collection[str]]]
    sleep: Sleep = asyncio.sleep


class CreatedUnread(CyberflowError):
    """Something was created, and its reading back failed for `reason`."""

    def __init__(self, id: str, reason: CyberflowError) -> None:
        super().__init__(reason.message, help=reason.help)
        self.id = id
        self.reason = reason


async def create_once(recipe: CreateRequest, seen: Collection[str], maker: Maker[T]) -> T:
    """Create under the recipe's key and read back what was made; `seen` are ids already found under that name.

    An id that is not there belongs to an object deleted since: the service repeats an old answer, the key is spent, and
    the next one knows that id too, as long as each is new (an image gets its address back, so it may come again). Every
    so often the list is asked whether it is the reading that fails. Correctness does not rest on how long the service
    remembers a key. Raises CreatedUnread when reading back fails.
    """
    known = sorted(seen)
    for attempt in count(1):
        id = await _create_patiently(maker, recipe.idempotency_key(known))
        try:
            if (made := await maker.find(id)) is not None:
                return made
            strays = sorted({*await maker.ids()} - {*seen}) if attempt % LOOK_EVERY == 0 else []
        except CyberflowError as error:
            raise CreatedUnread(id, error) from None
        if strays:
            in_vain = f"the service made the {recipe.kind} `{recipe.name}` {len(strays)} times"
            message = f"{in_vain} and does not give it by id: {', '.join(strays)}"
            raise ConflictError(message, help="delete in the dashboard what is too many")
        if known.count(id) >= (MOST_UPLOADS if recipe.kind == "image" else 1):
            message = f"the service says that it made the {recipe.kind} `{recipe.name}` ({id}), but it is not there"
            help = "it repeats an old answer, which it forgets within a day or so: apply again then"
            raise ConflictError(message, help=help)
        known.append(id)
    raise AssertionError


async def _create_patiently(maker: Maker[T], key: str) -> str:
    """Create, waiting while an earlier sending of the same key is at work there: that of an apply that was killed."""
    for seconds in PATIENCE:
        try:
            return await maker.create(key)
        except ApiError as error:
            if error.status != IN_PROGRESS or not error.transient:
                raise
        await maker.sleep(seconds)
    return await maker.create(key)


async def none_if_missing(read: Awaitable[T]) -> T | None:
    """Await a read; what is not there is None."""
    try:
        return await read
    except ApiError as error:
        if not error.not_found:
            raise
        return None
