"""What the pipeline computes between its steps: plain functions with types."""

from pydantic import BaseModel

LARGE = 10_000
"""Above this amount somebody is asked."""


class Invoice(BaseModel):
    number: str
    payer: str
    amount: float


class Total(BaseModel):
    receipts: list[str]
    count: int
    failed: int
    large: bool


class Decision(BaseModel):
    close: bool


def total(invoices: list[Invoice], receipts: list[str | None]) -> Total:
    """Count what was filed: None stands for an invoice that failed."""
    filed = [receipt for receipt in receipts if receipt is not None]
    amount = sum(invoice.amount for invoice in invoices)
    return Total(receipts=filed, count=len(filed), failed=len(receipts) - len(filed), large=amount > LARGE)


def decide(failed: int, approved: bool | None = None) -> Decision:
    """A month with failures stays open; a large one needs a yes, and of a small one nobody is asked."""
    return Decision(close=failed == 0 and approved is not False)
