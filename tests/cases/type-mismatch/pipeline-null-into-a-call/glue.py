from pydantic import BaseModel


class Total(BaseModel):
    count: int
    large: bool


def total(receipts: list[str]) -> Total:
    return Total(count=len(receipts), large=len(receipts) > 10)
