from cyberflow import workflow


@workflow
def look() -> None:
    """Look."""
