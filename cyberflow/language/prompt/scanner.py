"""The scanner of prompts: finds placeholders, literals, tags and images in a text.

Reads the text after the template stage and changes nothing in it; `render` makes HTML of the result.
One pass from mark to mark (`{`, `<`, backslash, `![`, the service's own words), each read by its own step.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace
from typing import Final

from cyberflow.language.prompt.escapes import backslash_placeholder, begins_word, with_literal
from cyberflow.language.prompt.html_tags import (
    AUTOLINK,
    DECLARATION,
    ELEMENTS,
    HOLE,
    STRIPPED,
    HtmlTag,
    TagPairs,
    tag_at,
)
from cyberflow.language.prompt.near_placeholders import escape_mend, find_foreign_template, find_unseen_character
from cyberflow.language.prompt.paths import WORD
from cyberflow.language.prompt.placeholders import (
    ANGLES,
    BRACES,
    BROKEN,
    ambiguous_placeholder,
    bad_placeholder,
    make_token,
)
from cyberflow.language.prompt.tokens import (
    Format,
    LiteralText,
    MarkdownImage,
    PromptFlaw,
    ScannedPrompt,
    TextMend,
    Token,
)
from cyberflow.late import expression

_MARK: Final = expression(r"[{<\\]|!\[|__(?:EMPTY|CLEAR)__")
_BRACES: Final = expression(BRACES)
_ANGLES: Final = expression(ANGLES)
_SPACED: Final = expression(rf"<(\$?)({WORD})[ \t]++>")
_BROKEN: Final = expression(BROKEN)
_OFFICE_TAG: Final = expression(r"<[A-Za-z][A-Za-z0-9]*:[A-Za-z][A-Za-z0-9]*/?>")
_OFFICE_NOTE: Final = "a tag that a word processor left"
_DESTINATION: Final = expression(r"<(?:\\.|[^<>\\\n])*+>")
_PICTURE: Final = expression(
    r"!\[(?:\\.|[^\[\]\\]|\[[^\[\]]*+\])*+\](\((?:<[^<>\n]*+>|\\.|[^()\\\n]|\([^()\n]*+\))*+\))?", re.DOTALL
)
_REST_OF_WORD: Final = expression(rf"(?:{HOLE.pattern}|[^\s\"'`)\]<])*+")
_LONGEST_WORD: Final = 300
_PUNCTUATION: Final = frozenset("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")


def scan(text: str, *, format: Format, inputs: Collection[str]) -> ScannedPrompt:
    """Read a prompt; linear in its length. A token whose root is not declared is a token all the same.

    `inputs` are the declared ones: they decide between `<word>` as a placeholder and as markup.
    """
    scanner = _PromptScanner(text, format, inputs)
    scanner.walk(0, len(text))
    return scanner.prompt()


class _PromptScanner:
    """Gathers what it reads; `walk` may be called for several ranges of the text, in order."""

    def __init__(self, text: str, format: Format, inputs: Collection[str]) -> None:
        self.text = text
        self.format = format
        self.inputs = inputs
        self.tokens: list[Token] = []
        self.literals: list[LiteralText] = []
        self.tags: list[HtmlTag] = []
        self.images: list[MarkdownImage] = []
        self.flaws: list[PromptFlaw] = []
        self._pairs = TagPairs(text)
        self._last_comment_end = text.rfind("-->")
        self._boundary = 0
        self._blamed = 0

    def prompt(self) -> ScannedPrompt:
        return ScannedPrompt(
            self.text,
            tuple(self.tokens),
            tuple(self.literals),
            tuple(self.flaws),
            tuple(self.tags),
            tuple(self.images),
        )

    def walk(self, start: int, end: int, *, markup: bool = True) -> None:
        """Read a range; without `markup`, as in the value of an attribute, tags and images are text."""
        markup = markup and self.format != "text"
        while found := _MARK.search(self.text, start, end):
            at = found.start()
            match found[0]:
                case "{":
                    start = self._foreign(at) or self._placeholder(at) or self._unseen(at) or at + 1
                case "\\":
                    start = self._backslash(at)
                case "<" if self.format != "wire":
                    start = (
                        self._placeholder(at)
                        or self._markup(at, markup)
                        or self._bad_placeholder(at)
                        or self._less_than(at)
                    )
                case "![":
                    start = self._image(at)
                case "__EMPTY__" | "__CLEAR__" if self.format == "markdown":
                    start = found.end()
                    self.literals.append(LiteralText(at, start, found[0]))
                case _:
                    start = at + 1

    # A step returns the offset at which reading goes on, or 0 when the mark is none of its own.

    def _placeholder(self, at: int) -> int:
        token = self._token_at(at)
        if token is None:
            return 0
        self.tokens.append(token)
        word = str(token.path)
        if self.text[at] == "<" and token.kind == "input" and word.lower() in ELEMENTS and word in self.inputs:
            self.flaws.append(ambiguous_placeholder(word, at, token.end))
        return token.end

    def _foreign(self, at: int) -> int:
        """Braces of other templates. Only the first brace is set apart: what is inside them stays as it is."""
        flaw = find_foreign_template(self.text, at, self.inputs, self.format)
        if flaw is None:
            return 0
        self.flaws.append(flaw)
        if end := self._placeholder(at):
            return end
        self.literals.append(LiteralText(at, at + 1, "{"))
        return at + 1

    def _token_at(self, at: int) -> Token | None:
        if self.text[at] == "{":
            match = _BRACES.match(self.text, at)
            return make_token(match) if match else None
        if not (match := _ANGLES.match(self.text, at)):
            return None
        path = match["path"]
        if not match["dollar"] and path not in self.inputs and self._pairs.is_closed(path.lower(), at):
            return None
        return make_token(match)

    def _backslash(self, at: int) -> int:
        """Escape at the start of a word, a character inside one, and an error there when a placeholder follows."""
        after = self.text[at + 1 : at + 2]
        if self.format == "wire":
            match = _BRACES.match(self.text, at + 1)
            return match.end() if match else at + 1
        if not self._begins_word(at):
            return self._literal_backslash(at, after)
        if end := self._escapable_end(at + 1):
            self.literals.append(LiteralText(at, end, self.text[at + 1 if after == "<" else at : end]))
            return end
        if self.format == "markdown" and after in _PUNCTUATION and after != "\\":
            return at + 2
        return self._literal_backslash(at, after)

    def _escapable_end(self, at: int) -> int:
        """The end of what a backslash makes a literal: a placeholder, or what would be a broken one."""
        if not self.text.startswith(("{", "<"), at):
            return 0
        if token := self._token_at(at):
            return token.end
        match = _BROKEN.match(self.text, at)
        return match.end() if match and not tag_at(self.text, at, self._pairs) else 0

    def _literal_backslash(self, at: int, after: str) -> int:
        if after and after in "{<" and (token := self._token_at(at + 1)):
            self._report_backslash(at, token)
        elif self.format != "markdown" or not (after in _PUNCTUATION or (after == "\n" and self._in_path(at))):
            return at + 1
        self.literals.append(LiteralText(at, at + 1, "\\"))
        return at + 1

    def _begins_word(self, at: int) -> bool:
        return at == self._boundary or begins_word(self.text, at)

    def _word_start(self, at: int) -> int:
        limit = max(0, at - _LONGEST_WORD)
        while at > limit and not self._begins_word(at):
            at -= 1
        return at

    def _in_path(self, at: int) -> bool:
        """Whether a word that ends in a backslash is a Windows path, and not a line with a hard break."""
        word = self.text[self._word_start(at) : at]
        return "\\" in word or word.endswith(":")

    def _report_backslash(self, at: int, token: Token) -> None:
        if at < self._blamed:
            return
        end = _REST_OF_WORD.match(self.text, token.end)
        self._blamed = end.end() if end else token.end
        word = (self._word_start(at), self._blamed)
        self.flaws.append(backslash_placeholder(self.text, at, word, token, self.format))

    def _markup(self, at: int, read: bool) -> int:
        if self.text.startswith("<!--", at):
            return self._comment(at) if read else self._less_than(at)
        declaration = DECLARATION.match(self.text, at)
        tag = HtmlTag("!", at, declaration.end()) if declaration else tag_at(self.text, at, self._pairs)
        if tag:
            return self._tag(tag) if read else self._less_than(at)
        if AUTOLINK.match(self.text, at):
            return at + 1 if read and self.format == "markdown" else self._less_than(at)
        return 0

    def _comment(self, at: int) -> int:
        """HTML goes on behind the comment. In Markdown it may be code, so that it is read like everything else."""
        if at + 2 > self._last_comment_end:
            return self._less_than(at)
        if self.format == "markdown":
            return at + 4
        self._boundary = self.text.find("-->", at + 2) + 3
        return self._boundary

    def _tag(self, tag: HtmlTag) -> int:
        for attribute in tag.attributes:
            if attribute.value:
                self._boundary = attribute.value[0]
                self.walk(*attribute.value, markup=False)
        self._boundary = tag.end
        if tag.is_verbatim or (tag.closing and (tag.is_prompt_element or (tag.closed and tag.name in STRIPPED))):
            return tag.end
        self.tags.append(tag)
        return tag.end

    def _bad_placeholder(self, at: int) -> int:
        match = _BROKEN.match(self.text, at)
        if match and self._is_destination(at):
            return at + 1
        if end := self._unseen(at):
            return end
        spaced = None if match else _SPACED.match(self.text, at)
        match = match or (spaced if spaced and spaced[2] in self.inputs else None)
        if not match:
            return 0
        self.literals.append(LiteralText(at, match.end(), match[0]))
        if _OFFICE_TAG.fullmatch(match[0]):
            if all(flaw.note != _OFFICE_NOTE for flaw in self.flaws):  # one paste, one finding
                help = "take it away with its end tag, or paste the text again without its formatting"
                self.flaws.append(bad_placeholder(match, _OFFICE_NOTE, help))
            return match.end()
        note = "a blank inside" if spaced else "neither placeholder, tag nor link"
        help = "a placeholder is `<name>`, `<a.b[0]['k']>` or `<$secret>`"
        mend = escape_mend(self.text, match, self.inputs)
        if spaced:
            help = f"write `<{spaced[1]}{spaced[2]}>`"
            mend = TextMend(*match.span(), f"<{spaced[1]}{spaced[2]}>", safe=True)
        help = with_literal(help, self.text, *match.span(), self.format)
        self.flaws.append(replace(bad_placeholder(match, note, help), mend=mend))
        return match.end()

    def _unseen(self, at: int) -> int:
        flaw = find_unseen_character(self.text, at, self.inputs)
        if flaw is None:
            return 0
        self.flaws.append(flaw)
        self.literals.append(LiteralText(at, flaw.end, self.text[at : flaw.end]))
        return flaw.end

    def _less_than(self, at: int) -> int:
        """A `<` that is text: later stages may not see a tag in it, nor in it and the placeholder behind it."""
        after = self.text[at + 1 : at + 2]
        if (after.isalpha() or (after and after in "/!?_<{\\")) and not self._is_destination(at):
            self.literals.append(LiteralText(at, at + 1, "<"))
        return at + 1

    def _is_destination(self, at: int) -> bool:
        """Whether `<…>` is the target of a Markdown link or image, where it may hold blanks."""
        if self.format != "markdown" or not _DESTINATION.match(self.text, at):
            return False
        before = at
        while before and self.text[before - 1] in " \t":
            before -= 1
        return self.text[max(0, before - 2) : before] in ("](", "]:")

    def _image(self, at: int) -> int:
        match = _PICTURE.match(self.text, at)
        if match and self.format != "wire":
            self.images.append(MarkdownImage(at, match.end(), complete=bool(match[1])))
        return at + 2
