"""The pipeline: its function runs once, when the project is read, and each call in it is a step."""

from flows.billing import close_month, file_invoice, list_invoices
from flows.glue import decide, total
from pydantic import BaseModel

from cyberflow import Secret, call, each, pipeline, pluck, signal, task_ref

poster = task_ref("poster")


class Answer(BaseModel):
    approved: bool


class MonthEnd(BaseModel):
    count: int
    failed: int
    report: str | None = None


@pipeline
def month_end(month: str, *, epic_password: Secret) -> MonthEnd:
    """Files what is unfiled, asks before it closes a large month, and closes it"""
    found = list_invoices.step("find")(month=month, password=epic_password)
    filed = each(
        found.invoices,
        lambda invoice: file_invoice.step("file")(invoice=invoice),
        key="number",
        parallel=5,
        on_failure="continue",
    )
    sums = call(total, invoices=found.invoices, receipts=pluck(filed, lambda one: one.receipt))
    answer = signal(f"Close {month}?", Answer, name="release", when=sums.large, timeout="48h")
    verdict = call(decide, failed=sums.failed, approved=answer.approved)
    banner = poster.step("banner", when=verdict.close)(heading=f"Month end {month}")
    closed = close_month.step("close", when=verdict.close, files={"banner": banner.files["9.images.0"]})(
        month=month, receipts=sums.receipts
    )
    return MonthEnd.model_construct(count=sums.count, failed=sums.failed, report=closed.report)
