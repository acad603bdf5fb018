r"""Openers of templates that stand for themselves: written `\${{`, `\{%` or `\{#`, kept from Jinja2, and put back."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cyberflow.late import expression

OPENERS = ("${{", "{%", "{#")
_OPENER = expression("|".join(map(re.escape, OPENERS)))
_ESCAPED = expression(rf"\\({_OPENER.pattern})")
_STAND_INS = {"${{": "\ufdd2\ufdd2\ufdd2", "{%": "\ufdd3\ufdd3", "{#": "\ufdd4\ufdd4"}
_NONCHARACTERS = expression("[\ufdd0-\ufdd4]")


def has_template(text: str) -> bool:
    """Whether a text holds a template of any kind."""
    return any(opener in text for opener in OPENERS)


def escape_template(text: str, *, prompt: bool = False) -> str:
    """A text that goes through the template stage and comes out as it is: `prompt` is read for blocks in any case."""
    return _OPENER.sub(r"\\\g<0>", text) if prompt or "${{" in text else text


def hide_escapes(source: str) -> str:
    """Characters that no text has in place of escaped openers."""
    source = _NONCHARACTERS.sub("\ufffd", source)
    return _ESCAPED.sub(lambda match: "\ufdd2" + _STAND_INS[match.group(1)], source)


def restore_escapes(part: str) -> Iterator[tuple[str, int]]:
    """Put escaped openers back; each is one character shorter than it was written."""
    position = 0
    for match in re.finditer("\ufdd2(\ufdd2{3}|\ufdd3{2}|\ufdd4{2})", part):
        if match.start() > position:
            yield part[position : match.start()], position
        opener = next(key for key, stand_in in _STAND_INS.items() if stand_in == match.group(1))
        yield opener, match.start() + 1
        position = match.end()
    if position < len(part):
        yield part[position:], position
