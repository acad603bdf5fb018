"""The tutorial and the guides, done as they say."""

from __future__ import annotations

import sys
from contextlib import redirect_stderr
from pathlib import Path

import pytest

from cyberflow.cli.main import run
from tests.docs.page import Shown, follow

PAGES = ("tutorial.md", "secrets.md")


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_as_it_says(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EPIC_PASSWORD", "canary-4711")

    def do(words: list[str]) -> str:
        assert words[0] == "cyberflow", words
        with redirect_stderr(sys.stdout):
            run(words[1:])
        return capfd.readouterr().out

    assert follow(page, tmp_path, do) > 0


def test_what_stands_for_anything_does_not_stand_for_everything() -> None:
    assert Shown("x", "made … in …\n…\ndone").fits("made it in 3 s\na\nb\ndone\n")
    assert not Shown("x", "made … in …\ndone").fits("made it in 3 s\na\ndone\n")
    assert not Shown("x", "done").fits("done at last")
