"""A program that writes a secret to its standard output, such as a password manager's. It is run without a shell, and
once in the life of this process however often its value is asked for.
"""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

TIMEOUT = 30.0
LONGEST = 1 << 20
_VALUES: dict[tuple[tuple[str, ...], Path], str] = {}
_TURN = Lock()


class SecretNotFound(Exception):
    """A source that gives nothing. The message goes on after the secret's name, and never holds a value."""


@dataclass(frozen=True)
class SecretCommand:
    """A program with its arguments, run in the folder of the project; past `timeout` seconds it is ended."""

    words: tuple[str, ...]
    folder: Path
    timeout: float = TIMEOUT

    def __str__(self) -> str:
        return f"`{shlex.join(self.words)}`"

    def read(self) -> str:
        """What it writes, without one trailing line end. Raises SecretNotFound, also when it fails or takes too long.

        What it writes to standard error is not repeated: nobody knows what is in it.
        """
        with _TURN:
            key = (self.words, self.folder)
            if key not in _VALUES:
                _VALUES[key] = self._decode(self._run())
            return _VALUES[key]

    def _run(self) -> bytes:
        try:
            process = subprocess.Popen(  # noqa: S603 - no shell; the project's own file names the program
                self.words,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            why = (getattr(error, "strerror", None) or "it is not a program").lower()
            raise SecretNotFound(f"was not found: {self} cannot be run, {why}") from None
        with process:
            try:
                output, _ = process.communicate(timeout=self.timeout)
            except subprocess.TimeoutExpired:
                raise SecretNotFound(f"was not found: {self} took longer than {self.timeout:g} s") from None
            finally:
                _end(process)
        if process.returncode:
            text = f"was not found: {self} ended with exit code {process.returncode}; run it by itself to see why"
            raise SecretNotFound(text)
        return output

    def _decode(self, output: bytes) -> str:
        if len(output) > LONGEST:
            raise SecretNotFound(f"was not found: {self} wrote more than {LONGEST // 1024} kB")
        try:
            return drop_line_end(output.decode("utf-8-sig"))
        except UnicodeDecodeError:
            raise SecretNotFound(f"was not found: what {self} wrote is not UTF-8 text") from None


def _end(process: subprocess.Popen[bytes]) -> None:
    """End it with all that it started: a child that holds the pipe would be waited for."""
    if process.poll() is not None:
        return
    if os.name == "nt":
        process.kill()
    else:
        os.killpg(process.pid, signal.SIGKILL)


def drop_line_end(text: str) -> str:
    """The text without one trailing line end."""
    return text.removesuffix("\n").removesuffix("\r") if text.endswith("\n") else text
