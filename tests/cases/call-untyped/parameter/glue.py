def total(receipts) -> None:
    print(receipts)
