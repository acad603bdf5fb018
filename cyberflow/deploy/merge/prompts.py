"""Merges one prompt: its blocks three ways, and the edits of the text that says it, behind its template and before."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cyberflow.deploy.merge.conflicts import MergeEdit
from cyberflow.deploy.merge.elements import PromptElement, merge_elements, merge_html, read_elements
from cyberflow.deploy.merge.html_writer import html_edits
from cyberflow.deploy.merge.markdown_writer import CannotPlace, MarkdownWriter
from cyberflow.language.prompt.tokens import Format, Token
from cyberflow.remote.markdown import html_to_markdown
from cyberflow.source import Place, Text


@dataclass(frozen=True)
class PromptSource:
    """A prompt of the sources. `html` is what it compiles to, blocks of Markdown with their lines; `written` is the
    text before its template, which stands at `place`; `images` are the sources of its images as written, by address.
    """

    text: Text
    format: Format
    html: str
    place: Place
    written: str
    tokens: Sequence[Token] = ()
    images: Mapping[str, str] = field(default_factory=dict)

    def to_markdown(self, html: str) -> str:
        """A block of the platform as it would be written here."""
        return html_to_markdown(html, source=lambda address: self.images.get(address, address))


@dataclass(frozen=True)
class PromptMerge:
    """Edits of the text before its template; `html` is what a merge without conflict must compile to."""

    edits: tuple[MergeEdit, ...] = ()
    html: str = ""

    @property
    def conflicts(self) -> int:
        return sum(one.conflict for one in self.edits)


def merge_prompt(source: PromptSource, base: str | None, theirs: str, *, deep: bool = True) -> PromptMerge:
    """Put what the platform changed since `base` into the text. `deep` tells items of lists apart."""
    if source.format == "markdown":
        edits, merged = _markdown_edits(source, base, theirs, deep=deep)
    elif source.format in ("html", "wire"):
        edits = html_edits(base, source.text.value, theirs, source.tokens, source.images)
        merged = _merge_compiled(source, base, theirs)
    else:
        edits, merged = [_whole(source, html_to_plain(theirs), base)], theirs
    return PromptMerge(tuple(_before_template(one, source) for one in edits), merged)


def html_to_plain(html_text: str) -> str:
    """Paragraphs of a text prompt."""
    blocks = [one.html for one in read_elements(html_text, deep=False)]
    texts = (one.removeprefix("<p>").removesuffix("</p>").replace("<br>", "\n") for one in blocks)
    return "\n\n".join(html.unescape(text) for text in texts)


def _markdown_edits(source: PromptSource, base: str | None, theirs: str, *, deep: bool) -> tuple[list[MergeEdit], str]:
    for level in (True, False) if deep else (False,):
        ours, other = (read_elements(text, deep=level) for text in (source.html, theirs))
        regions = merge_elements(None if base is None else read_elements(base, deep=level), ours, other)
        writer = MarkdownWriter(source.text.value, ours, source.to_markdown)
        try:
            edits = [writer.edit(region, other) for region in regions]
        except CannotPlace:
            continue
        return edits, merge_html(ours, other, regions)
    return [_whole(source, source.to_markdown(theirs), base)], theirs


def _merge_compiled(source: PromptSource, base: str | None, theirs: str) -> str:
    """What a merge must compile to, found in what both sides compile to."""
    ours, other = read_elements(source.html), read_elements(theirs)
    return merge_html(ours, other, merge_elements(None if base is None else read_elements(base), ours, other))


def _whole(source: PromptSource, text: str, base: str | None) -> MergeEdit:
    """The whole prompt in the platform's form: a conflict, unless the sources left it as it was."""
    untouched = base is not None and _plain(read_elements(source.html)) == _plain(read_elements(base))
    end = len(source.text.value.rstrip("\n"))
    return MergeEdit(0, end, text, conflict=not untouched)


def _plain(elements: Sequence[PromptElement]) -> list[str]:
    return [one.html for one in elements]


def _before_template(edit: MergeEdit, source: PromptSource) -> MergeEdit:
    """An edit of the text as the template left it, in the text before; where a template made it, a conflict."""
    places = _Origins(source)
    start, end = places.range(edit.start, edit.end)
    if start is not None and end is not None:
        return MergeEdit(start, end, edit.text, edit.conflict)
    start, end = places.around(edit.start, edit.end)
    return MergeEdit(start, end, edit.text, conflict=True, theirs=edit.text.strip("\n"))


class _Origins:
    """Where characters of a prompt were written, in the one text that holds the prompt."""

    def __init__(self, source: PromptSource) -> None:
        self._pieces = source.text.pieces
        self._length = len(source.text.value)
        self._place = source.place
        self._written = source.written

    def at(self, offset: int) -> int | None:
        """Where a character was written; None for one that was computed, or written elsewhere."""
        index = max((at for at, piece in enumerate(self._pieces) if piece.start <= offset), default=0)
        piece = self._pieces[index]
        here = (piece.place.path, piece.place.route) == (self._place.path, self._place.route)
        return piece.offset + offset - piece.start if here and piece.width is None else None

    def range(self, start: int, end: int) -> tuple[int | None, int | None]:
        if start == end:
            at = self.at(start) if start < self._length else None
            before = self.at(start - 1) if start else None
            at = at if at is not None else before + 1 if before is not None else 0 if not self._length else None
            return at, at
        found = [self.at(offset) for offset in range(start, end)]
        first = found[0]
        if first is None or any(at != first + number for number, at in enumerate(found)):
            return None, None
        return first, first + end - start

    def around(self, start: int, end: int) -> tuple[int, int]:
        """The text between what is written here before a range and behind it, without the line ends at its edges."""
        before = next((at + 1 for offset in range(start - 1, -1, -1) if (at := self.at(offset)) is not None), 0)
        after = (at for offset in range(end, self._length) if (at := self.at(offset)) is not None)
        first, last = before, max(before, next(after, len(self._written)))
        while first < last and self._written[first] == "\n":
            first += 1
        while last > first and self._written[last - 1] == "\n":
            last -= 1
        return first, last
