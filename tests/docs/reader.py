"""Somebody who follows a page of the manual: writes its files, runs its commands, and compares what they print."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.docs.page import ROOT, Act, Block, parts
from tests.run.postgres import postgres

_VOLATILE = re.compile(
    r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b|\b\d+\.\d s\b|\b\d{8}T\d{12}\b"
    rf"|http://127\.0\.0\.1:\d+|(?<=commit )[0-9a-f]{{7}}\b|\b{datetime.now(UTC):%Y-%m-%d}\b"
)


@dataclass(frozen=True)
class Shown:
    """One command of a page, and what the page says that it prints."""

    command: str
    printed: str

    def fits(self, printed: str) -> bool:
        lines = [re.escape(line.rstrip()).replace("…", ".*") for line in self.printed.splitlines()]
        pattern = "\n".join("(?:.*\n)*?.*" if line == ".*" else line for line in lines)
        return re.fullmatch(pattern, "\n".join(line.rstrip() for line in printed.rstrip("\n").split("\n"))) is not None


@dataclass
class Reader:
    """Somebody who does what a page says, in a folder, with a platform that answers for an account."""

    folder: Path
    environ: dict[str, str]
    platform: str
    names: dict[str, str] = field(default_factory=dict)
    ran: list[str] = field(default_factory=list)
    reference: dict[str, list[str]] = field(default_factory=dict)
    """The examples of commands that are still to be run, line by line."""
    stack: ExitStack = field(default_factory=ExitStack)
    typed: str = ""
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
                self._begin(act.text)
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
                self._give_account(act.text)
            case "typed":
                self.typed = act.text
            case "postgres":
                self.names[act.text] = self.stack.enter_context(postgres()).url
            case "block":
                self._run_examples(*act.text.partition("\n")[::2])
            case "let":
                code, printed = self._shell(f"exec 2>/dev/null\n{act.text}")
                assert code == 0, printed
                assert printed.strip(), act
                self.names[act.name] = printed.strip()
            case _:
                raise AssertionError(act)

    def _begin(self, source: str) -> None:
        """Go on in a new folder: an empty one, the repository, or a copy of a project."""
        self._folders += 1
        self.folder = self.folder.parent / f"project-{self._folders}"
        if source == "none":
            self.folder.mkdir()
        elif source in ("clone", "workshop"):
            clone(self.folder)
            if source == "workshop":
                self._furnish()
        else:
            shutil.copytree(ROOT / source, self.folder)

    def _furnish(self) -> None:
        """Make the environment of this process the one that `make` has made, and have pytest run one file."""
        (self.folder / ".venv").mkdir()
        for part in Path(sys.prefix).iterdir():
            if part.name not in ("user", "dev"):
                (self.folder / ".venv" / part.name).symlink_to(part)
        for name in ("user", "dev"):
            (self.folder / ".venv" / name).touch()
        cache = str(ROOT / ".mypy_cache")
        self.environ |= {"PYTEST_ADDOPTS": "tests/test_late.py", "MYPY_CACHE_DIR": cache}

    def _give_account(self, name: str) -> None:
        """The target of this name is the platform that answers for an account."""
        settings = self.folder / "cyberflow.yaml"
        head, target, rest = settings.read_text(encoding="utf-8").partition(f"  {name}:\n")
        assert target, name
        settings.write_text(f"{head}{target}    url: {self.platform}\n{rest}", encoding="utf-8")

    def _run_examples(self, command: str, ends: str) -> None:
        """Run the examples of a command, each of which ends as is said, or else well."""
        lines = self.reference.pop(command)
        codes = [int(code) for code in ends.split()]
        for line, expected in zip(lines, codes + [0] * (len(lines) - len(codes)), strict=True):
            if line.startswith(("cyberflow dev", "cyberflow worker")):
                self._serve(line, "listens to" if "worker" in line else "http://127.0.0.1:")
                continue
            script = line
            if "zshrc" in line:
                script = f"zsh -fc 'autoload -Uz compinit && compinit -u; {line}'" if shutil.which("zsh") else ":"
            code, printed = self._shell(script, self.typed)
            assert code == expected, f"{line}\n{printed}"
        self.typed = ""

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
            script = beside(block.said["beside"], block.text) if "beside" in block.said else block.text
            with self._index(local="index" in block.said):
                code, printed = self._shell(f"set -e\n{script}")
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

    @contextmanager
    def _index(self, *, local: bool) -> Iterator[None]:
        """Let pip, in whichever environment it is, find the packages of this one, and ask no index."""
        kept = self.environ
        if local:
            packages = str(Path(pytest.__file__).parents[1])
            self.environ = {**kept, "PYTHONPATH": packages, "PIP_NO_INDEX": "1", "PIP_NO_BUILD_ISOLATION": "0"}
        try:
            yield
        finally:
            self.environ = kept

    def _shell(self, script: str, typed: str = "") -> tuple[int, str]:
        """Run it as a person would, and end what it left running."""
        self.ran.append(script)
        script = self._filled(script)
        if typed:
            # again and again, since a prompt for a secret drops what came before it
            again = f"while sleep 1; do printf '%s\\n' {shlex.quote(typed)} || exit; done"
            script = f"({again}) 2>/dev/null | script -qec {shlex.quote(script)} /dev/null"
        process = subprocess.Popen(
            ["timeout", "300", "bash", "-c", script],
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
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGTERM)
            printed = process.stdout.read()
            return process.wait(timeout=120), printed
        finally:
            process.stdout.close()

    def _serve(self, command: str, says: str = "http://127.0.0.1:") -> None:
        """Start what serves until it is ended, wait for what it says once it does, and end it."""
        command = command.partition("  #")[0].replace("cyberflow dev", "cyberflow dev --port 0")
        wait = f"for _ in $(seq 600); do grep -q '{says}' served.log && break; kill -0 $! && sleep 0.1 || break; done"
        script = f"{command} > served.log 2>&1 &\n{wait}\nkill $!; wait $!; echo $? >> served.log; cat served.log"
        _, printed = self._shell(f"({script})")
        assert says in printed, printed
        assert printed.rstrip().endswith(("\n0", "\n130")), printed

    def _filled(self, text: str) -> str:
        """With ids in place of the words that stand for them, and the platform in place of the usual address."""
        for name, value in self.names.items():
            text = re.sub(rf"\b{re.escape(name)}\b", value, text)
        return text.replace("http://127.0.0.1:7700", self.platform)


def beside(command: str, text: str) -> str:
    """A script in which the lines that begin so run beside the others, and end with them."""
    lines = [
        f"{line.partition('  #')[0]} > beside.log 2>&1 &" if line.startswith(command) else line
        for line in text.splitlines()
    ]
    return "\n".join(["trap 'kill $(jobs -p)' EXIT", *lines])


def clone(folder: Path) -> None:
    """The files of the repository as they are."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)


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
