"""The workflows and chains of the billing system."""

from typing import Annotated

from pydantic import BaseModel, Field

from cyberflow import Secret, chain, workflow


class Invoice(BaseModel):
    number: Annotated[str, Field(pattern="^INV-[0-9]+$")]
    payer: str
    amount: float


class Unfiled(BaseModel):
    invoices: list[Invoice]


class Opened(BaseModel):
    state: str


class Filed(BaseModel):
    receipt: str


class Report(BaseModel):
    report: str


@workflow
def list_invoices(month: str, *, password: Secret) -> Unfiled:
    """
    1. Open the billing system and sign in as `svc-billing` with <$password>.
    2. Open *Invoices*, pick the month <month> and the state *Unfiled*.
    3. Read every row: number, payer and amount. Scroll to the end of the list.
    """
    raise NotImplementedError


@workflow
def open_invoice(invoice: Invoice) -> Opened:
    """
    1. In the billing system, search for <invoice.number>.
    2. Check that the payer is <invoice.payer> and the amount <invoice.amount>. If it is not, stop and say so.
    """
    raise NotImplementedError


@workflow
def file_invoice_form(number: str, state: str) -> Filed:
    """
    1. With <number> open, which reads <state>, click *File with payer* and confirm.
    2. Read the receipt number that is shown.
    """
    raise NotImplementedError


@workflow
def close_books(month: str, receipts: list[str]) -> Report:
    """
    1. Open *Month end*, pick <month> and click *Close*.
    2. Attach these receipts: <receipts>.
    3. Upload `C:/in/banner.png` as the picture of the report.
    """
    raise NotImplementedError


@chain
def file_invoice(invoice: Invoice) -> Filed:
    """Opens one invoice, checks it, and files it with its payer"""
    found = open_invoice.step("open")(invoice=invoice)
    return file_invoice_form.step("file")(number=invoice.number, state=found.state)


@chain(files=[{"name": "banner", "target": "C:/in/banner.png"}])
def close_month(month: str, receipts: list[str]) -> Report:
    """Closes the books of a month"""
    return close_books.step("close")(month=month, receipts=receipts)
