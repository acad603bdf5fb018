"""The options of what is run under a key of a journal."""

from __future__ import annotations

from cyberflow.language.python.keywords import RunOptions


class JournalOptions(RunOptions, total=False):
    """As those of `run`; with `retry` what failed, or whose fate is unknown, is run once more. `download` is where the
    files of a task are saved.
    """

    retry: bool
    download: str
