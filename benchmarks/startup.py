"""How long cyberflow takes to begin, beside `python -I -c pass` in the same run."""

from __future__ import annotations

import sys
from pathlib import Path

from floor import compare

CYBERFLOW = str(Path(sys.executable).with_name("cyberflow"))
FLOOR = [sys.executable, "-I", "-c", "pass"]
EXAMPLES = Path(__file__).parent.parent / "examples"


def main() -> None:
    print(compare([CYBERFLOW, "--version"], FLOOR).line("cyberflow --version", "python -I -c pass", 5))
    print(compare([CYBERFLOW, "--help"], FLOOR).line("cyberflow --help", "python -I -c pass"))
    for name in ("red-panda", "monthly-report", "patient-intake"):
        command = [CYBERFLOW, "check", "--project", str(EXAMPLES / name)]
        print(compare(command, FLOOR, pairs=7).line(f"cyberflow check, {name}", "python -I -c pass"))
    print("check of the largest example is to stay below 500 ms")


if __name__ == "__main__":
    main()
