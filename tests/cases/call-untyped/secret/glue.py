from cyberflow import Secret


def total(*, password: Secret) -> None:
    print(password)
