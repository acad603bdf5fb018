"""Exceptions for failures outside the project, each with the exit code that commands give it.

A mistake of the author is a `Diagnostic`, never one of these.
"""

from __future__ import annotations


class CyberflowError(Exception):
    """The world refused: network, credentials, rate limit, disk, a write the server rejects. Exit code 3.

    `help` is one sentence on what to do next; neither text may hold a secret.
    """

    exit_code = 3

    def __init__(self, message: str, *, help: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.help = help


class UsageError(CyberflowError):
    """Wrong usage, a missing input or secret: nothing was sent. Exit code 2."""

    exit_code = 2


class ConflictError(CyberflowError):
    """The remote moved, or ownership is lost. Exit code 4."""

    exit_code = 4
