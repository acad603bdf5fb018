"""Files that appear whole or not at all."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO
from uuid import uuid4

from cyberflow.errors import CyberflowError

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def whole(to: Path) -> Iterator[BinaryIO]:
    """Open a file beside `to` for writing; it takes the place of `to` at the end, or is removed when that fails.

    Raises CyberflowError when the disk refuses. Whatever else is raised inside passes through.
    """
    part = to.with_name(f".{uuid4().hex}.part")
    try:
        with part.open("xb") as file:
            yield file
        part.replace(to)
    except OSError as error:
        raise CyberflowError(f"{to} cannot be written: {error.strerror or error}") from error
    finally:
        part.unlink(missing_ok=True)
