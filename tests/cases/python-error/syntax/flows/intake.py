from cyberflow import workflow


@workflow
def log_out() -> None
    """Log out."""
