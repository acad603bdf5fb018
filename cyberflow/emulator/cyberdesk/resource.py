"""What the API's resources share: find or 404, stamps, patches, filters, `include`, and the page that lists answer
with. Each module beside this one adds what its own resource means.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from pydantic import BaseModel

from cyberflow.emulator.contract.clock import stamp
from cyberflow.emulator.contract.errors import not_found
from cyberflow.emulator.http import query
from cyberflow.emulator.http.dispatch import ApiCall
from cyberflow.emulator.store.store import OLDEST_FIRST, Conditions, Document, Kind, Store, field, mentions, new_id

LATEST_FIRST = f"ORDER BY {field('updated_at')} DESC, seq DESC"
IN_ORDER = f"ORDER BY {field('order')}, seq"
NEWEST_FIRST = "ORDER BY seq DESC"
Loader = Callable[[ApiCall, Document], Iterable[Document]]
"""The objects related to one, each with its `type`."""


@dataclass(frozen=True, slots=True)
class Resource:
    """A kind of document: `label` is its name in a 404, `param` the part of a path that holds its id, `never_null`
    the fields that a null in a patch leaves alone.
    """

    kind: Kind
    label: str
    param: str
    never_null: frozenset[str] = frozenset()

    def require(self, call: ApiCall, id: Any) -> Document:
        found = call.store.find(self.kind, str(id))
        if found is None:
            raise not_found(self.label)
        return found

    def of_path(self, call: ApiCall) -> Document:
        return self.require(call, call.path_id(self.param))

    def add(self, store: Store, now: datetime, fields: Mapping[str, Any]) -> Document:
        """Keep a new document, under an id of its own unless it has one."""
        stamps = {"created_at": stamp(now), "updated_at": stamp(now)}
        document = {"id": new_id(), "organization_id": store.organisation, **stamps, **fields}
        store.add(self.kind, document)
        return document

    def replace(self, call: ApiCall, before: Document, changes: Document) -> Document:
        changed = before | changes | ({"updated_at": stamp(call.now)} if "updated_at" in before else {})
        call.store.replace(self.kind, changed)
        return changed

    def patch(self, before: Document, body: BaseModel, *leave: str) -> Document:
        """A document with what a body sets in it, but for the fields to leave; nothing is written."""
        sent: Document = body.model_dump(mode="json", exclude_unset=True, exclude=set(leave))
        return before | {key: value for key, value in sent.items() if value is not None or key not in self.never_null}

    def next_order(self, call: ApiCall) -> int:
        last = call.store.measure(self.kind, what=f"max({field('order')})")
        return 0 if last is None else last + 1

    def reorder(self, call: ApiCall) -> None:
        for order, id in enumerate(call.body.ids):
            call.store.replace(self.kind, self.require(call, id) | {"order": order})

    def page(
        self, call: ApiCall, asked: Conditions, show: Callable[[Document], Document] = dict, order: str = OLDEST_FIRST
    ) -> Document:
        """The part of all that fit which the query asks for."""
        window = query.Pagination.from_query(call.query)
        rest = f"{order} LIMIT ? OFFSET ?"
        found = call.store.select(self.kind, asked, rest, window.limit, window.skip)
        return window.envelope([show(item) for item in found], call.store.measure(self.kind, asked) or 0)


def search_filter(call: ApiCall, *names: str) -> dict[str, str | None]:
    """`search`: in the id or one of these fields."""
    return {mentions("id", *map(field, names)): call.query.get("search", "").casefold() or None}


def time_filters(call: ApiCall, *names: str) -> dict[str, str | None]:
    """`<name>_from` and `<name>_to`, both inclusive."""
    limits = ((name, edge, sign) for name in names for edge, sign in (("from", ">="), ("to", "<=")))
    return {f"{field(name)} {sign} ?": query.moment(call.query, f"{name}_{edge}") for name, edge, sign in limits}


def include(call: ApiCall, shown: Sequence[Document], loaders: Mapping[str, Loader]) -> list[Document] | None:
    """Related objects, flat and each once; None when nothing is asked for."""
    wanted = query.words(call.query, "include")
    if not wanted & loaders.keys():
        return None
    related: dict[str, Document] = {}
    for word in loaders:
        if word in wanted:
            for document in shown:
                related |= {found["id"]: found for found in loaders[word](call, document)}
    return list(related.values())


def include_workflow(call: ApiCall, shown: Document) -> Iterable[Document]:
    found = call.store.find("workflow", shown["workflow_id"])
    return [{"type": "workflow", **found}] if found else []


WORKFLOWS: Final = Resource(
    "workflow", "Workflow", "workflow_id", frozenset({"main_prompt", "includes_file_exports", "is_webhooks_enabled"})
)
"""Here, since nearly every other resource looks one up."""
