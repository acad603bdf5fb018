"""A journal over chains, workflows and tasks, without a mistake."""

from __future__ import annotations

import asyncio

from pydantic import BaseModel

from cyberflow import Handle, Secret, SubmissionUnknown, TaskRun, chain, journal, task_ref, workflow


class Invoice(BaseModel):
    number: str
    due: str


class Found(BaseModel):
    invoices: list[Invoice]
    total: int


class Filed(BaseModel):
    receipt: str


@workflow
def list_invoices(month: str, *, password: Secret) -> Found:
    raise NotImplementedError


@workflow
def file_it(number: str) -> Filed:
    raise NotImplementedError


@chain
def file_invoice(invoice: Invoice) -> Filed:
    return file_it(number=invoice.number)


poster = task_ref("poster")


def month_end() -> list[str]:
    with journal("march.db", target="prod", secrets={"password": "env:PW", "other": Secret("held")}) as done:
        found: Found = done("find", list_invoices).run(month="2026-03")
        receipts = [done(f"file/{one.number}", file_invoice).run(invoice=one).receipt for one in found.invoices]
        handle: Handle[Filed] = done("again", file_invoice).submit(invoice=found.invoices[0])
        last: str = handle.result(timeout=60.0).receipt
        made: TaskRun = done("banner", poster).run(heading="March", options={"retry": True, "download": "banners"})
        more: list[Filed] = done.each(
            found.invoices,
            lambda one: done(f"more/{one.number}", file_invoice).run(invoice=one),
            key=lambda one: one.number,
            parallel=5,
        )
        try:
            total: int = asyncio.run(later(found.total))
        except SubmissionUnknown as error:
            total = len(error.candidates)
        return [*receipts, last, made.task_id, *(one.receipt for one in more), str(total), done.target]


async def later(total: int) -> int:
    with journal("april.db", engine="postgresql://db/flows") as done:
        found = await done("find", list_invoices).arun(month="2026-04", options={"timeout": "5m"})
        return found.total + total
