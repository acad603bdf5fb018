from pydantic import SecretStr

from cyberflow import workflow


@workflow
def look(pin: SecretStr) -> None:
    """Type <pin>."""
