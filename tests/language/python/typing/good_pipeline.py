"""A pipeline without a mistake: neither checker says anything, and every type is what it should be."""

from typing import assert_type

from pydantic import BaseModel

from cyberflow import Secret, call, chain, each, files_of, pipeline, pluck, signal, task_ref, wait, workflow


class Invoice(BaseModel):
    number: str
    amount: float


class Found(BaseModel):
    invoices: list[Invoice]


class Filed(BaseModel):
    receipt: str


class Total(BaseModel):
    count: int
    large: bool


class Answer(BaseModel):
    approved: bool


def total(receipts: list[str | None]) -> Total:
    return Total(count=len(receipts), large=len(receipts) > 10)


@workflow
def list_invoices(month: str, *, password: Secret) -> Found:
    """List what is due in <month>; sign in with <$password>."""
    raise NotImplementedError


@workflow
def file_one(invoice: Invoice) -> Filed:
    """File <invoice.number>."""
    raise NotImplementedError


@chain
def file_invoice(invoice: Invoice) -> Filed:
    return file_one(invoice=invoice)


@chain(files=[{"name": "banner", "target": "C:/in/banner.png"}])
def close_month(receipts: list[str | None]) -> None:
    list_invoices(month="x", password=Secret("never"))


poster = task_ref("poster")


@pipeline
def month_end(month: str, *, epic_password: Secret) -> Total:
    found = list_invoices.step("find")(month=month, password=epic_password)
    filed = each(found.invoices, lambda invoice: file_invoice(invoice=invoice), key="number", on_failure="continue")
    assert_type(filed, list[Filed | None])
    sure = each(found.invoices, lambda invoice: file_invoice.step("sure")(invoice=invoice), parallel=2)
    assert_type(sure, list[Filed])
    assert_type(pluck(filed, lambda one: one.receipt), list[str | None])
    assert_type(pluck(sure, lambda one: one.receipt), list[str])
    sums = call(total, receipts=pluck(filed, lambda one: one.receipt))
    assert_type(sums, Total)
    assert_type(call(total, receipts=[], name="again"), Total)
    release = signal(f"Close {month}?", Answer, name="release", when=sums.large, timeout="48h")
    assert_type(release.approved, bool)
    go = signal("Go?", name="go", timeout="1h")
    pause = wait("2h", name="pause", after=[release, go])
    art = poster.step("banner", after=[pause], retry={"times": 2})(heading=month)
    close_month.step("close", files={"banner": art.files["9.images.0"], "list": files_of(found)["list.csv"]})(
        receipts=pluck(filed, lambda one: one.receipt)
    )
    return sums


def notebook() -> None:
    assert_type(month_end.run(month="2026-03", secrets={"epic_password": "env:EPIC_PASSWORD"}), Total)
