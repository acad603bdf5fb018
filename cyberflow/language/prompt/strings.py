"""Placeholders outside prompts: chain strings, titles, terminal commands, check texts. No markup, no HTML."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from cyberflow.language.prompt.escapes import WORD_OPENERS, with_literal
from cyberflow.language.prompt.html_tags import AUTOLINK
from cyberflow.language.prompt.near_placeholders import UNSEEN, find_unseen_character
from cyberflow.language.prompt.paths import PATH
from cyberflow.language.prompt.placeholders import ANGLES, BRACES, BROKEN, bad_placeholder, make_token
from cyberflow.language.prompt.tokens import LiteralText, PromptFlaw, ScannedPrompt, Token
from cyberflow.late import expression

_WORD_START: Final = rf"(?<![^\s{re.escape(''.join(sorted(WORD_OPENERS)))}])"
_LITERAL: Final = rf"(?P<literal>{_WORD_START}\\<\$?{PATH}>)"
_REST: Final = rf"(?P<link>{AUTOLINK.pattern})|(?P<unseen>{UNSEEN})|(?P<broken>{BROKEN})"
_CHAIN: Final = expression(rf"{_LITERAL}|{ANGLES}|{_REST}")
_FIELD: Final = expression(
    rf"{_LITERAL}|(?P<escaped>\\(?:\{{\{{{PATH}\}}\}}|\{{\$?{PATH}\}}))|{ANGLES}|{BRACES}|{_REST}"
)
_NOTE: Final = "neither placeholder nor link"
_HELP: Final = "a placeholder is `<name>`, `<a.b[0]['k']>` or `<$secret>`"


def scan_string(text: str) -> ScannedPrompt:
    r"""Read a chain string: `<name>` and `<$name>` are tokens, `\<name>` is a literal, braces are text."""
    return _scan(text, _CHAIN)


def scan_field(text: str) -> ScannedPrompt:
    """Read a title, a terminal command or a check text: as `scan_string`, and the wire forms are tokens too."""
    return _scan(text, _FIELD)


def to_wire(prompt: ScannedPrompt) -> str:
    """The text with the wire form in place of every token and literal."""
    return substitute(prompt, lambda token: token.wire)


def substitute(prompt: ScannedPrompt, value: Callable[[Token], str]) -> str:
    """The text with `value` in place of every token, literals as what they mean."""
    pieces = [(token.start, token.end, value(token)) for token in prompt.tokens]
    pieces += [(literal.start, literal.end, literal.wire) for literal in prompt.literals]
    out: list[str] = []
    done = 0
    for start, end, wire in sorted(pieces):
        out += [prompt.text[done:start], wire]
        done = end
    return "".join([*out, prompt.text[done:]])


def only_token(prompt: ScannedPrompt) -> Token | None:
    """The token when it is the whole text, so that its value keeps its type."""
    token = prompt.tokens[0] if len(prompt.tokens) == 1 else None
    return token if token and (token.start, token.end) == (0, len(prompt.text)) else None


def _scan(text: str, pattern: re.Pattern[str]) -> ScannedPrompt:
    tokens: list[Token] = []
    literals: list[LiteralText] = []
    flaws: list[PromptFlaw] = []
    for match in pattern.finditer(text):
        found = {name for name, value in match.groupdict().items() if value is not None}
        if "literal" in found:
            literals.append(LiteralText(match.start(), match.end(), match[0][1:]))
        elif "unseen" in found:
            flaw = find_unseen_character(text, match.start(), ())
            flaws += [flaw] if flaw else []
        elif "broken" in found:
            flaws.append(bad_placeholder(match, _NOTE, with_literal(_HELP, text, *match.span(), None)))
        elif "link" not in found and "escaped" not in found:
            tokens.append(make_token(match))
    return ScannedPrompt(text, tuple(tokens), tuple(literals), tuple(flaws))
