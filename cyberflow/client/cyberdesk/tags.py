"""Tags of workflows and their groups. Which tag means what is not known here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cyberflow.client.cyberdesk.collection import Call, Collection, UnpagedCollection
from cyberflow.client.cyberdesk.wire import TagGroup, TagRecord

if TYPE_CHECKING:
    from collections.abc import Sequence


class WorkflowTags(Collection[TagRecord], path="/v1/workflow-tags", record=TagRecord):
    """Deleting one is for good, and takes it off every workflow; `archive` can be undone."""

    def list(self, *, include_archived: bool = False) -> Call[tuple[TagRecord, ...]]:
        return self._read("", tuple[TagRecord, ...], query={"include_archived": include_archived})

    def archive(self, id: str, key: str | None = None) -> Call[TagRecord]:
        """It stays where it is set, but cannot be newly assigned."""
        return self._write("POST /{}/archive", TagRecord, (id,), key=key)

    def unarchive(self, id: str, key: str | None = None) -> Call[TagRecord]:
        return self._write("POST /{}/unarchive", TagRecord, (id,), key=key)

    def reorder(self, ids: Sequence[str], key: str | None = None) -> Call[None]:
        return self._send("PUT /reorder", body={"ids": [*ids]}, key=key)


class TagGroups(UnpagedCollection[TagGroup], path="/v1/workflow-tag-groups", record=TagGroup):
    """A workflow holds at most one tag of a group; the tags of a deleted one stay, without a group."""

    def reorder(self, ids: Sequence[str], key: str | None = None) -> Call[None]:
        return self._send("PUT /reorder", body={"ids": [*ids]}, key=key)
