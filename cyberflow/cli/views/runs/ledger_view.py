"""What the views of batches and pipelines share: lines where nobody watches, a drawing on a terminal."""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Protocol, Self

import click

from cyberflow.cli.output_streams import drawing_stream
from cyberflow.cli.styles import one_line, unstyle

if TYPE_CHECKING:
    from rich.live import Live

    from cyberflow.run.work.dispatch import EntryUpdate

EVERY = 10.0
"""Seconds between two lines that say how far it is, where nobody watches."""
FAILURES = 20
"""So many failures, and so many questions, are told one by one."""


class LedgerView(Protocol):
    """Shows what happens to the entries of a ledger, on standard error."""

    def __enter__(self) -> Self: ...
    def __exit__(self, *_: object) -> None: ...
    def show_change(self, update: EntryUpdate) -> None: ...
    def show_trouble(self, reason: str) -> None: ...


class LineView:
    """Lines, or none where it is `silent`; each trouble is told once."""

    def __init__(self, *, silent: bool) -> None:
        self._silent = silent
        self._failures = 0
        self._trouble: str | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def show_trouble(self, reason: str) -> None:
        if reason != self._trouble:
            self._say(f"  trying again: {one_line(reason)}")
        self._trouble = reason

    def _say_failure(self, line: str) -> None:
        self._failures += 1
        if self._failures <= FAILURES:
            self._say(line)

    def _say(self, text: str) -> None:
        if not self._silent:
            click.echo(text, err=True)


class LiveView(ABC):
    """A drawing that is made anew, with failures above it and the present trouble below."""

    def __init__(self) -> None:
        self._failures = 0
        self._trouble: str | None = None
        self._live: Live | None = None

    def __enter__(self) -> Self:
        from rich.console import Console
        from rich.live import Live

        console = Console(file=drawing_stream(sys.stderr), highlight=False)
        self._live = Live(console=console, refresh_per_second=4, get_renderable=self._draw)
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()

    def show_trouble(self, reason: str) -> None:
        self._trouble = reason

    def _print_failure(self, line: str) -> None:
        self._failures += 1
        if self._failures <= FAILURES and self._live is not None:
            from rich.text import Text

            self._live.console.print(Text(unstyle(line), style="red"), overflow="ellipsis")

    @abstractmethod
    def _draw(self) -> Any:
        """What is seen now."""
