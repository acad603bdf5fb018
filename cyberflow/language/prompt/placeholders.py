"""Placeholders as they are written: `<name>`, `<$name>`, `{name}`, `{{name}}`, and what only looks like one."""

from __future__ import annotations

import re
from typing import Final, Literal

from cyberflow.language.prompt.paths import PATH, WORD, TokenPath
from cyberflow.language.prompt.tokens import PromptFlaw, TextMend, Token
from cyberflow.late import expression

ANGLES: Final = rf"<(?P<dollar>\$?)(?P<path>{PATH})>"
BRACES: Final = rf"\{{\{{(?P<runtime>{PATH})\}}\}}|\{{(?P<sign>\$?)(?P<name>{PATH})\}}"
BROKEN: Final = r"<(?=[A-Za-z_$])[^\s<>]*+>"
SIGNS: Final = {"input": "", "secret": "$"}
_ROOT: Final = expression(rf"<(\$?{WORD})")


def placeholder(kind: Literal["input", "secret"], path: object) -> str:
    """A placeholder as an author writes it."""
    return f"<{SIGNS[kind]}{path}>"


def make_token(match: re.Match[str]) -> Token:
    """The token of a match of ANGLES or BRACES."""
    found = match.groupdict()
    written = found.get("path") or found.get("name") or found.get("runtime") or ""
    path = TokenPath.parse(written) or TokenPath(written)
    if found.get("runtime"):
        return Token("runtime", path, *match.span(), f"{{{{{path}}}}}")
    dollar = found.get("dollar") or found.get("sign") or ""
    return Token("secret" if dollar else "input", path, *match.span(), f"{{{dollar}{path}}}")


def ambiguous_placeholder(word: str, start: int, end: int) -> PromptFlaw:
    """The finding about an input that is called like an element of HTML."""
    message, note = f"`<{word}>` is an HTML element and an input", "which of the two is not decidable"
    help, mend = f"write `{{{word}}}` for the input", TextMend(start, end, f"{{{word}}}", safe=True)
    return PromptFlaw("ambiguous-placeholder", message, start, end, note, help, word, mend)


def bad_placeholder(match: re.Match[str], note: str, help: str) -> PromptFlaw:
    """The finding about a match of BROKEN."""
    root = _ROOT.match(match[0])
    message = f"`{match[0]}` is not a placeholder"
    return PromptFlaw("bad-placeholder", message, *match.span(), note, help, root[1] if root else None)
