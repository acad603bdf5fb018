"""The program's first step: `--version` is answered before anything is imported, everything else goes to the doors."""

import sys
from typing import TextIO

from cyberflow.version import __version__

INTERRUPTED = 130


def main() -> None:
    """Answer, or hand over to the command line."""
    if sys.argv[1:] == ["--version"] and _answer(f"cyberflow {__version__}\n", sys.stdout):
        return
    try:
        from cyberflow.cli.interrupts import quit_on_signals

        quit_on_signals()
        from cyberflow.cli.main import main as cli

        cli()
    except KeyboardInterrupt:  # while we were still loading
        _answer("interrupted; nothing was sent\n", sys.stderr)
        sys.exit(INTERRUPTED)


def _answer(text: str, stream: TextIO | None) -> bool:
    """Write a text; False where that cannot be, which the command line then deals with."""
    try:
        if stream is not None:
            stream.write(text)
            stream.flush()
    except (OSError, ValueError):
        return False
    return stream is not None


if __name__ == "__main__":
    main()
