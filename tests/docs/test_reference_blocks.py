"""The blocks of docs/reference.md: each example is a command line that the program takes, each shape that of a test."""

from __future__ import annotations

import re
import shlex

import click
import pytest

from cyberflow.cli.command_list import COMMANDS, load_command
from cyberflow.cli.reference.json_shapes import SHAPES
from tests.docs.page import blocks

PAGE = "docs/reference.md"
OTHERS = re.compile(r"pip install 'cyberflow\[lsp\]'|eval \"\$\(cyberflow completion (?:bash|zsh)\)\"\s+#.*|# .*")
LINES = [
    line for block in blocks(PAGE) if block.language == "sh" for line in block.text.replace("\\\n", "").splitlines()
]


def parse(words: list[str]) -> None:
    """Take a command line apart as the program would, without running it. Raises click's errors."""
    assert words[0] == "cyberflow"
    command = load_command(words[1])
    rest = words[2:]
    context = click.Context(command, info_name=words[1])
    if isinstance(command, click.Group):
        below = command.get_command(context, rest[0])
        assert below is not None, rest
        command, rest = below, rest[1:]
    for parameter in command.params:
        if isinstance(parameter.type, click.Path):
            parameter.type.exists = False
    command.make_context(words[1], rest, parent=context).close()


@pytest.mark.parametrize("line", LINES)
def test_an_example_is_a_command_line(line: str) -> None:
    if OTHERS.fullmatch(line):
        return
    plain = re.sub(r"\s[|<>].*", "", line)
    words = shlex.split(plain, comments=True)
    parse(words)


def test_a_wrong_example_would_be_seen() -> None:
    with pytest.raises(click.UsageError):
        parse(["cyberflow", "plan", "--replai", "3"])


def test_every_other_block_is_a_shape() -> None:
    assert len(LINES) > len(COMMANDS)
    assert [block.text.rstrip("\n") for block in blocks(PAGE) if block.language == "text"] == [*SHAPES.values()]
    assert {block.language for block in blocks(PAGE)} == {"sh", "text"}
