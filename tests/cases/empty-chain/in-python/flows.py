from cyberflow import Secret, chain


@chain
def intake(mrn: str, *, password: Secret) -> None:
    """Nothing is done yet."""
