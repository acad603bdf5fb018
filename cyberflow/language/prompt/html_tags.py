"""HTML tags as a prompt writes them: the elements of the standard, those that a prompt keeps, and their attributes.

Knows nothing of placeholders but their outline, so that one inside an attribute ends neither the value nor the tag.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from cyberflow.language.prompt.paths import PATH
from cyberflow.late import dataclass, expression


def _word_set(text: str) -> frozenset[str]:
    return frozenset(text.split())


ELEMENTS = _word_set(
    "a abbr address area article aside audio b base bdi bdo blockquote body br button canvas caption cite code col "
    "colgroup data datalist dd del details dfn dialog div dl dt em embed fieldset figcaption figure footer form h1 "
    "h2 h3 h4 h5 h6 head header hgroup hr html i iframe img input ins kbd label legend li link main map mark math "
    "menu meta meter nav noscript object ol optgroup option output p picture pre progress q rp rt ruby s samp "
    "script search section select selectedcontent slot small source span strong style sub summary sup svg table "
    "tbody td template textarea tfoot th thead time title tr track u ul var video wbr"
)
"""The elements of the HTML standard, without the obsolete ones."""

VOID = _word_set("area base br col embed hr img input link meta source track wbr")
OPTIONAL_END = _word_set("body caption colgroup dd dt head html li optgroup option p rp rt tbody td tfoot th thead tr")
KEPT: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(
        _word_set(
            "p br hr h1 h2 h3 h4 h5 h6 b strong i em u s mark code pre kbd sub sup span div ul ol li blockquote "
            "table thead tbody tr th td"
        ),
        frozenset[str](),
    ),
    "ol": frozenset({"start"}),
    "a": frozenset({"href"}),
    "img": frozenset({"src", "alt"}),
}
"""The elements that a prompt keeps, with their attributes."""

WITH_TEXT = frozenset({"script", "style"})
"""Elements that go together with their text."""

STRIPPED = ELEMENTS - frozenset(KEPT)

_BLANK = r"(?:[ \t]|\r?\n(?![ \t]*\r?\n))"
_HOLE = rf"\{{\{{{PATH}\}}\}}|\{{\$?{PATH}\}}|<\$?{PATH}>"
_SPAN = rf"{_BLANK}|[^ \t\r\n"
_VALUE = rf"\"(?:{_HOLE}|{_SPAN}\"])*+\"|'(?:{_HOLE}|{_SPAN}'])*+'|(?:{_HOLE}|[^\s\"'=<>`])++"
_NAME = r"[A-Za-z_][A-Za-z0-9_-]*+"
_ATTRIBUTE = rf"{_BLANK}++(?!/?>)([A-Za-z_:@#][^\s\"'<>/=`,;(){{}}\[\]]*+)(?:{_BLANK}*+={_BLANK}*+({_VALUE}))?"

_OPEN = expression(rf"<({_NAME})((?:{re.sub(r'[(](?![?])', '(?:', _ATTRIBUTE)})*+){_BLANK}*+(/?)>")
_CLOSE = expression(rf"</({_NAME}){_BLANK}*+>")
_EACH_ATTRIBUTE = expression(_ATTRIBUTE)
_EACH_TAG = expression(rf"<(/?)({_NAME})(?=[\s>])")
DECLARATION = expression(r"<![A-Za-z][^<>]*+>")
AUTOLINK = expression(
    rf"<(?:[A-Za-z][A-Za-z0-9+.-]{{1,31}}:(?:{_HOLE}|[^\s<>])*+|[A-Za-z0-9.!#$%&'*+/=?^_`{{|}}~-]++@[A-Za-z0-9.-]++)>"
)
HOLE = expression(_HOLE)


@dataclass(frozen=True, slots=True)
class Attribute:
    """Offsets into the text; those of the value are without its quotes, and None when there is no value."""

    name: str
    start: int
    end: int
    value: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class HtmlTag:
    """A tag as written. `closed`: it has its partner, or needs none."""

    name: str
    start: int
    end: int
    closing: bool = False
    closed: bool = True
    empty: bool = False
    attributes: tuple[Attribute, ...] = ()

    @property
    def is_prompt_element(self) -> bool:
        return self.name in KEPT

    @property
    def is_verbatim(self) -> bool:
        """Whether it may stay in the document as it is written."""
        return (
            self.is_prompt_element
            and not self.attributes
            and (not self.empty or self.name in VOID)
            and self.name != "img"
        )


class TagPairs:
    """Which tags of a text have a partner: by name, the nearest ones first."""

    def __init__(self, text: str) -> None:
        self._paired: set[int] = set()
        opened: dict[str, list[int]] = {}
        for match in _EACH_TAG.finditer(text):
            waiting = opened.setdefault(match[2].lower(), [])
            if not match[1]:
                waiting.append(match.start())
            elif waiting:
                self._paired |= {waiting.pop(), match.start()}

    def is_closed(self, name: str, start: int) -> bool:
        return start in self._paired or name in VOID or name in OPTIONAL_END


def tag_at(text: str, start: int, pairs: TagPairs) -> HtmlTag | None:
    """The tag that begins at a `<`, if one does. An unknown word with bare words behind it and no end tag is text."""
    if match := _CLOSE.match(text, start):
        name = match[1].lower()
        return HtmlTag(name, start, match.end(), closing=True, closed=pairs.is_closed(name, start))
    match = _OPEN.match(text, start)
    if not match:
        return None
    name = match[1].lower()
    attributes = tuple(_attributes(text, match.start(2), match.end(2)))
    closed = pairs.is_closed(name, start)
    if not (closed or match[3] or any(attribute.value for attribute in attributes)):
        return None
    return HtmlTag(name, start, match.end(), closed=closed, empty=bool(match[3]), attributes=attributes)


def _attributes(text: str, start: int, end: int) -> list[Attribute]:
    return [
        Attribute(match[1].lower(), match.start(1), match.end(), _value_range(text, *match.span(2)))
        for match in _EACH_ATTRIBUTE.finditer(text, start, end)
    ]


def _value_range(text: str, start: int, end: int) -> tuple[int, int] | None:
    if start < 0:
        return None
    return (start + 1, end - 1) if text[start] in "\"'" else (start, end)
