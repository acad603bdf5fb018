def total(receipts: list[str]):
    return {"count": len(receipts)}
