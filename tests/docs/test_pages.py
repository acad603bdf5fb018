"""Every page is done as it says, and every block of every page is held to the truth in a way that can be named."""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from pathlib import Path

import pytest

from tests.docs.page import GENERATED, PAGES, ROOT, WAYS, Block, blocks
from tests.docs.reader import Reader, Shown

NOT_RUN: dict[tuple[str, str], int] = {}
"""Every block that is not executed, by its page and why: there is none."""


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
@pytest.mark.parametrize("page", [page for page in PAGES if page not in GENERATED])
def test_a_page_is_as_it_says(page: str, reader: Reader) -> None:
    if page.startswith("examples/"):
        shutil.copytree((ROOT / page).parent, reader.folder, dirs_exist_ok=True)
    reader.follow(page)

    assert reader.ran or not any(block.way == "executed" for block in blocks(page))


@pytest.mark.parametrize("page", PAGES)
def test_every_block_is_held_to_the_truth(page: str) -> None:
    for block in blocks(page):
        where = f"{page}:{block.line}"
        assert block.way in WAYS, f"{where} is neither executed, nor a file of its page, nor held by a test"
        if block.way == "by" and page not in GENERATED:
            test = (ROOT / block.said["by"]).read_text(encoding="utf-8")
            assert Path(page).name in test, f"{where}: {block.said['by']} does not speak of it"


def test_what_is_not_run_is_known_by_name() -> None:
    found = Counter((page, block.said["not"]) for page in PAGES for block in blocks(page) if block.way == "not")

    assert found == NOT_RUN


def test_a_file_of_a_page_is_read_by_a_command_that_follows() -> None:
    for page in PAGES:
        text = (ROOT / page).read_text(encoding="utf-8")
        written = [block for block in blocks(page) if block.way == "file"]
        if written and page not in GENERATED:
            after = text[written[-1].span[1] :]
            assert re.search(r"^(?:\$ |<!-- (?:run|fails): )|^```sh$", after, re.MULTILINE), (page, written[-1].line)


def test_a_block_that_nobody_holds_is_seen() -> None:
    block = Block("x.md", 1, "yaml", "a: 1\n", {}, (0, 0))
    assert block.way is None
    assert Block("x.md", 1, "yaml", "# a.yaml\na: 1\n", {}, (0, 0)).way == "file"
    assert Block("x.md", 1, "", "a\n", {"by": "tests/x.py"}, (0, 0)).way == "by"


def test_what_stands_for_anything_does_not_stand_for_everything() -> None:
    assert Shown("x", "made … in …\n…\ndone").fits("made it in 3 s\na\nb\ndone\n")
    assert not Shown("x", "made … in …\ndone").fits("made it in 3 s\na\ndone\n")
    assert not Shown("x", "done").fits("done at last")


def test_what_is_said_of_the_extension_is_in_it() -> None:
    """VS Code is a program of others: what a page says of its settings is what the extension declares."""
    package = json.loads((ROOT / "editors/vscode/package.json").read_text(encoding="utf-8"))
    text = "".join(
        (ROOT / page).read_text(encoding="utf-8") for page in ("docs/editors.md", "editors/vscode/README.md")
    )
    declared = {*package["contributes"]["configuration"]["properties"]}

    assert set(re.findall(r"`(cyberflow\.[a-z]\w+)`", text)) - {"cyberflow.yaml", "cyberflow.vsix"} == declared
    assert "`npm install && npm run package`" in text
    assert package["scripts"]["package"].endswith("--out cyberflow.vsix")
    assert "code --install-extension cyberflow.vsix" in text
