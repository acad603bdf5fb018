"""Standard output and error as commands write to them: UTF-8 wherever they lead, known secrets masked, foreign control
characters escaped. A reader that went away ends a reading command and no other; a full disk is told, never a crash.
"""

from __future__ import annotations

import errno
import io
import os
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any, cast

from cyberflow.cli.styles import escape_ci_commands, to_terminal
from cyberflow.errors import CyberflowError
from cyberflow.late import expression

STATUSES = frozenset(
    ("success", "error", "task_failed", "cancelled", "completed", "failed", "scheduling", "running", "running_checks")
)
"""Words of ours wherever one stands by itself with a style of its own: no secret changes how a run is said to end."""
_ANSI = expression(r"(\x1b\[[0-9;?]*[A-Za-z])")
GONE = frozenset({errno.EPIPE, errno.EIO, errno.EBADF, errno.ESHUTDOWN, errno.ECONNRESET})
"""Nobody reads any more: a pipe, a terminal or a socket whose other end is closed."""


class ReaderGone(Exception):
    """Who read the results of a reading command has gone."""


class OutputError(CyberflowError):
    """Results could not be written. Exit code 3."""


class OutputStream(io.TextIOBase):
    """A text stream over a descriptor, or over another text stream where there is none.

    With `keeps_on`, what cannot be written is written to `other`, if anything is; the work goes on, and `failure` says
    afterwards what happened.
    """

    def __init__(self, stream: Any, other: OutputStream | None = None) -> None:
        super().__init__()
        self._stream = stream
        self._other = other
        self._terminal = stream is not None and stream.isatty()
        self._descriptor = None if self._terminal else _descriptor(stream)
        self.colours = self._terminal and not os.environ.get("NO_COLOR")
        self.redactor: Any = None
        self.keeps_on = False
        self.gone = stream is None
        self._at_start = True
        self.failure: OutputError | None = None

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return "utf-8"

    @property
    def errors(self) -> str:  # type: ignore[override]
        return "backslashreplace"

    @property
    def buffer(self) -> Any:
        """No bytes around the filter."""
        raise AttributeError("a filtered stream has no buffer")

    def isatty(self) -> bool:
        return bool(self._terminal)

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return int(self._stream.fileno())

    def flush(self) -> None:
        """Nothing is held back: every write goes through."""

    def write(self, text: str) -> int:
        shown = to_terminal(text, colours=self.colours, mask=self._mask)
        self._put(escape_ci_commands(shown, at_start=self._at_start))
        self._at_start = text.endswith("\n") if text else self._at_start
        return len(text)

    def _mask(self, text: str) -> str:
        return text if self.redactor is None or text in STATUSES else str(self.redactor.text(text))

    def write_machine(self, text: str) -> None:
        """Write a document whose texts were masked before: its syntax and our words stay."""
        self._put(to_terminal(text, colours=False))

    def write_drawing(self, text: str) -> None:
        """Write what moves the cursor, drawn by us around texts that are escaped already."""
        self._put("".join(part if part.startswith("\x1b") else self._mask(part) for part in _ANSI.split(text)))

    def _put(self, text: str) -> None:
        if self.gone or self.failure is not None:
            self._divert(text)
            return
        try:
            self._write_all(text)
        except OSError as error:
            if error.errno in GONE:
                self.gone = True
            else:
                why = (error.strerror or str(error)).lower()
                self.failure = OutputError(f"standard {'output' if self._other else 'error'} cannot be written: {why}")
            self._divert(text)
        except ValueError:  # closed by whoever runs us
            self.gone = True
            self._divert(text)

    def _divert(self, text: str) -> None:
        """After a failure: results go beside, as long as that can be; a reading command ends."""
        if self._other is None:
            return
        if not self.keeps_on:
            raise self.failure or ReaderGone
        if self.failure is not None:
            self._other.write_machine(text)

    def _write_all(self, text: str) -> None:
        if self._descriptor is None:
            encoding = getattr(self._stream, "encoding", None) or "utf-8"
            self._stream.write(text.encode(encoding, "replace").decode(encoding))
            self._stream.flush()
            return
        data = memoryview(text.encode("utf-8", "backslashreplace"))
        while data:
            try:
                data = data[os.write(self._descriptor, data) :]
            except BlockingIOError:
                select.select([], [self._descriptor], [])


class Drawing(io.TextIOBase):
    """The stream that a live view draws on."""

    def __init__(self, stream: Any) -> None:
        super().__init__()
        self._stream = stream

    def write(self, text: str) -> int:
        draw = getattr(self._stream, "write_drawing", self._stream.write)
        draw(text)
        return len(text)

    def isatty(self) -> bool:
        return bool(self._stream.isatty())

    def fileno(self) -> int:
        return int(self._stream.fileno())


def drawing_stream(stream: Any) -> IO[str]:
    """The stream for a live view: its texts are escaped already, what moves the cursor passes."""
    return cast("IO[str]", Drawing(stream))


@contextmanager
def open_streams() -> Iterator[tuple[OutputStream, OutputStream]]:
    """Put our streams in the place of standard output and error, and those back at the end."""
    before = sys.stdout, sys.stderr
    _occupy_descriptors()
    for stream in before:
        _flush(stream)
    error = OutputStream(sys.stderr)
    output = OutputStream(sys.stdout, error)
    sys.stdout, sys.stderr = output, error
    try:
        yield output, error
    finally:
        sys.stdout, sys.stderr = before


def filter_streams(redactor: Any) -> None:
    """Mask known secrets in everything that is written from now on, tracebacks included."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, OutputStream):
            stream.redactor = redactor


def keep_on() -> None:
    """Go on with the work whatever becomes of the streams."""
    if isinstance(sys.stdout, OutputStream):
        sys.stdout.keeps_on = True


def drop_colours() -> None:
    """Write plain text, on terminals too."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, OutputStream):
            stream.colours = False


def output_failure() -> OutputError | None:
    """Why results could not be written where they were wanted; None where they could, or where nobody reads."""
    return sys.stdout.failure if isinstance(sys.stdout, OutputStream) else None


def write_machine(text: str) -> None:
    """Write a document of a machine format, masked already."""
    write = sys.stdout.write_machine if isinstance(sys.stdout, OutputStream) else sys.stdout.write
    write(text + "\n")


def _descriptor(stream: Any) -> int | None:
    """The descriptor below a stream; Windows has its own ways, and a stream in memory has none."""
    if stream is None:
        return None
    try:
        return int(stream.fileno())
    except (OSError, ValueError, AttributeError):
        return None


def _flush(stream: Any) -> None:
    try:
        if stream is not None:
            stream.flush()
    except (OSError, ValueError):
        return


def _occupy_descriptors() -> None:
    """Let no file that is opened later have the number of a stream that was closed before we began."""
    if sys.stdin is not None and sys.stdout is not None and sys.stderr is not None:
        return
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            opened = os.open(os.devnull, os.O_RDWR)
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
