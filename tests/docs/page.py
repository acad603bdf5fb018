"""A page of the manual that is executed: its files are written, its commands run, and what it shows is what they print.

A block whose first line is a comment with a path (`# chains.yaml`) is a file. A `console` block has commands after `$ `
and below each what it prints; `…` stands for anything within a line, or alone for any number of lines. With
`CYBERFLOW_WRITE_DOCS=1` the page gets what was printed.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"
_FENCE = re.compile(r"^```(\w+)\n(.*?)^```", re.DOTALL | re.MULTILINE)
_FILE = re.compile(r"(?:#|<!--) (\S+\.\w+)(?: -->)?\n")
_ID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b|\b\d+\.\d s\b")
Run = Callable[[list[str]], str]


@dataclass(frozen=True)
class Shown:
    """One command of a page, and what the page says that it prints."""

    command: str
    printed: str

    def fits(self, printed: str) -> bool:
        lines = [re.escape(line).replace("…", ".*") for line in self.printed.splitlines()]
        pattern = "\n".join("(?:.*\n)*?.*" if line == ".*" else line for line in lines)
        return re.fullmatch(pattern, printed.rstrip("\n")) is not None


def steps(text: str) -> Iterator[Shown | tuple[str, str]]:
    """What a page asks for, in its order: files as name and content, and commands."""
    for language, block in _FENCE.findall(text):
        if language == "console":
            for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
                command, _, printed = part.partition("\n")
                yield Shown(command, printed.rstrip("\n"))
        elif (named := _FILE.match(block)) is not None:
            yield named[1], block


def follow(page: str, folder: Path, run: Run) -> int:
    """Do what a page says in a folder, and give how many commands it has. Raises AssertionError where it is not so."""
    path = DOCS / page
    text = path.read_text(encoding="utf-8")
    made, count = [], 0
    for step in steps(text):
        if isinstance(step, tuple):
            name, content = step
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(content, encoding="utf-8")
            continue
        count += 1
        printed = run(shlex.split(step.command))
        if os.environ.get("CYBERFLOW_WRITE_DOCS"):
            head, text = _cut(text, step)
            made.append(f"{head}$ {step.command}\n{_ID.sub('…', printed)}")
        else:
            assert step.fits(printed), f"{page}: $ {step.command}\n{printed}"
    if os.environ.get("CYBERFLOW_WRITE_DOCS"):
        path.write_text("".join(made) + text, encoding="utf-8")
    return count


def _cut(text: str, step: Shown) -> tuple[str, str]:
    """The text before a command, and that behind what it prints."""
    head, _, rest = text.partition(f"$ {step.command}\n")
    return head, rest.removeprefix(step.printed).removeprefix("\n") if step.printed else rest
