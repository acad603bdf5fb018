"""docs/testing.md is executed: its files are a project, and what it shows of commands is what they print."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cyberflow.cli.main import run

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "testing.md").read_text(encoding="utf-8")
FENCE = re.compile(r"^```(\w+)\n(.*?)^```", re.DOTALL | re.MULTILINE)
NAMED = re.compile(r"# (\S+\.yaml)\n")


def commands() -> list[tuple[str, str, list[str]]]:
    """Each command of the page with what it prints and the files that are there by then."""
    files: list[str] = []
    found = []
    for language, text in FENCE.findall(PAGE):
        if language == "yaml":
            files.append(text)
        elif language == "console":
            command, _, printed = text.partition("\n")
            found.append((command.removeprefix("$ cyberflow "), printed, list(files)))
    return found


@pytest.mark.parametrize(("command", "printed", "files"), commands(), ids=[one[0] for one in commands()])
def test_a_command_prints_what_the_page_shows(
    command: str,
    printed: str,
    files: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cyberflow.yaml").write_text("project: clinic\n", encoding="utf-8")
    broken = "tests/wrong.yaml" if command != "check" else ""
    for text in files:
        name = NAMED.match(text)
        assert name is not None
        if name[1] == broken or ("failing" not in command and "failing" in name[1]):
            continue
        (tmp_path / name[1]).parent.mkdir(exist_ok=True)
        (tmp_path / name[1]).write_text(text, encoding="utf-8")

    code = run(command.split())

    shown = re.sub(r" in \d+\.\d s\b", "", capsys.readouterr().out)
    assert shown == printed
    assert code == int("error" in printed or "failed" in printed.splitlines()[-1])


def test_the_page_shows_every_part() -> None:
    assert len(commands()) == 5
