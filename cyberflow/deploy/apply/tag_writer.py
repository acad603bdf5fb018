"""Writes tags: makes one, takes ours out of the archive, and sets what a workflow bears."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cyberflow.client.cyberdesk.wire import TagRecord, WorkflowRecord
from cyberflow.deploy.apply.idempotent_create import CreateRequest, Maker, Sleep, create_once, none_if_missing
from cyberflow.deploy.plan.model import Change, Outcome
from cyberflow.errors import ConflictError, CyberflowError
from cyberflow.remote.identity import Owner

if TYPE_CHECKING:
    from cyberflow.client.cyberdesk.client import Cyberdesk


@dataclass(frozen=True)
class TagWriter:
    """`ids` are those of the account's tags by name; they grow while tags are made."""

    desk: Cyberdesk
    owner: Owner
    ids: dict[str, str] = field(default_factory=dict)
    sleep: Sleep = asyncio.sleep

    async def write(self, change: Change) -> Outcome:
        """Make a tag, or take ours out of the archive."""
        if change.id is not None:
            if (await self.desk.tags.unarchive(change.id)).is_archived:
                raise ConflictError("the service did not take it out of the archive")
            return Outcome.of(change, "done")
        body = {"name": change.name}

        async def create(key: str) -> str:
            return (await self.desk.tags.create(body, key)).id

        async def find(id: str) -> TagRecord | None:
            tag = await none_if_missing(self.desk.tags.get(id))
            return tag if tag and tag.name == change.name else None

        async def ids() -> list[str]:
            return [one.id for one in await self.desk.tags.list() if one.name == change.name]

        recipe = CreateRequest(self.owner, "tag", change.name, body)
        made = await create_once(recipe, (), Maker(create, find, ids, self.sleep))
        self.ids[change.name] = made.id
        return Outcome.of(change, "done", id=made.id)

    async def set_names(self, workflow: WorkflowRecord, wanted: Collection[str]) -> list[str]:
        """Make a workflow bear exactly these; give what the service did not take. Taking off comes first: of an
        exclusive group the service itself takes off the one that was there.
        """
        there = {tag.name: tag.id for tag in workflow.tags or ()}
        for name in sorted(there.keys() - wanted):
            await none_if_missing(self.desk.workflows.remove_tag(workflow.id, there[name]))
        missing = sorted({*wanted} - there.keys())
        if not missing:
            return []
        borne = {tag.name for tag in await self.desk.workflows.add_tags(workflow.id, self.ids_of(missing))}
        return [f"the tag `{name}`" for name in missing if name not in borne]

    def ids_of(self, names: Collection[str]) -> list[str]:
        """The ids of tags. Raises CyberflowError for one that is not there."""
        if unknown := sorted(name for name in names if name not in self.ids):
            raise CyberflowError(f"it needs the tag {', '.join(unknown)}, which could not be made")
        return [self.ids[name] for name in sorted(names)]
