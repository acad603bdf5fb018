"""Characters that nobody sees, by name: control characters, unusual blanks, marks of direction."""

from __future__ import annotations

import unicodedata

from cyberflow.late import expression

CONTROL = expression(r"[\x00-\x1f\x7f-\x9f]")
INVISIBLE = expression(
    "[\u00a0\u00ad\u034f\u061c\u115f\u1160\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\u3164\ufeff\uffa0]"
)
"""What looks like a blank or like nothing, and is not the blank of the keyboard."""
_CONTROLS = {
    "\0": "a null character",
    "\a": "a bell",
    "\b": "a backspace",
    "\t": "a tab",
    "\n": "a line end",
    "\v": "a vertical tab",
    "\f": "a form feed",
    "\r": "a carriage return",
    "\x1b": "an escape character",
}


def describe_character(character: str) -> str:
    """A character that is not seen, as what it is: `a tab`, `a zero width space (U+200B)`."""
    if character in _CONTROLS:
        return _CONTROLS[character]
    name = unicodedata.name(character, "control character").lower()
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name} (U+{ord(character):04X})"


def note_invisible(text: str) -> str:
    """What to say beside a name or key that holds characters that nobody sees; empty without any."""
    found = dict.fromkeys(INVISIBLE.findall(text))
    return f"it holds {', '.join(map(describe_character, found))}" if found else ""
