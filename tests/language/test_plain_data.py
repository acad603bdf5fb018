"""Data read from the parser's events is the data of its nodes, or nothing: random texts, and the YAML Test Suite."""

from __future__ import annotations

import contextlib
import random
from pathlib import Path
from typing import Any

import pytest
import yaml

from cyberflow.diagnostics import Diagnostic
from cyberflow.language.yaml.build_data import DataBuilder, InvisibleSeparator
from cyberflow.language.yaml.compose import LIBYAML, compose
from cyberflow.language.yaml.document import YamlDocument
from cyberflow.language.yaml.plain_data import Unusual, read_plain
from cyberflow.source import Place
from tests.language.test_yaml_suite import ALPHABET, suite_texts
from tests.suites import needs_suite

pytestmark = pytest.mark.skipif(not LIBYAML, reason="there are no events without libyaml")
PARTS = [*ALPHABET, *"\n\n", "\n  ", "\n- ", "a: ", "b: ", "a: |\n    ", "'x'", "0x1F", "null", "\u200b", "<<: ", "{a}"]


def read_nodes(text: str) -> tuple[Any, list[Diagnostic]]:
    """The data of the nodes, and what there is to say of it. Raises for a text that does not parse."""
    problems: list[Diagnostic] = []
    root = compose(text)
    return None if root is None else DataBuilder("f.yaml", text, problems, set()).build(root), problems


def assert_the_same(texts: list[str]) -> int:
    """Hold both readings together, and count the texts of which nothing unusual was said."""
    plain = 0
    for text in texts:
        with contextlib.suppress(Unusual):
            data = read_plain(text)
            plain += 1
            try:
                assert (repr(data), []) == (repr(read_nodes(text)[0]), read_nodes(text)[1]), text
            except (yaml.YAMLError, InvisibleSeparator) as error:
                raise AssertionError(text) from error
    return plain


@pytest.mark.slow
def test_random_texts() -> None:
    source = random.Random(3)
    texts = ["".join(source.choices(PARTS, k=source.randint(1, 25))) for _ in range(20_000)]
    assert assert_the_same(texts) > len(texts) // 20


def test_the_files_of_examples_are_plain() -> None:
    texts = [path.read_text(encoding="utf-8") for path in sorted(Path("examples").rglob("*.yaml"))]
    assert assert_the_same(texts) > len(texts) * 9 // 10


@pytest.mark.slow
@needs_suite("yaml")
def test_the_suite() -> None:
    assert assert_the_same(suite_texts()) > len(suite_texts()) // 5


@pytest.mark.parametrize(
    "text",
    [
        *("a: &x 1", "a: !t 1", "&x a: 1", "a: *x", "a: 1\na: 1", "<<: {}", "{a}", "[{a: }]", "? [a]\n: 1", "? {a}\n"),
        *("", "# nothing", "--- 1\n--- 2", "a: [", "\u200ba: 1", "a: " + "[" * 60 + "]" * 60, "a: " + "x" * 100_000),
    ],
)
def test_what_is_unusual(text: str) -> None:
    with pytest.raises(Unusual):
        read_plain(text)


def test_places_are_found_in_a_document_whose_data_was_read_first() -> None:
    document = YamlDocument("f.yaml", "a:\n  b: [1, 'two']\n")
    assert document.data == {"a": {"b": [1, "two"]}}
    span = document.span(Place("f.yaml", ("a", "b", 1)))
    assert (span.line, span.column, span.end_column) == (2, 10, 15)
