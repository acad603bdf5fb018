import cyberflow


@cyberflow.workflow(title="Find a chart")
def find_chart(mrn: str) -> None:
    """Open the chart of <mrn>."""


@cyberflow.workflow
def find_chart(mrn: str) -> None:  # noqa: F811
    """Close the chart of <mrn>."""
