import sys
from functools import cache

from cyberflow import workflow


@cache
def system() -> str:
    return "linux"


@cache
def system() -> str:  # noqa: F811
    return sys.platform


if system() == "win32":

    @workflow
    def find_chart(mrn: str) -> None:
        """Open the chart of <mrn> with Alt and F."""

else:

    @workflow
    def find_chart(mrn: str) -> None:
        """Open the chart of <mrn>."""


def make(name: str) -> object:
    @workflow(name=name)
    def close() -> None:
        """Close the chart."""

    return close


first, second = make("close-one"), make("close-all")


@workflow
def print_chart(mrn: str) -> None:
    """Print the chart of <mrn>."""


print_as_before = print_chart


@workflow(name="print-chart-in-colour")
def print_chart(mrn: str) -> None:  # noqa: F811
    """Print the chart of <mrn> in colour."""
