"""Draws the README's pictures anew, `python docs/pictures.py`: what `check` and `plan` print, and the page of `dev`.

A test holds them to what is said now: the text of the terminals, and the words of the page, which its picture carries.
"""
# ruff: noqa: INP001 - a script beside the pages it writes

from __future__ import annotations

import json
import os
import pty
import re
import shutil
import subprocess
import sys
import tempfile
from io import StringIO
from pathlib import Path

from PIL import Image
from PIL.PngImagePlugin import PngInfo
from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).parent.parent
IMAGES = ROOT / "docs" / "images"
WIDTH = 92
_VOLATILE = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\b[0-9a-f]{8}\b|\d+")
RUN = """run intake --inputs inputs.json -s epic_password=env:EPIC_PASSWORD --file referral=samples/referral.pdf
    --quiet --format json"""


def main() -> None:
    """Draw all of them anew."""
    for name, (command, printed) in read_terminals().items():
        console = Console(record=True, width=WIDTH, file=StringIO(), force_terminal=True)
        console.print(Text(f"$ {command}", style="bold"))
        console.print(Text.from_ansi(printed.rstrip()), soft_wrap=True)
        picture = console.export_svg(title=command, unique_id=name) + "\n"
        (IMAGES / f"{name}.svg").write_text(picture, encoding="utf-8")
    page = IMAGES / "page.png"
    said = PngInfo()
    said.add_itxt("page", read_page(page))
    with Image.open(page) as picture:
        picture.save(page, pnginfo=said)


def read_terminals() -> dict[str, tuple[str, str]]:
    """By picture: the command it shows, and what that prints now for the project that the README declares."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _write_project(folder)
        found = {"finding": ("cyberflow check", _print_terminal("cyberflow check", folder))}
        flows = folder / "flows.yaml"
        right = flows.read_text(encoding="utf-8").replace("mrm}", "mrn}")
        right = right.replace("Open the chart of <mrn> and book a visit for <reason>", "Book <mrn> for <reason>")
        flows.write_text(right, encoding="utf-8")
        _print_terminal("cyberflow apply --yes", folder)
        changed = right.replace("for <reason>.", "for <reason>, in <room>.")
        changed = changed.replace("{mrn: string, reason: string}", '{mrn: string, reason: string, "room?": string}')
        flows.write_text(changed, encoding="utf-8")
        return {**found, "plan": ("cyberflow plan", _print_terminal("cyberflow plan", folder))}


def _write_project(folder: Path) -> None:
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    flows, settings = re.findall(r"^```yaml\n(.*?)^```", page, re.DOTALL | re.MULTILINE)[:2]
    (folder / "flows.yaml").write_text(flows, encoding="utf-8")
    (folder / "cyberflow.yaml").write_text(settings, encoding="utf-8")
    (folder / "images").mkdir()
    shutil.copy(ROOT / "examples/patient-intake/images/search-button.png", folder / "images" / "search.png")


def read_page(picture: Path | None = None) -> str:
    """What the page of a chain that ran says, in Chromium, ids and numbers as `#`; and a picture, if wanted."""
    with tempfile.TemporaryDirectory() as name:
        return _VOLATILE.sub("#", _read_page(Path(name), picture))


def _read_page(folder: Path, picture: Path | None) -> str:
    sys.path.insert(0, str(ROOT))
    from tests.web.browser import Browser

    shutil.copytree(ROOT / "examples" / "patient-intake", folder / "project")
    program, where = Path(sys.executable).parent / "cyberflow", folder / "project"
    environ = {**os.environ, "EPIC_PASSWORD": "any"}
    server = subprocess.Popen(  # noqa: S603 - our own program
        [program, "dev", "--port", "0"], cwd=where, stderr=subprocess.STDOUT, stdout=subprocess.PIPE, text=True
    )
    try:
        page = next(found[0] for line in server.stdout or () if (found := re.search(r"http://\S+#\S+", line)))
        run = [program, *RUN.split()]
        subprocess.run([program, "apply", "--yes", "--quiet"], cwd=where, check=True, capture_output=True)  # noqa: S603
        done = subprocess.run(run, cwd=where, env=environ, check=True, capture_output=True)  # noqa: S603
        session = json.loads(done.stdout)["session_id"]
        with Browser(folder / "profile", width=1280, height=1150) as browser:
            browser.open(page)
            browser.until("location.hash.startsWith('#/')")
            browser.ask(f"location.hash = '#/sessions/{session}'")
            browser.until("document.querySelectorAll('[data-step][data-status=success]').length >= 3")
            if picture is not None:
                browser.picture(picture)
            return str(browser.ask("document.body.innerText"))
    finally:
        server.terminate()
        server.communicate()


def _print_terminal(command: str, folder: Path) -> str:
    """What a command writes to a terminal, with its colours."""
    ours, theirs = pty.openpty()
    program, *words = command.split()
    environ = {**os.environ, "COLUMNS": str(WIDTH), "TERM": "xterm-256color"}
    path = Path(sys.executable).parent / program
    process = subprocess.Popen(  # noqa: S603 - our own program
        [path, *words], cwd=folder, env=environ, stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    written = b""
    while chunk := _read(ours):
        written += chunk
    os.close(ours)
    process.wait()
    return written.decode().replace("\r\n", "\n")


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # the other end is closed
        return b""


if __name__ == "__main__":
    main()
