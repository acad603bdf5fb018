"""What a new project's .gitignore says: its own lines, after those that are there."""

from __future__ import annotations

IGNORE_FILE = ".gitignore"
_LINES = (".cyberflow/", "dist/")
_PYTHON_LINES = ("__pycache__/",)


def missing_lines(there: bytes, *, python: bool) -> list[str]:
    """The lines to add to a .gitignore; those that it has, with or without slashes, are not among them."""
    known = {line.strip().strip(b"/") for line in there.splitlines()}
    wanted = (*_LINES, *_PYTHON_LINES) if python else _LINES
    return [line for line in wanted if line.encode().strip(b"/") not in known]


def append_lines(there: bytes, lines: list[str]) -> bytes:
    """The same file with lines at its end, each on its own, with the line ends that the file has."""
    end = b"\r\n" if b"\r\n" in there else b"\n"
    between = end if there and not there.endswith(b"\n") else b""
    return there + between + b"".join(line.encode() + end for line in lines)
