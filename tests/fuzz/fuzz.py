"""The fuzzer's program: `python tests/fuzz/fuzz.py --inputs 20000 --seed 1`. Each failure is kept as a project that can
be checked again.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from collections import Counter
from pathlib import Path

from tests.fuzz.fuzz_worker import Failure, made, projects, run, write


def keep(failure: Failure, seed: int, folder: Path) -> str:
    """Write the input of a failure, and what went wrong beside it. Gives the last line of that."""
    root = folder / f"{seed}-{failure.input}"
    shutil.rmtree(root, ignore_errors=True)
    for files in made(projects(), seed, failure.input):
        write(root, files)
    (root / f"{failure.kind}.log").write_text(failure.text, encoding="utf-8")
    lines = [line for line in failure.text.splitlines() if line.strip()]
    if failure.kind == "traceback":
        return next(line for line in reversed(lines) if not line.startswith(" "))
    return next((line.strip() for line in lines if "/cyberflow/" in line), failure.kind)


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=20_000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path(".fuzz"))
    asked = parser.parse_args()
    begun, said = time.monotonic(), Counter[str]()
    for failure in run(asked.seed, range(asked.first, asked.first + asked.inputs)):
        last = keep(failure, asked.seed, asked.out)
        said[f"{failure.kind}: {last[:160]}"] += 1
        say(f"{failure.kind} {asked.seed}-{failure.input}: {last[:200]}")
    say(f"{asked.inputs} inputs, seed {asked.seed}, {time.monotonic() - begun:.0f} s, {said.total()} failures")
    for text, times in said.most_common():
        say(f"{times:6} {text}")
    return int(bool(said))


if __name__ == "__main__":
    sys.exit(main())
