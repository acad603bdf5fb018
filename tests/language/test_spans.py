"""Every character of a YAML text knows its line and column, however the text is written."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from cyberflow.language.yaml.document import parse_yaml
from cyberflow.source import Place, Span

WORDS = st.text(alphabet="abc<>$#:-'\"\\{}[]|,.é漢😀", min_size=1, max_size=8)
LINES = st.lists(WORDS, min_size=1, max_size=4).map(" ".join)
TEXTS = st.lists(st.one_of(LINES, st.just("")), min_size=1, max_size=5).map("\n".join)


def marked(source: str, span: Span) -> str:
    lines = source.split("\n")
    if span.line == span.end_line:
        return lines[span.line - 1][span.column - 1 : span.end_column - 1]
    between = lines[span.line : span.end_line - 1]
    return "\n".join(
        [lines[span.line - 1][span.column - 1 :], *between, lines[span.end_line - 1][: span.end_column - 1]]
    )


@pytest.mark.parametrize(
    "source",
    [
        "a: {b: type <x> here}\n",
        "a:\n  b: type <x> here\n",
        "a:\n  b: type\n    over lines <x>\n    here\n",
        "a:\n  b: 'it''s <x> here'\n",
        "a:\n  b: 'it''s\n\n    over ''lines'' <x> here'\n",
        'a:\n  b: "tab\\t, quote \\", \\u00e9 and <x> here"\n',
        'a:\n  b: "continued \\\n    over lines <x> here"\n',
        'a:\n  b: "folded\n\n    over lines\\n <x> here"\n',
        "a:\n  b: |\n    one\n\n      two <x> here\n",
        "a:\n  b: |-\n    one\n    <x>\n",
        "a:\n  b: |+\n\n    one <x>\n\n\n",
        "a:\n  b: |2\n      one <x>\n    two\n",
        "a:\n  b: >\n    one\n    two\n\n    three <x> here\n",
        "a:\n  b: >-\n    one\n      deeper <x>\n    two\n",
        "a:\n  b: | # a remark <y>\n    one <x>\n",
        "a:\n  b: &here one <x>\n",
        "a:\n  b: !!str one <x>\n",
        "a:\n  b: &here !!str |\n    one <x>\n",
        "a:\n  ? b\n  : one <x>\n",
        "a:\n  <<: {b: one <x>}\n",
        "z: &z {b: one <x>}\na: *z\n",
        "z: &z {b: one <x>}\na: {<<: [*z]}\n",
        "a:\n  b: 漢字 é 😀 <x> here\n",
        "a:\n\n  b:      one <x>     # remark\n",
        "a:\n  b:\n    - ignored\n",
    ],
)
def test_the_place_of_a_word_is_where_it_is_written(source: str) -> None:
    document = parse_yaml(source, "f.yaml")
    assert not document.problems
    value = document.data["a"]["b"]
    if "<x>" not in source:
        return
    start = value.index("<x>")
    span = document.span(Place("f.yaml", ("a", "b")).within(start, start + 3))
    assert marked(source, span) == "<x>"


@given(TEXTS, st.sampled_from(["|", ">", '"', "'", None]), st.booleans())
@settings(max_examples=400, deadline=None)
def test_every_character_is_found_again(text: str, style: str | None, narrow: bool) -> None:
    width = 12 if narrow else 1000
    source = yaml.dump({"a": {"b": text}}, default_style=style, width=width, allow_unicode=True, indent=3)
    document = parse_yaml(source, "f.yaml")
    assert document.problems == []
    assert document.data == {"a": {"b": text}}
    for index, character in enumerate(text):
        if character.isspace():
            continue
        written = marked(source, document.span(Place("f.yaml", ("a", "b")).within(index, index + 1)))
        quoted = document.node(("a", "b")).style == '"'
        meant = yaml.safe_load(f'"{written}"') if quoted and written.startswith("\\") else written[:1]
        assert meant == character
