"""Draws the README's pictures anew, `python docs/pictures.py`: what `check` and `plan` print, and the page of `dev`."""
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

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).parent.parent
WIDTH = 88
RUN = """run intake --inputs inputs.json -s epic_password=env:EPIC_PASSWORD --file referral=samples/referral.pdf
    --quiet --format json"""


def main() -> None:
    """Write both; the project is the one that the README declares."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _write_project(folder)
        _draw("finding", "cyberflow check", folder)
        flows = folder / "flows.yaml"
        right = flows.read_text(encoding="utf-8").replace("mrm}", "mrn}")
        right = right.replace("Open the chart of <mrn> and book a visit for <reason>", "Book <mrn> for <reason>")
        flows.write_text(right, encoding="utf-8")
        _print_terminal("cyberflow apply --yes", folder)
        changed = right.replace("for <reason>.", "for <reason>, in <room>.")
        changed = changed.replace("{mrn: string, reason: string}", '{mrn: string, reason: string, "room?": string}')
        flows.write_text(changed, encoding="utf-8")
        _draw("plan", "cyberflow plan", folder)
    with tempfile.TemporaryDirectory() as name:
        _draw_page(Path(name))


def _write_project(folder: Path) -> None:
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    flows, settings = re.findall(r"^```yaml\n(.*?)^```", page, re.DOTALL | re.MULTILINE)[:2]
    (folder / "flows.yaml").write_text(flows, encoding="utf-8")
    (folder / "cyberflow.yaml").write_text(settings, encoding="utf-8")
    (folder / "images").mkdir()
    shutil.copy(ROOT / "examples/patient-intake/images/search-button.png", folder / "images" / "search.png")


def _draw(name: str, command: str, folder: Path) -> None:
    console = Console(record=True, width=WIDTH, file=StringIO(), force_terminal=True)
    console.print(Text(f"$ {command}", style="bold"))
    console.print(Text.from_ansi(_print_terminal(command, folder).rstrip()), soft_wrap=True)
    path = ROOT / "docs" / "images" / f"{name}.svg"
    path.write_text(console.export_svg(title=command, unique_id=name) + "\n", encoding="utf-8")


def _draw_page(folder: Path) -> None:
    """The page of a chain that ran, as Chromium shows it."""
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
        subprocess.run([program, "apply", "--yes", "--quiet"], cwd=where, check=True)  # noqa: S603
        done = subprocess.run(run, cwd=where, env=environ, check=True, capture_output=True)  # noqa: S603
        session = json.loads(done.stdout)["session_id"]
        with Browser(folder / "profile", width=1280, height=1150) as browser:
            browser.open(page)
            browser.until("location.hash.startsWith('#/')")
            browser.ask(f"location.hash = '#/sessions/{session}'")
            browser.until("document.querySelectorAll('[data-step][data-status=success]').length >= 3")
            browser.picture(ROOT / "docs" / "images" / "page.png")
    finally:
        server.terminate()
        server.wait()


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
    process.wait()
    return written.decode().replace("\r\n", "\n")


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # the other end is closed
        return b""


if __name__ == "__main__":
    main()
