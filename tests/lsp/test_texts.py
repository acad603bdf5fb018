"""Positions as editors count them: every offset there and back, and edits as an editor makes them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cyberflow.lsp.texts import BOM, Buffer, EditorText, Encoding, width

ALPHABET = st.text(st.sampled_from("ab \n\r\u00e4\u20ac🐼\u2028\x0b\ufeff"), max_size=30)
ENCODINGS: list[Encoding] = ["utf-8", "utf-16", "utf-32"]


@pytest.mark.parametrize(
    ("encoding", "column"),
    [("utf-8", 7), ("utf-16", 4), ("utf-32", 3)],
)
def test_a_column_counts_in_the_units_that_were_agreed_on(encoding: Encoding, column: int) -> None:
    text = EditorText("x\na🐼\u00e4b", encoding)

    assert text.position(text.text.index("b")) == (1, column)
    assert text.offset((1, column)) == text.text.index("b")


def test_half_a_character_is_its_beginning_and_beyond_the_line_is_its_end() -> None:
    text = EditorText("a🐼b\nc")

    assert text.offset((0, 2)) == 1
    assert text.offset((0, 99)) == 3
    assert text.offset((9, 0)) == 5


def test_a_byte_order_mark_is_a_column_where_the_editor_keeps_it() -> None:
    buffer = Buffer(1, f"{BOM}ab\r\ncd")

    assert buffer.text.text == "ab\ncd"
    assert buffer.text.position(1) == (0, 2)
    assert buffer.text.position(3) == (1, 0)
    assert buffer.content == f"{BOM}ab\r\ncd".encode()


@given(raw=ALPHABET, encoding=st.sampled_from(ENCODINGS))
def test_every_offset_comes_back(raw: str, encoding: Encoding) -> None:
    text = Buffer(1, raw, encoding).text
    for offset in range(len(text.text) + 1):
        assert text.offset(text.position(offset)) == offset


@given(raw=ALPHABET, new=ALPHABET, low=st.integers(0, 30), high=st.integers(0, 30), encoding=st.sampled_from(ENCODINGS))
def test_an_edit_of_a_range_is_an_edit_of_the_text(raw: str, new: str, low: int, high: int, encoding: Encoding) -> None:
    """Lines end as the protocol says: not at a line separator or a vertical tab. Between CR and LF no editor edits."""
    low, high = sorted((min(low, len(raw)), min(high, len(raw))))
    if any(raw[at - 1 : at + 1] == "\r\n" for at in (low, high)):
        return

    def position(offset: int) -> tuple[int, int]:
        ends = [match.end() for match in re.finditer(r"\r\n|\n|\r", raw) if match.end() <= offset]
        start = ends[-1] if ends else 0
        return len(ends), width(raw[start:offset], encoding)

    edited = Buffer(1, raw, encoding).edit(2, [(position(low), position(high), new)])

    assert edited == Buffer(2, raw[:low] + new + raw[high:], encoding)
