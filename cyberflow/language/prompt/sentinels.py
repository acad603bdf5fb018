"""Sentinels: words in place of placeholders, literals, tags and images while others rewrite the text around them.

A stand-in is letters and digits only: no rule of Markdown, HTML, entities or URLs splits it, escapes it or reads it.
"""

from __future__ import annotations

import html
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from hashlib import sha256
from itertools import accumulate

from cyberflow.language.prompt.html_tags import ELEMENTS, HtmlTag
from cyberflow.language.prompt.tokens import LiteralText, MarkdownImage, ScannedPrompt, Token
from cyberflow.late import dataclass


@dataclass(frozen=True, slots=True)
class AttributeValue:
    """The value of an attribute: plain text, with stand-ins of its own inside."""

    text: str


Written = Token | LiteralText | HtmlTag | MarkdownImage
Entry = Written | AttributeValue


class Sentinels:
    """What was lifted out of one prompt. `text_with_sentinels` has a sentinel in each place.

    A placeholder or literal is a word; a tag is a tag that carries a word; before an image there is a word.
    """

    def __init__(self, prompt: ScannedPrompt) -> None:
        nonce = int(sha256(prompt.text.encode("utf-8", "surrogatepass")).hexdigest(), 16) % 10**15
        self.source = prompt.text
        self._word = f"Z{nonce}Y{{:07d}}X"
        written: list[Written] = [*prompt.tags, *prompt.tokens, *prompt.literals, *prompt.images]
        self._written = sorted(written, key=lambda entry: entry.start)
        self._starts = [entry.start for entry in self._written]
        self.entries: list[Entry] = [*self._written]
        self.word_pattern = re.compile(f"Z{nonce}Y([0-9]{{7}})X")
        self.tag_pattern = re.compile(f"<[a-z][a-z0-9]* {self.word_pattern.pattern}>|</x-{self.word_pattern.pattern}>")
        self.width = len(self._word.format(0))
        pieces = list(self._pieces(0, len(prompt.text)))
        self.text_with_sentinels = "".join(text for text, _, _ in pieces)
        self._piece_ranges = [(start, end) for _, start, end in pieces]
        self._piece_starts = [0, *accumulate(len(text) for text, _, _ in pieces)]
        self.dropped: list[tuple[int, int]] = []
        """What was written in comments, and in elements that go with their text."""

    def mask(self, start: int, end: int, *, within: HtmlTag | None = None) -> str:
        """A range of the text with its stand-ins; `within` a tag that begins there, the tag itself stays as written."""
        return "".join(text for text, _, _ in self._pieces(start, end, within))

    def _pieces(self, start: int, end: int, within: HtmlTag | None = None) -> Iterator[tuple[str, int, int]]:
        """Text and sentinels in turn, with the range of the text that each stands for."""
        done = start
        for index in range(bisect_left(self._starts, start), bisect_left(self._starts, end)):
            entry = self._written[index]
            if entry.start >= done and entry is not within:
                yield self.source[done : entry.start], done, entry.start
                done = entry.start if isinstance(entry, MarkdownImage) else entry.end
                yield self._markup(entry, self._word.format(index)), entry.start, done
        yield self.source[done:end], done, end

    def source_range(self, start: int, end: int) -> tuple[int, int]:
        """Where what stands between two offsets of the text with sentinels was written."""
        return self._source_offset(start), self._source_offset(end - 1, after=True)

    def _source_offset(self, at: int, *, after: bool = False) -> int:
        index = min(max(0, bisect_right(self._piece_starts, at) - 1), len(self._piece_ranges) - 1)
        start, end = self._piece_ranges[index]
        if index % 2:
            return end if after else start
        return min(start + at - self._piece_starts[index] + after, end)

    def drop(self, text: str) -> None:
        """Remember what was lifted out of a text that goes on purpose."""
        for match in self.word_pattern.finditer(text):
            entry = self.entry(match)
            if not isinstance(entry, AttributeValue):
                self.dropped.append((entry.start, entry.end))

    def add(self, text: str) -> str:
        """The stand-in for the value of an attribute."""
        self.entries.append(AttributeValue(text))
        return self._word.format(len(self.entries) - 1)

    def entry(self, match: re.Match[str]) -> Entry:
        return self.entries[int(match[match.lastindex or 1])]

    def entry_before(self, text: str, end: int) -> Entry | None:
        """The entry whose stand-in ends at an offset of `text`."""
        match = self.word_pattern.match(text, end - self.width) if end >= self.width else None
        return self.entry(match) if match else None

    def restore_tags(self, text: str) -> str:
        """Tags as they were written and no marks of images: for code and wherever else they turned out to be text."""
        text = self.tag_pattern.sub(self._restore_tag, text)
        return self.word_pattern.sub(
            lambda match: "" if isinstance(self.entry(match), MarkdownImage) else match[0], text
        )

    def to_plain_text(self, text: str) -> str:
        """What a reader sees: tokens in wire form, literals as what they mean."""
        return self.word_pattern.sub(lambda match: getattr(self.entry(match), "wire", ""), text)

    def attribute_text(self, start: int, end: int) -> str:
        """The value of an attribute as written between two offsets of the text, entities decoded."""
        return html.unescape(self.mask(start, end))

    def _restore_tag(self, match: re.Match[str]) -> str:
        tag = self.entry(match)
        return self.mask(tag.start, tag.end, within=tag) if isinstance(tag, HtmlTag) else match[0]

    def _markup(self, entry: Entry, word: str) -> str:
        if not isinstance(entry, HtmlTag):
            return word
        if entry.closing:
            return f"</x-{word}>"
        # The name decides where Markdown sees a block of HTML; one that is never closed must not reach to the end.
        return f"<{entry.name if entry.closed and entry.name in ELEMENTS else 'x'} {word}>"
