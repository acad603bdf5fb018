"""The words that other languages have for types, and what to write for each."""

from __future__ import annotations

import re

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
_LIST = re.compile(r"(?:list|tuple|set|array|List|Array|Sequence)\s*[\[<(]\s*(.*?)\s*[\])>]", re.DOTALL)
_OPTIONAL = re.compile(r"Optional\[(.*)\]|(.*?)\s*\|\s*(?:None|null)", re.DOTALL)


def type_word_help(word: str) -> str | None:
    """What to write for a type of another language; None for a word that none has."""
    if (optional := _OPTIONAL.fullmatch(word)) is not None:
        inner = _translate(optional[1] or optional[2])
        return f"write `?` after the name and `{inner}` as its type" if inner else None
    written = _translate(word)
    return f"write `{written}`" if written and written != word else None


def _translate(word: str) -> str | None:
    if (items := _LIST.fullmatch(word)) is not None:
        inner = _translate(items[1])
        plain = inner is not None and not inner.startswith("{")
        return f"{inner}[]" if plain else f"{{type: array, items: {inner}}}" if inner else None
    if word in _FORMATS:
        return f"{{type: string, format: {_FORMATS[word]}}}"
    if word in _WORDS or word in _WORDS.values():
        return _WORDS.get(word, word)
    return None
