"""Filters the tags and images of a prompt, with a finding for each thing that goes. Knows no library; what it lets
through meets nh3 in `render` all the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final
from urllib.parse import unquote

from cyberflow.language.prompt.html_tags import KEPT, STRIPPED, VOID, WITH_TEXT, Attribute, HtmlTag
from cyberflow.language.prompt.sentinels import Sentinels
from cyberflow.language.prompt.tokens import PromptFlaw, TextMend, Token
from cyberflow.late import dataclass, expression

_COMMENT: Final = expression(r"<!--(?:-?>|.*?-->)", re.DOTALL)
_END: Final = expression(r"</([A-Za-z][A-Za-z0-9-]*)\s*>")
_SCHEME: Final = expression(r"([A-Za-z][A-Za-z0-9+.-]*):")
_UNSEEN: Final = expression(r"[\x00-\x20\x7f-\x9f\u00ad\u200b-\u200d\ufeff]")
_ACTIVE: Final = frozenset({"javascript", "vbscript", "livescript", "data", "file", "blob", "filesystem"})
_ELSEWHERE: Final = expression(rf"{_SCHEME.pattern}|//")
PLATFORM_IMAGES: Final = "supabase://"
"""Begins the source of an image that is on the platform already."""


@dataclass(frozen=True, slots=True)
class ImageRefusal:
    """Why an image cannot be used: the file is missing, outside the project, of another kind, or too large."""

    message: str
    help: str | None = None
    meant: str | None = None
    """The source that was meant; `sure` when it is hardly a guess."""
    sure: bool = False


@dataclass(frozen=True, slots=True)
class ImageUse:
    """An image of a prompt: its source and alt text as written, decoded; offsets into the text."""

    src: str
    alt: str
    start: int
    end: int


ImageLookup = Callable[[str, int], str | ImageRefusal]
"""What the wire holds for an image of the project, by its path, that is written at an offset of the text, or why it
cannot be used.
"""


def strip_comments(text: str, standins: Sentinels) -> str:
    """HTML without its comments; one that does not end in this piece is text, or it would take the rest along."""
    for comment in _COMMENT.finditer(text):
        standins.drop(comment[0])
    return _COMMENT.sub("", text).replace("<!--", "&lt;!--")


def is_safe_link(url: str) -> bool:
    """Whether a target may stay: all but those that run or read something where they are clicked."""
    scheme = _SCHEME.match(_UNSEEN.sub("", url))
    return not scheme or scheme[1].lower() not in _ACTIVE


class ImageResolver:
    """The images of one prompt: asks `resolve` for each and gathers findings and the uses that stay."""

    def __init__(self, standins: Sentinels, resolve: ImageLookup) -> None:
        self._standins = standins
        self._resolve = resolve
        self.uses: list[ImageUse] = []
        self.flaws: list[PromptFlaw] = []

    def resolve_source(self, src: str, alt: str, start: int, end: int) -> str:
        """The stand-in for the source of an image whose source and alt text hold stand-ins."""
        use = ImageUse(self._standins.to_plain_text(src), self._standins.to_plain_text(alt), start, end)
        answer = self._resolve_use(src, use)
        if isinstance(answer, str):
            self.uses.append(use)
            return self._standins.add(answer)
        mend = self._mend(answer, use)
        self.flaws.append(PromptFlaw("bad-image", answer.message, start, end, help=answer.help, mend=mend))
        return self._standins.add(src)

    def _mend(self, answer: ImageRefusal, use: ImageUse) -> TextMend | None:
        written = self._standins.source[use.start : use.end]
        if answer.meant is None or written.count(use.src) != 1:
            return None
        at = use.start + written.index(use.src)
        return TextMend(at, at + len(use.src), answer.meant, answer.sure)

    def _resolve_use(self, src: str, use: ImageUse) -> str | ImageRefusal:
        written = unquote(use.src)
        if not written.strip():
            return ImageRefusal("an image without a source", "name a file of the project")
        if use.src.lower().startswith(PLATFORM_IMAGES):
            return src
        if any(isinstance(self._standins.entry(match), Token) for match in self._standins.word_pattern.finditer(src)):
            return ImageRefusal("the source of an image cannot hold a placeholder", "name a file of the project")
        if _ELSEWHERE.match(written):
            shown = written if len(written) <= 60 else written[:57] + "…"  # noqa: PLR2004 - a data: URL is long
            return ImageRefusal(
                f"`{shown}` is not a file of the project",
                "save the image in the project and name its path; only `supabase://` sources pass through",
            )
        return self._resolve(written, use.start)


class TagFilter:
    """Puts the author's tags back, those that a prompt keeps, and gathers a finding for everything dropped."""

    def __init__(self, standins: Sentinels, images: ImageResolver) -> None:
        self._standins = standins
        self._images = images
        self.flaws: list[PromptFlaw] = []

    def filter(self, text: str) -> str:
        """HTML with marked tags in, HTML of kept elements and attributes out."""
        return "".join(self._filter_pieces(text))

    def _filter_pieces(self, text: str) -> Iterator[str]:
        done = 0
        marks = re.compile(f"{self._standins.tag_pattern.pattern}|{_END.pattern.replace('(', '(?P<end>', 1)}")
        while match := marks.search(text, done):
            yield text[done : match.start()]
            done = match.end()
            if name := match["end"]:
                yield "" if name.lower() in STRIPPED else match[0]
                continue
            tag = self._standins.entry(match)
            if isinstance(tag, HtmlTag):
                yield self._filter_tag(tag)
                if tag.name in WITH_TEXT and not tag.closing:
                    done = _end_of_element(tag.name, text, done)
                    self._standins.drop(text[match.end() : done])
        yield text[done:]

    def _filter_tag(self, tag: HtmlTag) -> str:
        if tag.closing:
            if not tag.closed:
                self._report(f"`</{tag.name}>` closes nothing and is dropped", tag.start, tag.end)
            return ""
        if not tag.is_prompt_element:
            self._report(_drop_message(tag), tag.start, tag.end)
            return ""
        if tag.name == "img":
            return self._image_tag(tag)
        kept = f"<{tag.name}{''.join(self._attribute_texts(tag))}>"
        return f"{kept}</{tag.name}>" if tag.empty and tag.name not in VOID else kept

    def _attribute_texts(self, tag: HtmlTag) -> Iterator[str]:
        for attribute in self._filter_attributes(tag):
            value = self._value(attribute)
            if attribute.name == "href" and not is_safe_link(self._standins.to_plain_text(value)):
                self._report(f"the target of `<{tag.name}>` is dropped", attribute.start, attribute.end)
            else:
                yield f' {attribute.name}="{self._standins.add(value)}"'

    def _image_tag(self, tag: HtmlTag) -> str:
        values = {attribute.name: self._value(attribute) for attribute in self._filter_attributes(tag)}
        source = self._images.resolve_source(values.setdefault("src", ""), values.get("alt", ""), tag.start, tag.end)
        return (
            "<img"
            + "".join(
                f' {name}="{source if name == "src" else self._standins.add(value)}"' for name, value in values.items()
            )
            + ">"
        )

    def _filter_attributes(self, tag: HtmlTag) -> list[Attribute]:
        kept: dict[str, Attribute] = {}
        for attribute in tag.attributes:
            if attribute.name in KEPT[tag.name]:
                kept.setdefault(attribute.name, attribute)
            else:
                message = f"the attribute `{attribute.name}` of `<{tag.name}>` is dropped"
                self._report(message, attribute.start, attribute.end)
        return list(kept.values())

    def _value(self, attribute: Attribute) -> str:
        return self._standins.attribute_text(*attribute.value) if attribute.value else ""

    def _report(self, message: str, start: int, end: int) -> None:
        self.flaws.append(PromptFlaw("unsafe-html", message, start, end))


def _drop_message(tag: HtmlTag) -> str:
    if tag.name == "!":
        return "a declaration is dropped"
    if tag.name in WITH_TEXT and tag.closed:
        return f"`<{tag.name}>` is dropped with its text"
    return f"`<{tag.name}>` is dropped, its text stays"


def _end_of_element(name: str, text: str, start: int) -> int:
    """The offset behind the end tag of an element that goes with its text; without one nothing more goes."""
    end = re.compile(rf"</{name}\s*>", re.IGNORECASE).search(text, start)
    return end.end() if end else start
