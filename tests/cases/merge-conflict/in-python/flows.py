from cyberflow import workflow

<<<<<<< HEAD
@workflow
=======
@workflow(title="Look")
>>>>>>> other
def look() -> None:
    """Look."""
