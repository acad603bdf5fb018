"""Scalars of YAML: the 1.2 core schema, and where each character of a decoded scalar stands in the source."""

from __future__ import annotations

from math import isfinite

from cyberflow.late import expression

Scalar = str | int | float | bool | None

_WORDS: dict[str, Scalar] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INTEGER = expression(r"[-+]?(0|[1-9][0-9]*)")
_RADIX = expression(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = expression(r"[-+]?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NUMERIC = frozenset("0123456789+-.")
_LONGEST_NUMBER = 400
_ESCAPE_WIDTHS = {"x": 4, "u": 6, "U": 10}


def resolve_scalar(text: str) -> Scalar:
    """Give a plain scalar its 1.2 core value. A number with a leading zero stays text, for it is an identifier, and so
    does one that is beyond what JSON can say.
    """
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _NUMERIC or len(text) > _LONGEST_NUMBER:
        return text
    if _INTEGER.fullmatch(text):
        return int(text)
    if _RADIX.fullmatch(text):
        return int(text, 0)
    if _FLOAT.fullmatch(text) and isfinite(number := float(text)):
        return number
    return text


def source_offsets(raw: str, value: str, style: str | None) -> list[int]:
    """For each character of `value`, and for its end, the offset in `raw`, the scalar as written.

    YAML only drops, folds and indents white space, so every other character is found by looking ahead.
    """
    position = _text_start(raw, style)
    offsets: list[int] = []
    for character in value:
        if style == '"':
            position = _skip_continuations(raw, position)
        if not character.isspace():
            while position < len(raw) and raw[position].isspace():
                position += 1
        offsets.append(min(position, len(raw)))
        position += source_width(raw, position, style)
    return [*offsets, min(position, len(raw))]


def _text_start(raw: str, style: str | None) -> int:
    """Where the text begins: behind an anchor, a tag, the opening quote, or the line of the `|`."""
    start = properties_width(raw)
    if style in ("|", ">"):
        return raw.find("\n", start) + 1 or len(raw)
    return start + 1 if style in ("'", '"') else start


def properties_width(raw: str) -> int:
    """How many characters of a node as written are its anchor and its tag."""
    properties = _PROPERTIES.match(raw)
    return properties.end() if properties else 0


def _skip_continuations(raw: str, position: int) -> int:
    while match := _CONTINUATION.match(raw, position):
        position = match.end()
    return position


_PROPERTIES = expression(r"(?:[&!]\S*\s+)+")
_PAIR = expression(r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}")
_CONTINUATION = expression(r"\\\n[ \t]*")


def source_width(raw: str, position: int, style: str | None) -> int:
    """How many characters of the source stand for the one of the text at `position`."""
    if style == '"' and _PAIR.match(raw, position):
        return 12
    if style == '"' and raw.startswith("\\", position):
        return _ESCAPE_WIDTHS.get(raw[position + 1 : position + 2], 2)
    return 2 if style == "'" and raw.startswith("''", position) else 1
