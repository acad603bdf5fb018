"""A page of the manual that is executed: its files are written, its commands run, its output compared.

A block whose first line is a comment with a path (`# chains.yaml`) is a file. A `console` block has commands after `$ `
and below each what it prints; `…` stands for anything within a line, or alone for any number of lines. A `sh` block is
a script that succeeds. Comments, which nobody sees, say the rest. Some stand alone: `project: FOLDER|none` begins anew,
with a copy; `file: PATH` and its content; `run: COMMAND`, `fails: COMMAND`; `let NAME: COMMAND`, whose output stands
for NAME from then on; `account: TARGET` gives a target the platform that answers for an account. Some are about the
block below: `as: PATH` names it, `made: PATH` compares it with a file that was written, `ends: CODE`, `serves: yes`,
`by: TEST` and `not: REASON`. With `CYBERFLOW_WRITE_DOCS=1` the page gets what was printed.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parents[2]
_WORDS = "account|as|by|ends|fails|file|let|made|not|project|run|serves"
_PART = re.compile(
    r"^(?P<fence>```)(?P<language>\w*)\n(?P<block>.*?)^```$"
    rf"|^<!-- (?P<word>{_WORDS})(?: (?P<name>[A-Z]+))?: (?P<text>.*?)\s?-->$",
    re.DOTALL | re.MULTILINE,
)
_FILE = re.compile(r"(?:#|//|<!--) (\S+\.\w+)(?: -->)?\n")
_VOLATILE = re.compile(
    r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b|\b\d+\.\d s\b|\b\d{8}T\d{12}\b"
    rf"|http://127\.0\.0\.1:\d+|(?<=commit )[0-9a-f]{{7}}\b|\b{datetime.now(UTC):%Y-%m-%d}\b"
)
BEFORE = ("as", "by", "ends", "made", "not", "serves")
"""Comments that speak of the block below them; all others do something where they stand."""


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


@dataclass(frozen=True)
class Shown:
    """One command of a page, and what the page says that it prints."""

    command: str
    printed: str

    def fits(self, printed: str) -> bool:
        lines = [re.escape(line.rstrip()).replace("…", ".*") for line in self.printed.splitlines()]
        pattern = "\n".join("(?:.*\n)*?.*" if line == ".*" else line for line in lines)
        return re.fullmatch(pattern, "\n".join(line.rstrip() for line in printed.rstrip("\n").split("\n"))) is not None


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


@dataclass
class Reader:
    """Somebody who does what a page says, in a folder, with a platform that answers for an account."""

    folder: Path
    environ: dict[str, str]
    platform: str
    names: dict[str, str] = field(default_factory=dict)
    ran: list[str] = field(default_factory=list)
    mended: list[tuple[tuple[int, int], str]] = field(default_factory=list)
    _folders: int = 0

    def follow(self, page: str) -> None:
        """Raises AssertionError where it is not as the page says."""
        for one in parts(page):
            if isinstance(one, Act):
                self._act(one)
            elif one.way == "executed":
                self._execute(one)
            elif one.way == "made":
                self._compare(one)
            elif one.way == "file" and one.file:
                self._write(one.file, one.text)
        if self.mended:
            path = ROOT / page
            text = path.read_text(encoding="utf-8")
            for (begin, end), new in reversed(self.mended):
                text = f"{text[:begin]}{new}{text[end:]}"
            path.write_text(text, encoding="utf-8")

    def _act(self, act: Act) -> None:
        match act.word:
            case "project":
                self._folders += 1
                self.folder = self.folder.parent / f"project-{self._folders}"
                if act.text == "none":
                    self.folder.mkdir()
                else:
                    shutil.copytree(ROOT / act.text, self.folder)
            case "run":
                code, printed = self._shell(act.text)
                assert code == 0, f"{act.text}\n{printed}"
            case "fails":
                code, printed = self._shell(act.text)
                assert code != 0, f"{act.text}\n{printed}"
            case "file":
                path, _, content = act.text.partition("\n")
                self._write(path, f"{content}\n")
            case "account":
                settings = self.folder / "cyberflow.yaml"
                head, target, rest = settings.read_text(encoding="utf-8").partition(f"  {act.text}:\n")
                assert target, act
                settings.write_text(f"{head}{target}    url: {self.platform}\n{rest}", encoding="utf-8")
            case "let":
                code, printed = self._shell(f"exec 2>/dev/null\n{act.text}")
                assert code == 0, printed
                assert printed.strip(), act
                self.names[act.name] = printed.strip()
            case _:
                raise AssertionError(act)

    def _write(self, name: str, content: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self._filled(content), encoding="utf-8")
        check_syntax(path)

    def _compare(self, block: Block) -> None:
        """A block that shows a file which a command wrote."""
        made = (self.folder / block.said["made"]).read_text(encoding="utf-8")
        if os.environ.get("CYBERFLOW_WRITE_DOCS"):
            self.mended.append((block.span, made))
        else:
            assert block.text == made, f"{block.page}:{block.line}"

    def _execute(self, block: Block) -> None:
        if "serves" in block.said:
            for line in block.text.splitlines():
                self._serve(line)
            return
        if block.language == "sh":
            code, printed = self._shell(f"set -e\n{block.text}")
            assert code == int(block.said.get("ends", "0")), f"{block.page}:{block.line}\n{block.text}\n{printed}"
            return
        made = []
        for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
            command, _, said = part.partition("\n")
            _, printed = self._shell(command)
            made.append(f"$ {command}\n{_VOLATILE.sub('…', printed)}")
            if not os.environ.get("CYBERFLOW_WRITE_DOCS"):
                assert Shown(command, said.rstrip("\n")).fits(printed), (
                    f"{block.page}:{block.line} $ {command}\n{printed}"
                )
        if os.environ.get("CYBERFLOW_WRITE_DOCS"):
            self.mended.append((block.span, "".join(made)))

    def _shell(self, script: str) -> tuple[int, str]:
        """Run it as a person would, and end what it left running."""
        self.ran.append(script)
        process = subprocess.Popen(
            ["timeout", "300", "bash", "-c", self._filled(script)],
            cwd=self.folder,
            env={**self.environ, "PLATFORM": self.platform},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            start_new_session=True,
        )
        assert process.stdout is not None
        try:
            if "&\n" in script or "& " in script.replace("&& ", ""):
                process.wait(timeout=120)
                os.killpg(process.pid, signal.SIGTERM)
            printed = process.stdout.read()
            return process.wait(timeout=120), printed
        finally:
            process.stdout.close()

    def _serve(self, command: str) -> None:
        """Start what serves until it is ended, and see that it says where."""
        code, printed = self._shell(
            f"timeout --signal INT 3 {command.replace('cyberflow dev', 'cyberflow dev --port 0')}"
        )
        assert "http://127.0.0.1:" in printed, (code, printed)

    def _filled(self, text: str) -> str:
        """With ids in place of the words that stand for them, and the platform in place of the usual address."""
        for name, value in self.names.items():
            text = re.sub(rf"\b{name}\b", value, text)
        return text.replace("http://127.0.0.1:7700", self.platform)


def check_syntax(path: Path) -> None:
    """Read a file as what its name says that it is. Raises when it is not."""
    text = path.read_text(encoding="utf-8")
    match path.suffix:
        case ".json":
            json.loads(text)
        case ".toml":
            tomllib.loads(text)
        case ".lua" if shutil.which("nvim"):
            script = "vim.lsp.config = {}; vim.lsp.enable = function(name) assert(vim.lsp.config[name].cmd) end"
            arguments = ["-c", f"lua {script}; dofile('{path}')", "-c", "quit"]
            done = subprocess.run(
                ["nvim", "--headless", "-u", "NONE", *arguments], capture_output=True, text=True, check=True
            )
            assert not done.stderr, done.stderr
        case ".py":
            compile(text, path.name, "exec")
