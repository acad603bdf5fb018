"""A bar on a terminal while many things are done; elsewhere nothing."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

from cyberflow.cli.output_streams import drawing_stream

T = TypeVar("T")
FEWEST = 10
"""What is done sooner than anybody looks."""


def show_progress(items: Iterable[T], total: int, *, quiet: bool) -> Iterator[T]:
    """Hand on items, with a bar on standard error that says how many have come."""
    if quiet or total < FEWEST or not sys.stderr.isatty():
        yield from items
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeElapsedColumn

    found = iter(items)
    for first in found:  # other processes are begun by now, before the bar's own thread
        yield first
        break
    console = Console(file=drawing_stream(sys.stderr), highlight=False)
    with Progress(BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console, transient=True) as bar:
        task = bar.add_task("", total=total, completed=1)
        for item in found:
            bar.advance(task)
            yield item
