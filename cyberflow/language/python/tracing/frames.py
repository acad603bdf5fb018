"""Where a running frame stands in its source: Python keeps the columns of every instruction. Nothing of ours is known
here but lines and columns.
"""

from __future__ import annotations

import sys
from collections.abc import Container, Iterator
from itertools import islice
from types import CodeType, FrameType, TracebackType

from cyberflow.late import dataclass


@dataclass(frozen=True, slots=True)
class Position:
    """Lines count from 1; columns are bytes of UTF-8 from 0, as in `ast`, and None where Python kept none."""

    filename: str
    line: int
    column: int | None = None
    end_line: int | None = None
    end_column: int | None = None


def user_position(files: Container[str]) -> Position | None:
    """Where the innermost frame that belongs to `files` stands; None when there is none."""
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - the one way to a caller
    while frame is not None and frame.f_code.co_filename not in files:
        frame = frame.f_back
    return None if frame is None else _position(frame.f_code, frame.f_lasti, frame.f_lineno)


def call_site() -> Position:
    """Where the caller of a function of ours stands."""
    frame = sys._getframe(2)  # noqa: SLF001 - as above
    return _position(frame.f_code, frame.f_lasti, frame.f_lineno)


def raise_position(trace: TracebackType | None, files: Container[str]) -> Position | None:
    """Where an exception left the innermost frame that belongs to `files`."""
    found = None
    for one in _frames(trace):
        if one.tb_frame.f_code.co_filename in files:
            found = _position(one.tb_frame.f_code, one.tb_lasti, one.tb_lineno)
    return found


def innermost_file(trace: TracebackType | None) -> str:
    """The file of the frame that raised."""
    return next((one.tb_frame.f_code.co_filename for one in reversed(list(_frames(trace)))), "")


def _frames(trace: TracebackType | None) -> Iterator[TracebackType]:
    while trace is not None:
        yield trace
        trace = trace.tb_next


def _position(code: CodeType, instruction: int, line: int | None) -> Position:
    found = next(islice(code.co_positions(), instruction // 2, None), (None, None, None, None))
    start, end, column, end_column = found
    return Position(code.co_filename, start or line or 1, column, end, end_column)
