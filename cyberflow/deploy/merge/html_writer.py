"""Prompts that are written in HTML, or byte for byte as they are on the wire, cut at their tags and compared by these
pieces: what the platform changed is put into the text where it stands.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from cyberflow.deploy.merge.conflicts import MergeEdit
from cyberflow.deploy.merge.elements import MergeRegion, PromptElement, merge_elements
from cyberflow.language.prompt.tokens import Token

_PIECES = re.compile(r"<[A-Za-z/!][^<>]*>|(?:[^<]|<(?![A-Za-z/!]))+")
_HIDDEN = "\ue000"


def html_edits(
    base: str | None, text: str, theirs: str, tokens: Sequence[Token], images: Mapping[str, str]
) -> list[MergeEdit]:
    """The edits of a text; `tokens` are its placeholders, `images` the sources of images as written, by address."""
    places, mine = zip(*_written_pieces(text, tokens, images), strict=True) if text else ((), ())
    one, other = (None if html is None else _wire_pieces(html) for html in (base, theirs))
    ours = [PromptElement(piece) for piece in mine]

    def edit(region: MergeRegion) -> MergeEdit:
        first, last = region.ours
        start = places[first][0] if first < len(places) else len(text)
        end = places[last - 1][1] if last > first else start
        new = "".join(element.html for element in (other or [])[slice(*region.theirs)])
        for address, written in images.items():
            new = new.replace(f'"{address}"', f'"{written}"')
        return MergeEdit(start, end, new, region.conflict)

    return [edit(region) for region in merge_elements(one, ours, other or [])]


def _wire_pieces(html: str) -> list[PromptElement]:
    return [PromptElement(match[0]) for match in _PIECES.finditer(html)]


def _written_pieces(text: str, tokens: Sequence[Token], images: Mapping[str, str]) -> list[tuple[tuple[int, int], str]]:
    """The pieces of a text with what each is on the wire; a placeholder such as `<name>` is text."""
    hidden = text
    for one in tokens:
        hidden = hidden[: one.start] + _HIDDEN * (one.end - one.start) + hidden[one.end :]
    addresses = {f'"{written}"': f'"{address}"' for address, written in images.items()}
    found = []
    for match in _PIECES.finditer(hidden):
        start, end = match.span()
        wire, done = "", start
        for one in tokens:
            if start <= one.start < end:
                wire, done = wire + text[done : one.start] + one.wire, one.end
        wire += text[done:end]
        for written, address in addresses.items():
            wire = wire.replace(written, address) if wire.startswith("<img") else wire
        found.append(((start, end), wire))
    return found
