"""The blocks of docs/reference.md: each example of a command is run, each shape of JSON is that of an answer."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from cyberflow.cli.command_list import COMMANDS
from cyberflow.cli.reference.json_shapes import SHAPES
from tests.docs.page import ROOT, blocks
from tests.docs.reader import Reader

PAGE = "docs/reference.md"
OWN = ("outputs", "summary", "items", "definition", "references", "fields", "live_runs", "nodes")
"""Keys below which a project's own names stand, or what the shape writes as `…`."""
STAGE = "tests/docs/reference.md"
TEXT = (ROOT / PAGE).read_text(encoding="utf-8")
EXAMPLES = {
    re.findall(r"^### cyberflow (.+)$", TEXT[: block.span[0]], re.MULTILINE)[-1]: block.text.splitlines()
    for block in blocks(PAGE)
    if block.language == "sh"
}


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
def test_every_example_does_what_it_says(reader: Reader, tmp_path: Path) -> None:
    reader.reference = {command: [*lines] for command, lines in EXAMPLES.items()}
    reader.follow(STAGE)

    assert not reader.reference, "nobody runs the examples of these"
    answers = {path.name: json.loads(path.read_text(encoding="utf-8")) for path in (tmp_path / "shapes").iterdir()}
    assert set(answers) == set(SHAPES) - {"check"}, "whose shape test_reference.py holds"
    for name, found in answers.items():
        assert set(found) == keys_at_top(SHAPES[name]), name
        assert keys_of(found) <= set(re.findall(r'"(\w+)"', SHAPES[name])), name


def keys_at_top(shape: str) -> set[str]:
    """The keys of the outermost mapping."""
    depth, found = 0, set()
    for bracket, key in re.findall(r'([\[\]{}])|"(\w+)"', shape):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(bracket, 0)
        if key and depth == 1:
            found.add(key)
    return found


def keys_of(value: Any) -> set[str]:
    """Every key of ours: those of a project's own names are left out."""
    if isinstance(value, list):
        return {key for item in value for key in keys_of(item)}
    if not isinstance(value, dict):
        return set()
    below = [keys_of(item) for key, item in value.items() if key not in OWN]
    return set(value).union(*below)


def test_every_other_block_is_a_shape() -> None:
    assert set(COMMANDS) <= set(EXAMPLES)
    assert [block.text.rstrip("\n") for block in blocks(PAGE) if block.language == "text"] == [*SHAPES.values()]
    assert {block.language for block in blocks(PAGE)} == {"sh", "text"}
