"""What an answer was made of: while something is computed, a recorder notes every file and name that is read, and in
which version, so that the answer may be kept until one of them is another.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from contextlib import contextmanager

Source = tuple[str, str]
"""A kind of thing that is read, and its name: `("file", "prompts/lookup.md")`."""


class Reads:
    """Each source with the version that was read. `complete` is false when the answer rests on more than that."""

    def __init__(self) -> None:
        self.versions: dict[Source, Hashable] = {}
        self.complete = True

    def include(self, other: Reads) -> None:
        """Add what another answer, which this one was made of, had read."""
        self.versions.update(other.versions)
        self.complete &= other.complete


class ReadRecorder:
    """Notes reads for every answer that is being computed; one inside another belongs to both."""

    def __init__(self) -> None:
        self._open: list[Reads] = []

    @property
    def is_recording(self) -> bool:
        return bool(self._open)

    @contextmanager
    def record(self) -> Iterator[Reads]:
        """Note what is read inside the block."""
        reads = Reads()
        self._open.append(reads)
        try:
            yield reads
        finally:
            self._open.pop()
            self.include(reads)

    def note(self, kind: str, name: str, version: Hashable) -> None:
        if self._open:
            self._open[-1].versions[kind, name] = version

    def include(self, reads: Reads) -> None:
        """Note what an answer that was kept had read."""
        if self._open:
            self._open[-1].include(reads)

    def spoil(self) -> None:
        """Say that what is being computed rests on more than can be noted, and must not be kept."""
        if self._open:
            self._open[-1].complete = False
