"""Keeps known secret values out of whatever is about to be shown or written.

It knows values and nothing of where they came from. A value is found as it is and in every form that a platform, a
shell or a serialiser gives it: escaped for JSON (also twice), for HTML, for a url, for Python; as base64 and hex.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from html.entities import codepoint2name
from typing import Any

MASK = "•••"
SHORT = 4
"""A value of fewer characters goes only where it stands as a word of its own: filtered everywhere, a PIN of `1` would
take every `1` of every text with it.
"""
EVERYDAY = frozenset(
    {"cancelled", "completed", "error", "failed", "false", "none", "null", "running", "scheduling", "success", "true"}
)
"""Words that every text has: as secrets they are found only where they stand alone, like short ones."""
LONGEST = 512
"""What is longer is not looked for with every single character encoded."""
ESCAPES = {"\n": "n", "\r": "r", "\t": "t", "\b": "b", "\f": "f", "\0": "0", "\v": "v", "\a": "a"}


class Redactor:
    """Replaces every form in which a secret may appear. The parts of a structured secret are secrets of their own; so
    are the lines of one that has several, and what is left of one when the blanks at its ends go.
    """

    def __init__(self, secrets: Iterable[Any] = ()) -> None:
        known = [*secrets]
        whole = {word for secret in known for word in _words(secret)}
        self._words = frozenset(whole.union(*map(_lines, whole)))
        self._pattern = _compile(sorted(self._words, key=lambda word: (-len(word), word)), whole)

    def text(self, text: str) -> str:
        """Mask a text. Forms that overlap, be they of two secrets, are one mask."""
        if self._pattern is None:
            return text
        if text in self._words:
            return MASK
        parts, done = [], 0
        for begin, end in _spans(self._pattern, text):
            parts += [text[done:begin], MASK]
            done = end
        return "".join((*parts, text[done:]))

    def json(self, value: Any) -> Any:
        """Mask the texts, keys and longer numbers of a JSON value that came from outside; all else stays as it is."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return self._mapping(value)
        if isinstance(value, list | tuple):
            return [self.json(item) for item in value]
        if isinstance(value, int | float) and not isinstance(value, bool):
            number = json.dumps(value)
            return MASK if len(number) >= SHORT and number in self._words else value
        return value

    def _mapping(self, value: Mapping[Any, Any]) -> dict[str, Any]:
        """Mask keys too, but not one that is an everyday word; of two that become the same none is lost."""
        clean: dict[str, Any] = {}
        for key, item in value.items():
            unique = name = str(key) if _is_weak(str(key)) else self.text(str(key))
            number = 1
            while unique in clean:
                number += 1
                unique = f"{name}-{number}"
            clean[unique] = self.json(item)
        return clean

    def __repr__(self) -> str:
        return "Redactor()"


def _words(secret: Any) -> Iterator[str]:
    if isinstance(secret, Mapping):
        for item in secret.values():
            yield from _words(item)
    elif isinstance(secret, list | tuple):
        for item in secret:
            yield from _words(item)
    elif isinstance(secret, str):
        if secret.strip():
            yield str(secret)
            yield secret.strip()
    elif secret is not None and not isinstance(secret, bool):
        yield json.dumps(secret)


def _lines(secret: str) -> Iterable[str]:
    lines = secret.splitlines()
    return (line for line in map(str.strip, lines) if len(line) >= SHORT) if len(lines) > 1 else ()


def _spans(pattern: re.Pattern[str], text: str) -> Iterator[tuple[int, int]]:
    """Where forms stand, those that overlap joined: the pattern looks ahead, so it finds one inside another."""
    begin, end = 0, 0
    for match in pattern.finditer(text):
        if match.start() >= end:
            if end:
                yield begin, end
            begin = match.start()
        end = max(end, match.end(1))
    if end:
        yield begin, end


def _is_weak(word: str) -> bool:
    return len(word) < SHORT or word.strip().lower() in EVERYDAY


def _compile(words: list[str], whole: set[str]) -> re.Pattern[str] | None:
    """One pattern for all forms of all words, the longest word first; of a line within a secret, as text alone. The
    characters that a form can begin with stand before it, which makes most places of a text cheap.
    """
    forms = [form for word in words for form in (*_text_forms(word), *(_encodings(word) if word in whole else ()))]
    if not forms:
        return None
    firsts = "".join(re.escape(first) for first in sorted({first for firsts, _ in forms for first in firsts}))
    return re.compile(f"(?=[{firsts}])(?=({'|'.join(form for _, form in forms)}))")


def _text_forms(word: str) -> Iterator[tuple[str, str]]:
    """A word in the midst of a text, as a pattern with the characters that it can begin with."""
    written = "".join(_run(run) for run in re.findall(r"\\+|[^\\]", word, re.DOTALL))
    first = word[0] + ("" if _is_plain(word[0]) else "\\%&+" if word[0] == " " else "\\%&")
    first += "\r" if word[0] == "\n" else "\ufffd?" if "\ud800" <= word[0] <= "\udfff" else ""
    if not _is_weak(word):
        yield first, written
    elif any(map(str.isalnum, word)):
        yield first, rf"(?<!\w){written}(?!\w)"


def _encodings(word: str) -> Iterator[tuple[str, str]]:
    """A word of which no character stands as it is."""
    encoded = word.encode("utf-8", "surrogatepass")
    if len(word) <= LONGEST and not word.isspace():
        yield "%", "".join(_percent(encoded))
        yield "&", "".join(f"&#(?:{ord(one)}|[xX]0*{_hex(f'{ord(one):x}')});?" for one in word)
        yield "\\", "".join(map(_unicode, word))
    if len(encoded) >= SHORT:
        digits = encoded.hex()
        yield digits[0] + digits[0].upper(), _hex(digits)
    for core in _base64(encoded):
        yield core[0].translate(_URLSAFE) + core[0], core.translate(_EITHER)


_URLSAFE = str.maketrans("+/", "-_")
_EITHER = str.maketrans({"+": "[-+]", "/": "[/_]"})


def _base64(secret: bytes) -> Iterator[str]:
    """What does not depend on what stands before and after, in each of the three ways the groups of three may fall. Of
    a short secret too little is left to be told from other text.
    """
    for shift, lost in enumerate((0, 2, 3)):
        whole = (shift + len(secret)) * 8 // 6
        core = b64encode(bytes(shift) + secret).decode()[lost:whole]
        if len(core) > SHORT:
            yield core


def _run(run: str) -> str:
    """One character in every way of writing it, or a run of backslashes, which each escaping doubles."""
    if run[0] == "\\":
        return rf"(?:\\{{{len(run)},{8 * len(run)}}}|{_encode_forms(run[0])}{{{len(run)}}})"
    return re.escape(run) if _is_plain(run) else rf"(?:{_literal(run)}|{_encode_forms(run)})"


def _is_plain(char: str) -> bool:
    return char.isascii() and (char.isalnum() or char in "-_.~")


def _literal(char: str) -> str:
    if char == "\n":
        return r"\r?\n"
    if "\ud800" <= char <= "\udfff":
        return f"[{char}\ufffd?]"
    return (r"\\{0,7}" if char.isascii() and char.isprintable() and char != " " else "") + re.escape(char)


def _encode_forms(char: str) -> str:
    """A character as JSON, Python, a url or HTML may write it; each of them may have been written so again."""
    code = ord(char)
    ways = [_unicode(char), "".join(_percent(char.encode("utf-8", "surrogatepass")))]
    ways.append(f"&(?:amp;)*(?:#0*{code}|#[xX]0*{_hex(f'{code:x}')}{''.join(f'|{name}' for name in _names(code))});")
    if char in ESCAPES:
        ways.append(rf"\\+{ESCAPES[char]}")
    if char == " ":
        ways.append(r"\+")
    return f"(?:{'|'.join(ways)})"


def _names(code: int) -> tuple[str, ...]:
    return ("apos",) if chr(code) == "'" else (codepoint2name[code],) if code in codepoint2name else ()


def _unicode(char: str) -> str:
    r"""`\u00e9`, `\ud83d\ude00`, `\U0001f600`, `\xe9`."""
    units = char.encode("utf-16-be", "surrogatepass").hex()
    pairs = "".join(rf"\\+u{_hex(units[at : at + 4])}" for at in range(0, len(units), 4))
    ways = [pairs, rf"\\+U{_hex(f'{ord(char):08x}')}"]
    if ord(char) < 256:  # noqa: PLR2004
        ways.append(rf"\\+x{_hex(f'{ord(char):02x}')}")
    return f"(?:{'|'.join(ways)})"


def _percent(encoded: bytes) -> Iterator[str]:
    return (f"%(?:25)*{_hex(f'{byte:02x}')}" for byte in encoded)


def _hex(digits: str) -> str:
    return "".join(f"[{digit}{digit.upper()}]" if digit.isalpha() else digit for digit in digits)
