"""A clock that nobody waits for: it stands still until it is moved to the next thing due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from cyberflow.emulator.platform import Platform

LONGEST = timedelta(days=3650)
"""What is due later than this after the begin is not waited for."""


@dataclass
class JumpingClock:
    """The present of one case. Called, it gives the instant."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now

    def run_on(self, platform: Platform, until: datetime | None = None) -> None:
        """Let everything happen that is due, one thing after the other, up to an instant or until nothing is."""
        last = self.now + LONGEST if until is None else until
        while (due := platform.advance()) is not None and due <= last:
            self.now = due
        if until is not None:
            self.now = max(self.now, until)
            platform.advance()
