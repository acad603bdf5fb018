from cyberflow import chain, workflow


@workflow
def lookup(mrn: str) -> None:
    """Find <mrn>."""


@chain
def intake(mrn: str) -> None:
    lookup(mrn=mrn())  # type: ignore[operator]
