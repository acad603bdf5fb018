"""The blocks of docs/rules.md: excerpts of sources, each of which reads as its language where its rule does not say
that it cannot be read.
"""

from __future__ import annotations

import re
from itertools import groupby

import pytest
import yaml

from tests.docs.page import ROOT, Block, blocks

PAGE = "docs/rules.md"
TEXT = (ROOT / PAGE).read_text(encoding="utf-8")
NOT_YAML = {"yaml-syntax"}
"""The rule about what cannot be read."""


def rule_of(block: Block) -> str:
    return str(re.findall(r"^### (.+)$", TEXT[: block.span[0]], re.MULTILINE)[-1])


BLOCKS = {f"{rule_of(block)}-{block.line}": block for block in blocks(PAGE)}


def read(text: str) -> None:
    """Read an excerpt: what is declared, and a step of a chain below it. Raises YAMLError."""
    parts = re.findall(r"^\S.*\n(?:\s.*\n)*", text, re.MULTILINE)
    for _, some in groupby(parts, lambda part: part.startswith("- ")):
        yaml.safe_load("".join(some))


@pytest.mark.parametrize("name", BLOCKS)
def test_an_example_reads_as_its_language(name: str) -> None:
    block = BLOCKS[name]
    rule = rule_of(block)
    assert (ROOT / "tests" / "cases" / rule).is_dir()
    if block.language == "python":
        compile(block.text.replace("    return None", "    pass"), name, "exec")
        return
    assert block.language == "yaml"
    try:
        yaml.safe_load(block.text)
    except yaml.YAMLError:
        if rule in NOT_YAML:
            return
        read(block.text)
    assert rule not in NOT_YAML
