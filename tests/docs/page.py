"""The blocks of a page of the manual, and how each of them is held to the truth; `python -m tests.docs.page` counts.

A block whose first line is a comment with a path (`# chains.yaml`) is a file. A `console` block has commands after `$ `
and below each what it prints; `…` stands for anything within a line, or alone for any number of lines. A `sh` block is
a script that succeeds. Comments, which nobody sees, say the rest. Some stand alone: `project: FOLDER|none` begins anew,
with a copy; `file: PATH` and its content; `run: COMMAND`, `fails: COMMAND`; `let NAME: COMMAND`, whose output stands
for NAME from then on; `account: TARGET` gives a target the platform that answers for an account. Some are about the
block below: `as: PATH` names it, `made: PATH` compares it with a file that was written, `ends: CODE`, `serves: yes`,
`by: TEST` and `not: REASON`; `index: here` has pip find what is installed here in place of an index, `beside: COMMAND`
starts lines that begin so and lets them run beside the others. `typed: LINE` is what one types in the examples that
follow, `postgres: URL` serves a database for that address, `block: COMMAND` runs the examples of a command from the
reference; `project: clone` is a copy of the repository, `project: workshop` one whose environment has been made, where
pytest runs one file. With `CYBERFLOW_WRITE_DOCS=1` the page gets what was printed.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for pattern in ("*.md", "docs/*.md", "docs/decisions/*.md", "examples/*/*.md", "editors/*/*.md")
    for path in ROOT.glob(pattern)
)
GENERATED = {
    "docs/reference.md": {"sh": "executed", "text": "by"},
    "docs/rules.md": {"diff": "checked"},
}
"""Pages that are made from the code: how their blocks are held, by language, in tests of their own."""
WAYS = {
    "executed": "commands that are run",
    "file": "files of a page, which its commands read",
    "made": "files that a command of the page wrote",
    "checked": "examples of rules, each a project with its mistake and the same one mended",
    "by": "held by a test of their own, which names them",
    "not": "not executed",
}
BEFORE = ("as", "beside", "by", "ends", "index", "made", "not", "serves")
"""Comments that speak of the block below them."""
ACTS = ("account", "block", "fails", "file", "let", "postgres", "project", "run", "typed")
"""Comments that do something where they stand."""
_WORDS = "|".join((*BEFORE, *ACTS))
_PART = re.compile(
    r"^(?P<fence>```)(?P<language>\w*)\n(?P<block>.*?)^```$"
    rf"|^<!-- (?P<word>{_WORDS})(?: (?P<name>[\w-]+))?: (?P<text>.*?)\s?-->$",
    re.DOTALL | re.MULTILINE,
)
_FILE = re.compile(r"(?:#|//|<!--) (\S+\.\w+)(?: -->)?\n")


@dataclass(frozen=True)
class Block:
    """A fenced block, with what the comments above it say of it, and where it begins and ends in its page."""

    page: str
    line: int
    language: str
    text: str
    said: dict[str, str]
    span: tuple[int, int]

    @property
    def file(self) -> str | None:
        """The file that it is, if it is one."""
        named = _FILE.match(self.text)
        return self.said.get("as") or (named[1] if named and self.language not in ("sh", "console") else None)

    @property
    def way(self) -> str | None:
        """How it is held to the truth: by which of the ways that a block can be."""
        if self.page in GENERATED:
            return GENERATED[self.page].get(self.language)
        for word in ("not", "by", "made"):
            if word in self.said:
                return word
        if self.language in ("sh", "console"):
            return "executed"
        return "file" if self.file else None


@dataclass(frozen=True)
class Act:
    """A comment that does something."""

    word: str
    name: str
    text: str


def parts(page: str) -> Iterator[Block | Act]:
    """The blocks of a page and the comments that do something, in their order."""
    text = (ROOT / page).read_text(encoding="utf-8")
    said: dict[str, str] = {}
    for found in _PART.finditer(text):
        if found["fence"]:
            line = text.count("\n", 0, found.start()) + 1
            yield Block(page, line, found["language"], found["block"], said, found.span("block"))
            said = {}
        elif found["word"] in BEFORE:
            said = {**said, found["word"]: found["text"]}
        else:
            yield Act(found["word"], found["name"] or "", found["text"])


def blocks(page: str) -> list[Block]:
    return [one for one in parts(page) if isinstance(one, Block)]


def main() -> None:
    """Print how many blocks are held by which way."""
    found = Counter(block.way for page in PAGES for block in blocks(page))
    for way, text in WAYS.items():
        sys.stdout.write(f"{found.pop(way, 0):>5}  {text}\n")
    sys.stdout.write(f"{found.total():>5}  held by nothing\n")


if __name__ == "__main__":
    main()
