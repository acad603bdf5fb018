"""The README's pictures show what is there now: the words of the terminals, and those of the page."""

from __future__ import annotations

import re
import runpy
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.web.browser import executable

ROOT = Path(__file__).parents[2]
IMAGES = ROOT / "docs" / "images"
PICTURES: dict[str, Any] = runpy.run_path(str(ROOT / "docs" / "pictures.py"))
STALE = "is stale: run `python docs/pictures.py`"
_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TEXT = re.compile(r'<text [^>]*clip-path="url\(#\w+-line-(\d+)\)"[^>]*>(.*?)</text>')


def lines_of(svg: str) -> list[str]:
    """The text of each line that a picture of a terminal shows; ids are new each time."""
    lines: dict[int, str] = {}
    for number, text in _TEXT.findall(svg):
        lines[int(number)] = lines.get(int(number), "") + unescape(text)
    return split_lines("\n".join(line for _, line in sorted(lines.items())))


def split_lines(text: str) -> list[str]:
    """The lines that hold something, without what a picture makes of blanks."""
    return [letters for line in _ID.sub("ID", text).splitlines() if (letters := "".join(line.split()))]


@pytest.mark.slow
def test_the_terminals_say_what_the_commands_print() -> None:
    for name, (command, printed) in PICTURES["read_terminals"]().items():
        plain = f"$ {command}\n{_ANSI.sub('', printed)}"
        shown = lines_of((IMAGES / f"{name}.svg").read_text(encoding="utf-8"))
        assert shown == split_lines(plain), f"{name}.svg {STALE}"


@pytest.mark.slow
@pytest.mark.skipif(executable() is None, reason="there is no Chromium")
def test_the_page_says_what_its_picture_shows() -> None:
    with Image.open(IMAGES / "page.png") as picture:
        shown = str(picture.info["page"])

    assert PICTURES["read_page"]() == shown, f"page.png {STALE}"
