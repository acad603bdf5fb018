"""Standard streams that let no known secret through: once a command has secrets, everything it writes is filtered,
tracebacks included.
"""

from __future__ import annotations

import sys
from typing import Any, TextIO

from cyberflow.redact import Redactor


class RedactedStream:
    """A text stream whose every write passes a redactor; in all else the stream it stands for."""

    def __init__(self, stream: TextIO, redactor: Redactor) -> None:
        self._stream = stream
        self._redactor = redactor

    def write(self, text: str) -> int:
        self._stream.write(self._redactor.text(text))
        return len(text)

    def writelines(self, lines: list[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    @property
    def buffer(self) -> Any:
        """No bytes around the filter."""
        raise AttributeError("a filtered stream has no buffer")


def filter_streams(redactor: Redactor) -> None:
    """Filter standard output and error from now on."""
    sys.stdout = RedactedStream(_unwrap(sys.stdout), redactor)
    sys.stderr = RedactedStream(_unwrap(sys.stderr), redactor)


def restore_streams() -> None:
    """Take the filters off again; for callers that go on after a command."""
    sys.stdout, sys.stderr = _unwrap(sys.stdout), _unwrap(sys.stderr)


def _unwrap(stream: Any) -> Any:
    return stream._stream if isinstance(stream, RedactedStream) else stream  # noqa: SLF001 - the stream is ours
