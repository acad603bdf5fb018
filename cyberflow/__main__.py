"""The program's first step: `--version` is answered before anything is imported, everything else goes to the doors."""

import sys

from cyberflow.version import __version__


def main() -> None:
    """Answer, or hand over to the command line."""
    if sys.argv[1:] == ["--version"]:
        sys.stdout.write(f"cyberflow {__version__}\n")
        return
    from cyberflow.cli.main import main as cli

    cli()


if __name__ == "__main__":
    main()
