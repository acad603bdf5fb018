from cyberflow import workflow


@workflow(terminal=["type C:\new.txt", r"type C:\new.txt"])
def look() -> None:
    """Look."""
