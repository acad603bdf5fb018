"""Receipts as evidence: the one that wrote a content, and whether all of them still hold each other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from cyberflow.client.cyberdesk.wire import parse_time
from cyberflow.deploy.receipts import StoredReceipt
from cyberflow.evidence.facts import LATEST, ReceiptLink

SKEW = timedelta(minutes=5)
"""The clocks of this machine and of the service may differ by so much."""


@dataclass(frozen=True)
class ChainFault:
    """Something that is wrong with the receipts of a target. `contradicted` says that one was changed, else one is
    missing.
    """

    receipt: str
    message: str
    contradicted: bool = True


def find_receipt(
    receipts: Iterable[StoredReceipt], workflow_id: str, content: str, commit: str | None, before: str
) -> ReceiptLink | None:
    """The newest receipt of an apply that left this content in a workflow, and began before a moment; one of the right
    commit first.
    """
    limit = parse_time(before)
    found = [one for one in receipts if limit is None or (parse_time(one.text("at")) or LATEST) <= limit + SKEW]
    wrote = [one for one in found if _wrote(one, workflow_id, content, commit)]
    best = max(wrote, key=lambda one: (one.text("commit") == commit, one.name), default=None)
    return None if best is None else link_of(best)


def link_of(receipt: StoredReceipt) -> ReceiptLink:
    return ReceiptLink(
        receipt.name,
        receipt.sha256,
        receipt.number,
        receipt.text("at") or "",
        receipt.text("by"),
        receipt.text("plan"),
        receipt.text("approved_by"),
        receipt.text("approval"),
    )


def _wrote(receipt: StoredReceipt, workflow_id: str, content: str, commit: str | None) -> bool:
    """Whether an apply wrote a content; a receipt of version 1 has no hashes, its commit must do."""
    for change in receipt.changes:
        if (change.get("kind"), change.get("id"), change.get("status")) == ("workflow", workflow_id, "done"):
            if receipt.version == 1:
                return commit is not None and receipt.text("commit") == commit
            return change.get("after") == content
    return False


def chain_faults(receipts: Sequence[StoredReceipt]) -> list[ChainFault]:
    """Walk the chain of the receipts of one target: each names the sha256 of the one before it, as that is or, when
    both applies ran at once, as it was begun.
    """
    by_name = {one.name: one for one in receipts}
    faults: list[ChainFault] = []
    for one in sorted(receipts, key=lambda receipt: receipt.name):
        named, sha256 = one.text("previous_receipt"), one.text("previous")
        if one.version == 1 or (named is None and sha256 is None):
            continue
        before = by_name.get(named or "")
        if before is None:
            text = f"{one.name} stands on {named}, which is not there"
            faults.append(ChainFault(one.name, text, contradicted=False))
        elif sha256 not in (before.sha256, before.text("opened")):
            text = f"{before.name} is not what it was when {one.name} was written: it was changed"
            faults.append(ChainFault(before.name, text))
    return faults + _first_faults(receipts)


def _first_faults(receipts: Sequence[StoredReceipt]) -> list[ChainFault]:
    """A chain begins once. A later beginning comes from another machine, or the receipts before it were taken away."""
    firsts = [one for one in receipts if one.version > 1 and one.text("previous") is None]
    later = sorted(firsts, key=lambda one: one.name)[1:]
    text = "begins a chain of its own: it was written where none of the others were"
    return [ChainFault(one.name, f"{one.name} {text}", contradicted=False) for one in later]
