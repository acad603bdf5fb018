"""The words that other languages have for types, and what to write for each."""

from __future__ import annotations

import re

from cyberflow.late import expression

_WORDS = {
    **dict.fromkeys(("str", "text", "char", "varchar", "String"), "string"),
    **dict.fromkeys(("int", "long", "Integer", "bigint"), "integer"),
    **dict.fromkeys(("float", "double", "decimal", "Decimal"), "number"),
    **dict.fromkeys(("bool", "Boolean"), "boolean"),
    **dict.fromkeys(("dict", "map", "mapping", "struct", "json"), "object"),
    **dict.fromkeys(("list", "tuple", "set", "sequence"), "array"),
    **dict.fromkeys(("Any", "unknown", "mixed"), "any"),
}
_FORMATS = {
    **dict.fromkeys(("datetime", "date-time", "timestamp"), "date-time"),
    **dict.fromkeys(("url", "uri"), "uri"),
    **{word: word for word in ("date", "time", "duration", "email", "uuid", "ipv4", "ipv6", "hostname")},
}
_LIST = expression(r"(?:list|tuple|set|array|List|Array|Sequence)\s*[\[<(]\s*(.*?)\s*[\])>]", re.DOTALL)
_OPTIONAL = expression(r"Optional\[(.*)\]|(.*?)\s*\|\s*(?:None|null)", re.DOTALL)


Translation = str | dict[str, object]
"""A type in notation: a word, or JSON Schema."""


def type_word_help(word: str) -> str | None:
    """What to write for a type of another language; None for a word that none has."""
    if (optional := _OPTIONAL.fullmatch(word)) is not None:
        inner = translate_type(optional[1] or optional[2])
        return f"write `?` after the name and `{_format(inner)}` as its type" if inner else None
    written = translate_type(word)
    return f"write `{_format(written)}`" if written and written != word else None


def translate_type(word: str) -> Translation | None:
    """The notation for a type of another language."""
    if (items := _LIST.fullmatch(word)) is not None:
        inner = translate_type(items[1])
        return f"{inner}[]" if isinstance(inner, str) else {"type": "array", "items": inner} if inner else None
    if word in _FORMATS:
        return {"type": "string", "format": _FORMATS[word]}
    if word in _WORDS or word in _WORDS.values():
        return _WORDS.get(word, word)
    return None


def _format(type: object) -> str:
    if not isinstance(type, dict):
        return str(type)
    return "{" + ", ".join(f"{key}: {_format(value)}" for key, value in type.items()) + "}"
