"""A journal with a mistake in each marked line."""

from __future__ import annotations

from pydantic import BaseModel

from cyberflow import Secret, TaskRun, journal, task_ref, workflow


class Found(BaseModel):
    numbers: list[str]
    total: int


class Filed(BaseModel):
    receipt: str


@workflow
def list_invoices(month: str, *, password: Secret) -> Found:
    raise NotImplementedError


@workflow
def file_it(number: str) -> Filed:
    raise NotImplementedError


poster = task_ref("poster")


def plain() -> None:
    return None


async def month_end() -> None:
    with journal("march.db", engine=5) as done:  # error
        done("find", list_invoices).run(month="2026-03").totals  # error
        done(7, list_invoices).run(month="2026-03")  # error
        done("find", plain)  # error
        done("find", list_invoices).run(month="2026-03", options={"retri": True})  # error
        done("find", list_invoices).run(month="2026-03", secrets={"password": 5})  # error
        first: Filed = done("find", list_invoices).run(month="2026-03")  # error
        made: TaskRun = done("find", list_invoices).run(month="2026-03")  # error
        later: Found = done("find", list_invoices).arun(month="2026-03")  # error
        handle: Found = done("find", list_invoices).submit(month="2026-03")  # error
        (await done("file", file_it).arun(number="A")).recipt  # error
        done("banner", poster).run(heading="March").receipt  # error
        done.each(["A"], lambda one: done(one, file_it).run(number=one), parallel="five")  # error
        filed: list[Found] = done.each(["A"], lambda one: done(one, file_it).run(number=one))  # error
    print(first, made, later, handle, filed)
