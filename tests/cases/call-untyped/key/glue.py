def total(one: str, key) -> None:
    print(one, key)
