"""What apply asks on a terminal, through a pseudo-terminal: who answers what, and what is sent then."""

from __future__ import annotations

import asyncio
import os
import re
import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cyberflow.client.cyberdesk.client import Cyberdesk
from tests.cli.cli_program import Program, replace

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals"),
]
CONTROL = """
import fcntl, os, sys, termios
os.setsid()
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.executable, [sys.executable, "-m", "cyberflow", *sys.argv[1:]])
"""
"""Makes the terminal that of the program, so that Ctrl-C is a signal."""
PATIENCE = 60
CTRL_C, CTRL_D = "\x03", "\x04"
QUESTION = "apply this to near? [y/N]"
DRIFT = "write over what was changed by hand? [y/N]"
NAME = "`near` is protected; type its name to go on"


class Terminal:
    """A person at a terminal: waits for a text, then types."""

    def __init__(self, folder: Path, *words: str) -> None:
        self._ours, theirs = os.openpty()
        command = [sys.executable, "-c", CONTROL, *words]
        self._process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, cwd=folder)
        os.close(theirs)
        self.text = ""

    def answer(self, question: str, typed: str) -> None:
        asked = self.text.count(question)
        while self.text.count(question) == asked:
            assert self._read(), self.text
        if typed == CTRL_C:
            # Python hears a signal only once it reads; one that comes before that waits for an answer.
            time.sleep(0.5)
        os.write(self._ours, typed.encode())

    def end(self) -> int:
        """Its exit code, once it has said everything."""
        while self._read():
            pass
        return self._process.wait(PATIENCE)

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._ours)

    def _read(self) -> bool:
        assert select.select([self._ours], [], [], PATIENCE)[0], self.text
        try:
            data = os.read(self._ours, 65536)
        except OSError:  # Linux says so when nobody holds the other end any more
            return False
        self.text += re.sub(r"\x1b\[[0-9;]*m", "", data.decode())
        return bool(data)


Begin = Callable[..., Terminal]


@pytest.fixture
def folder(tmp_path: Path, served: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with one workflow, as working directory."""
    (tmp_path / "cyberflow.yaml").write_text(
        f"project: clinic\ndefault_target: near\ntargets: {{near: {{url: '{served}'}}}}\n", encoding="utf-8"
    )
    (tmp_path / "flows.yaml").write_text("workflows: {one: {prompt: Open it.}}\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def at_terminal(folder: Path) -> Iterator[Begin]:
    """Begin a command at a terminal."""
    opened: list[Terminal] = []

    def begin(*words: str) -> Terminal:
        opened.append(Terminal(folder, *words))
        return opened[-1]

    yield begin
    for one in opened:
        one.close()


def there(url: str, write: str | None = None) -> list[str]:
    """The prompts of the account, after a person wrote another one into its only workflow."""

    async def asked() -> list[str]:
        async with Cyberdesk.connect(url, "any") as desk:
            found = (await desk.workflows.page()).items
            if write is None:
                return [one.main_prompt for one in found]
            return [(await desk.workflows.update(one.id, {"main_prompt": write})).main_prompt for one in found]

    return asyncio.run(asked())


def test_a_yes_is_asked_for_after_the_plan(served: str, at_terminal: Begin) -> None:
    terminal = at_terminal("apply")

    terminal.answer(QUESTION, "y\n")

    assert terminal.end() == 0, terminal.text
    assert terminal.text.index("1 workflow to create") < terminal.text.index(QUESTION) < terminal.text.index("created")
    assert there(served) == ["<p>Open it.</p>"]


@pytest.mark.parametrize("typed", ["n\n", "\n", CTRL_D, CTRL_C], ids=["no", "return", "Ctrl-D", "Ctrl-C"])
def test_anything_but_a_yes_sends_nothing(served: str, at_terminal: Begin, typed: str) -> None:
    terminal = at_terminal("apply")

    terminal.answer(QUESTION, typed)

    assert terminal.end() == 130, terminal.text
    assert "nothing was sent" in terminal.text
    assert "Traceback" not in terminal.text
    assert there(served) == []


def test_nothing_to_do_asks_nothing(served: str, program: Program, at_terminal: Begin) -> None:
    program("apply", "--yes")
    terminal = at_terminal("apply")

    assert terminal.end() == 0
    assert "[y/N]" not in terminal.text


@pytest.mark.parametrize(("typed", "code", "left"), [("y\n", 0, "<p>Open it.</p>"), ("n\n", 4, "<p>By hand.</p>")])
def test_drift_is_asked_for_on_its_own(
    served: str, program: Program, at_terminal: Begin, typed: str, code: int, left: str
) -> None:
    """A yes to the plan is no yes to that; `--yes` answers the first question and not this one."""
    program("apply", "--yes")
    there(served, write="<p>By hand.</p>")
    terminal = at_terminal("apply")

    terminal.answer(QUESTION, "y\n")
    terminal.answer(DRIFT, typed)

    assert terminal.end() == code, terminal.text
    assert there(served) == [left]


def test_yes_at_a_terminal_leaves_drift_alone(served: str, program: Program, at_terminal: Begin) -> None:
    program("apply", "--yes")
    there(served, write="<p>By hand.</p>")
    terminal = at_terminal("apply", "--yes")

    assert terminal.end() == 4
    assert "[y/N]" not in terminal.text
    assert "--overwrite-drift" in terminal.text
    assert there(served) == ["<p>By hand.</p>"]


@pytest.mark.parametrize(
    ("words", "typed", "code"),
    [((), "near\n", 0), (("--yes",), "near\n", 0), ((), "far\n", 2), ((), "y\n", 2), ((), CTRL_C, 130)],
)
def test_a_protected_target_asks_for_its_name(
    folder: Path, served: str, at_terminal: Begin, words: tuple[str, ...], typed: str, code: int
) -> None:
    replace(folder / "cyberflow.yaml", "near: {", "near: {protect: true, ")
    terminal = at_terminal("apply", *words)

    terminal.answer(NAME, typed)

    assert terminal.end() == code, terminal.text
    assert QUESTION not in terminal.text
    assert len(there(served)) == (code == 0)
    assert ("nothing was sent" in terminal.text) == (code != 0)
