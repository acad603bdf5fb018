"""The blocks of docs/reference.md: each example of a command is run, each shape of JSON is that of an answer."""

from __future__ import annotations

import re
import shutil

import pytest

from cyberflow.cli.command_list import COMMANDS
from cyberflow.cli.reference.json_shapes import SHAPES
from tests.docs.page import ROOT, blocks
from tests.docs.reader import Reader

PAGE = "docs/reference.md"
STAGE = "tests/docs/reference.md"
TEXT = (ROOT / PAGE).read_text(encoding="utf-8")
EXAMPLES = {
    re.findall(r"^### cyberflow (.+)$", TEXT[: block.span[0]], re.MULTILINE)[-1]: block.text.splitlines()
    for block in blocks(PAGE)
    if block.language == "sh"
}


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
def test_every_example_does_what_it_says(reader: Reader) -> None:
    reader.reference = {command: [*lines] for command, lines in EXAMPLES.items()}
    reader.follow(STAGE)

    assert not reader.reference, "nobody runs the examples of these"


def test_every_other_block_is_a_shape() -> None:
    assert set(COMMANDS) <= set(EXAMPLES)
    assert [block.text.rstrip("\n") for block in blocks(PAGE) if block.language == "text"] == [*SHAPES.values()]
    assert {block.language for block in blocks(PAGE)} == {"sh", "text"}
