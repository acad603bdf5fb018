r"""Escapes: how what would be read as a placeholder is written for the text itself."""

from __future__ import annotations

import re
from typing import Final

from cyberflow.language.prompt.tokens import Format, PromptFlaw, TextMend, Token
from cyberflow.late import expression

WORD_OPENERS: Final = frozenset("([\"'`*_“”„‘’‚«»‹›")
_FENCE: Final = expression(r"^ {0,3}(?:```|~~~)", re.MULTILINE)
_ENTITIES: Final = {"<": "&lt;", "{": "&#123;"}
_WINDOWS_PATH: Final = expression(r"[A-Za-z]:|\\\\|\.{1,2}(?:\\|$)|%\w+%|~$|.*\\")
_FILE_NAME: Final = expression(r"[\w-]*\.[A-Za-z]\w{0,4}(?!\w)|[^\s]*\\")


def begins_word(text: str, at: int) -> bool:
    """Whether a word begins at an offset: only there a backslash escapes."""
    before = text[at - 1 : at]
    return not before or before in WORD_OPENERS or before.isspace()


def with_literal(help: str, text: str, start: int, end: int, format: Format | None) -> str:
    """A help that ends in what is written for the characters between two offsets to mean themselves, where there is
    something. `format` is None in texts that are not prompts.
    """
    written = text[start:end]
    if begins_word(text, start):
        literal = f"`\\{written}`"
    elif format not in ("markdown", "html"):
        return help
    else:
        literal = f"`{_ENTITIES[written[0]]}{written[1:]}`"
        literal += " between `<code>` and `</code>`" * (format == "markdown" and _is_in_code(text, start))
    return f"{help}{' For' if help.endswith('?') else '; for'} the text itself write {literal}"


def is_windows_path(before: str, after: str) -> bool:
    """Whether a word is a path, going by what stands before its backslash and behind the placeholder."""
    return bool(_WINDOWS_PATH.match(before) or _FILE_NAME.match(after))


def backslash_placeholder(text: str, at: int, word: tuple[int, int], token: Token, format: Format) -> PromptFlaw:
    """The finding about a backslash directly before a placeholder, inside a word that stands between two offsets."""
    begin, end = word
    path, written, mend = text[begin:end].rstrip(".,;:!?*_"), text[token.start : token.end], None
    message = f"a backslash inside a word stands directly before `{written}`"
    if is_windows_path(text[begin:at], text[token.end : end]):
        mended = path.replace("\\", "/")
        help, mend = f"write the path with `/`: `{mended}`", TextMend(begin, begin + len(path), mended, safe=True)
    else:
        help = with_literal("take the backslash away, or let the value hold it", text, token.start, token.end, format)
    note, root = "the platform takes it for an escape", token.declared_name
    return PromptFlaw("backslash-placeholder", message, at, token.end, note, help, root, mend)


def _is_in_code(text: str, at: int) -> bool:
    """Whether an offset is in code, as far as fences, indentation and the backticks of its line say."""
    line = text.rfind("\n", 0, at) + 1
    fences = sum(1 for _ in _FENCE.finditer(text, 0, line))
    indented = text.startswith(("    ", "\t"), line)
    return bool(fences % 2 or indented or text.count("`", line, at) % 2)
