from cyberflow import workflow


@workflow(tagz=["Production"])
def log_out() -> None:
    """Log out."""
