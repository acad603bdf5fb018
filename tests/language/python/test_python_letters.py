"""Where each character of a Python string stands, for every way to write one."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cyberflow.language.python.reading.string_offsets import dedent_docstring, map_constant, scan_string_literal

SAMPLES = [
    '"plain"',
    "'it\\'s'",
    'r"C:\\new\\x41"',
    '"a\\x41b\\u00e9c\\U0001F600d\\N{BULLET}e\\101f\\0"',
    '"a" \'b\'  # comment\n   "c"',
    '("a"\n "b")',
    '"a\\\nb"',
    '"""a\n"b" \\"""c"""',
    "'''a'b''c\\\n'''",
    '"\\q"',
    '"é" "日本"',
    'u"x" R"\\n"',
    '""',
]


@pytest.mark.parametrize("source", SAMPLES)
@pytest.mark.filterwarnings("ignore:invalid escape:DeprecationWarning", "ignore:.*invalid escape:SyntaxWarning")
def test_each_character_is_where_it_is_written(source: str) -> None:
    check(source)


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\x00"), max_size=30))
def test_any_text_as_python_writes_it(text: str) -> None:
    check(repr(text))
    check(ascii(text))


def check(source: str) -> None:
    value = ast.literal_eval(f"({source})")
    found = map_constant(source, 0, len(source), value)
    assert found is not None
    assert len(found.intervals) == len(value)
    for sign, (start, end) in zip(value, found.intervals, strict=True):
        written = source[start:end]
        assert written == sign if len(written) == 1 else written.startswith("\\")


@pytest.mark.parametrize(
    ("source", "fields"),
    [
        ('f"a {b} c"', ["{b}"]),
        ('f"{{a}} {b!r:>{width}}"', ["{b!r:>{width}}"]),
        ("f\"{d['}']} {(lambda: {1: 2})()}\"", ["{d['}']}", "{(lambda: {1: 2})()}"]),
        ('"{a}" f"{b}" "{c}"', ["{b}"]),
        ('f"""x\n{a\n}"""', ["{a\n}"]),
    ],
)
def test_fields(source: str, fields: list[str]) -> None:
    found = scan_string_literal(source, 0, len(source))
    assert found is not None
    assert [source[one.start : one.end] for one in found if one.field] == fields


@given(st.lists(st.sampled_from(["", " ", "    ", "  x", "      y z", "x"]), max_size=6).map("\n".join))
def test_a_docstring_loses_its_indentation_and_nothing_else(text: str) -> None:
    from inspect import cleandoc

    clean, offsets = dedent_docstring(text)
    expected = "\n".join(line.rstrip() for line in cleandoc(text).split("\n")).strip("\n")
    assert "\n".join(line.rstrip() for line in clean.split("\n")) == expected
    assert [text[offset] for offset in offsets] == list(clean)
