"""Idempotent creates: made once over lost answers and killed processes, by recomputable keys and reading back."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, TypeVar
from uuid import UUID

from cyberflow.client.http.errors import ApiError
from cyberflow.deploy.plan.model import Kind
from cyberflow.errors import ConflictError
from cyberflow.remote.identity import Owner

ATTEMPTS = 8
"""How many old answers are believed in a row: each is a workflow made and deleted within the life of its key."""
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


async def create_once(
    recipe: CreateRequest,
    seen: Collection[str],
    create: Callable[[str], Awaitable[str]],
    find: Callable[[str], Awaitable[T | None]],
) -> T:
    """Create under the recipe's key and read back what was made. `create` takes a key and gives an id, `find` an id.

    An id that is not there belongs to an object deleted since: the service repeats an old answer, the key is spent, and
    the next one knows that id too, as often as it came (an image gets its address back). Correctness does not rest on
    how long the service remembers a key.
    """
    known = sorted(seen)
    for _ in range(ATTEMPTS):
        id = await create(recipe.idempotency_key(known))
        made = await find(id)
        if made is not None:
            return made
        known.append(id)
    raise ConflictError(f"the service says that it made the {recipe.kind} `{recipe.name}`, but it is not there")


async def none_if_missing(read: Awaitable[T]) -> T | None:
    """Await a read; what is not there is None."""
    try:
        return await read
    except ApiError as error:
        if not error.not_found:
            raise
        return None
