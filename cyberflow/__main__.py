"""The program's first step: `--version`, and a `check` of which nothing changed, are answered before anything is
imported, a plain `check` without the command line; everything else goes to the doors.
"""

from __future__ import annotations

import gc
import sys

from cyberflow.version import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TextIO

INTERRUPTED = 130


def main() -> None:
    """Answer, or hand over to the command line."""
    if sys.argv[1:] == ["--version"] and _answer(f"cyberflow {__version__}\n", sys.stdout):
        return
    try:
        if sys.argv[1:2] == ["check"]:
            gc.disable()  # all that is made from here on stays until the end
            from cyberflow.cli.check_cache import repeat_answer

            code = repeat_answer(sys.argv[1:])
            if code is not None:
                sys.exit(code)
        from cyberflow.cli.interrupts import leave, quit_on_signals

        quit_on_signals()
        if sys.argv[1:2] == ["check"]:
            from cyberflow.cli.views.findings.report import answer_anew

            code = answer_anew(sys.argv[1:])
            if code is not None:
                leave(code)
                sys.exit(code)
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
