"""One mistake in each line that ends in `# error`: both checkers say so there, and nowhere else."""

from pydantic import BaseModel

from cyberflow import Secret, call, chain, each, pipeline, pluck, signal, wait, workflow


class Invoice(BaseModel):
    number: str


class Found(BaseModel):
    invoices: list[Invoice]


class Filed(BaseModel):
    receipt: str


class Total(BaseModel):
    count: int


class Answer(BaseModel):
    approved: bool


def total(receipts: list[str]) -> Total:
    return Total(count=len(receipts))


@workflow
def find(month: str, *, password: Secret) -> Found:
    """List what is due in <month>; sign in with <$password>."""
    raise NotImplementedError


@workflow
def file_one(invoice: Invoice) -> Filed:
    """File <invoice.number>."""
    raise NotImplementedError


@chain
def file_invoice(invoice: Invoice) -> Filed:
    return file_one(invoice=invoice)


@pipeline(pools=["epic"])  # error
def month_end(month: str, *, password: Secret) -> Total:
    found = find(month=month, password=password)
    each(found.invoice, lambda one: file_invoice(invoice=one))  # error
    each(found.invoices, lambda one: file_invoice(invoice=one.number))  # error
    each(found.invoices, lambda one: file_invoice(invoce=one))  # error
    each(month, lambda one: file_invoice(invoice=one))  # error
    each(found.invoices, lambda one: file_invoice(invoice=one), on_failure="go")  # error
    each(found.invoices, lambda one: file_invoice(invoice=one), paralel=2)  # error
    filed = each(found.invoices, lambda one: file_invoice(invoice=one), on_failure="continue")
    pluck(filed, lambda one: one.recept)  # error
    call(total, receipts=pluck(filed, lambda one: one.receipt))  # error
    call(total, receipts=month)  # error
    call(total, recepts=[])  # error
    call(total, receipts=[]).sum  # error
    signal("Close?", Answer, name="release").aproved  # error
    signal("Close?", Answer)  # error
    signal("Close?", Answer, name="again", when="yes")  # error
    wait(2, name="pause")  # error
    file_invoice.step("x", whn=True)(invoice=found.invoices[0])  # error
    file_invoice.step("y")(invoice=month)  # error
    file_invoice(month)  # error
    return call(total, receipts=[])
