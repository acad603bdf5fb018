"""Near placeholders: braces of other template languages, and placeholders with a character that nobody sees."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace
from typing import Final

from cyberflow.language.characters import INVISIBLE, describe_character
from cyberflow.language.prompt.escapes import begins_word, with_literal
from cyberflow.language.prompt.html_tags import ELEMENTS
from cyberflow.language.prompt.paths import PATH, WORD
from cyberflow.language.prompt.placeholders import ANGLES, BRACES, bad_placeholder, make_token
from cyberflow.language.prompt.tokens import Format, PromptFlaw, TextMend
from cyberflow.late import expression

_DOUBLE: Final = r"\{\{\{?(?!\s*\}\})(?:[^{}\n]|\{[^{}\n]*+\})*+\}\}\}?"
_FORMATTED: Final = rf"\{{{WORD}(?=[!:])(?:![rsa])?(?::.?[<>^=][^{{}}\s]*+|:[0-9,]*\.[0-9]+[a-z%]?)?\}}"
"""`{name:>10}` and `{name!r}` of Python."""
_FOREIGN: Final = expression(f"{_DOUBLE}|{_FORMATTED}")
_NAME: Final = expression(rf"\{{+\s*({WORD})\s*[.|!:}}]")
_SECRET: Final = expression(rf"\{{\{{\s*(\${PATH})\s*\}}\}}")
_BRACES: Final = expression(BRACES)
_ANGLES: Final = expression(ANGLES)
_ROOTS: Final = ("vars.", "target.", "env.", "steps.")
UNSEEN: Final = rf"[<{{](?=[^ \t\r\n<>{{}}]*{INVISIBLE.pattern})[^ \t\r\n<>{{}}]{{1,200}}[>}}]"
_UNSEEN: Final = expression(UNSEEN)
_SHORT: Final = 60


def find_foreign_template(text: str, at: int, inputs: Collection[str], format: Format) -> PromptFlaw | None:
    """The finding about braces of another template language that begin at an offset; not those after a `$`, which an
    author escaped, nor what stands inside a third pair.
    """
    match = _FOREIGN.match(text, at)
    if not match or text[at - 1 : at] in ("{", "$"):
        return None
    written = match[0]
    token = _BRACES.fullmatch(written)
    if token and not (token["runtime"] or "").startswith(_ROOTS):
        return None
    name, secret = _NAME.match(written), _SECRET.match(written)
    root = name[1] if name and name[1] in inputs else None
    help, mend = "a value that is known before the run is written `${{ … }}`", None
    if token and (token["runtime"] or "").startswith("vars."):
        mend = f"${written}"
    if root or secret:
        mend = f"<{root or (secret[1] if secret else '')}>"
        help = f"write `<{root}>` for the input" if root else f"write `<{secret[1] if secret else ''}>` for the secret"
    if (hidden := INVISIBLE.search(written)) and _BRACES.fullmatch(INVISIBLE.sub("", written)):
        mend = INVISIBLE.sub("", written)
        help = f"write `{mend}`"
    elif token is None and _BRACES.search(written):
        help += "; for the text itself write `&#123;` for each `{`"
    else:
        help = with_literal(help, text, *match.span(), format)
    note = f"holds {describe_character(hidden[0])}" if hidden else "templates are `${{ }}` here"
    message = f"`{written if len(written) <= _SHORT else written[: _SHORT - 1] + '…'}` is not filled in by anybody"
    change = TextMend(*match.span(), mend, safe=hidden is not None) if mend else None
    return PromptFlaw("foreign-template", message, *match.span(), note, help, root, change)


def escape_mend(text: str, match: re.Match[str], inputs: Collection[str]) -> TextMend | None:
    """The escape of what cannot be a placeholder: hardly a guess where no declared name stands in it."""
    if not begins_word(text, match.start()):
        return None
    named = any(re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", match[0]) for name in inputs)
    return TextMend(match.start(), match.start(), "\\", safe=not named)


def find_unseen_character(text: str, at: int, inputs: Collection[str]) -> PromptFlaw | None:
    """The finding about what would be a placeholder, were it not for a character in it that nobody sees."""
    match = _UNSEEN.match(text, at)
    if not match or text[at - 1 : at] == "{" or not (hidden := INVISIBLE.search(match[0])):
        return None
    meant = INVISIBLE.sub("", match[0])
    read = (_ANGLES if meant[0] == "<" else _BRACES).fullmatch(meant)
    name = make_token(read).declared_name if read else None
    if name is None or (name not in inputs and (meant[0] == "{" or name.lower() in ELEMENTS)):
        return None
    flaw = bad_placeholder(match, f"holds {describe_character(hidden[0])}", f"write `{meant}`")
    return replace(flaw, root=name, mend=TextMend(*match.span(), meant, safe=True))
