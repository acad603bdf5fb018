"""Laws of merging: rows of elements three ways, and prompts that must compile to what the platform says."""

from __future__ import annotations

import re

from hypothesis import example, given, settings
from hypothesis import strategies as st

from cyberflow.deploy.merge.conflicts import MergeEdit, edit_bytes, edit_text
from cyberflow.deploy.merge.elements import PromptElement, merge_elements, merge_html, read_elements
from cyberflow.deploy.merge.prompts import PromptSource, merge_prompt
from cyberflow.language.prompt.render import render
from cyberflow.language.prompt.scanner import scan
from cyberflow.remote.html import canonical_html
from cyberflow.source import Place, Text

ROWS = st.lists(st.sampled_from("abcd"), max_size=6).map(lambda row: [PromptElement(one) for one in row])


@given(ROWS, ROWS)
def test_one_side_alone_is_taken_whole(base: list[PromptElement], side: list[PromptElement]) -> None:
    assert not merge_elements(base, side, base)
    assert not merge_elements(base, side, side)
    regions = merge_elements(base, base, side)
    assert not any(one.conflict for one in regions)
    assert merge_html(base, side, regions) == merge_html(side, side, [])


@given(ROWS, ROWS, ROWS)
def test_a_merge_is_the_same_whoever_is_who(
    base: list[PromptElement], one: list[PromptElement], other: list[PromptElement]
) -> None:
    there, back = merge_elements(base, one, other), merge_elements(base, other, one)

    assert any(region.conflict for region in there) == any(region.conflict for region in back)
    if not any(region.conflict for region in there):
        assert merge_html(one, other, there) == merge_html(other, one, back)


TABLE = "| a | b |\n|---|---|\n| 1 | 2 |"
ITEMS = st.lists(st.sampled_from(["alpha", "beta", "gamma <name>", "**delta**", "eps {{run}}"]), min_size=1, max_size=4)
BLOCKS = st.one_of(
    st.sampled_from(["# Title", "Open it.", "Wait\nfor it.", "Read `x`.", "> Quoted.", "---", "```\ncode\nmore\n```"]),
    ITEMS.map(lambda items: "\n".join(f"- {one}" for one in items)),
    ITEMS.map(lambda items: "\n".join(f"{at}. {one}" for at, one in enumerate(items, 1))),
    ITEMS.map(lambda items: "\n\n".join(f"{at}. {one}" for at, one in enumerate(items, 1))),
    st.tuples(ITEMS, ITEMS).map(lambda two: "\n".join([f"- {two[0][0]}", *(f"  - {one}" for one in two[1]), "- end"])),
    st.just("1. one\n\n   more\n\n2. two"),
    st.just(TABLE),
)
PROMPTS = st.lists(BLOCKS, max_size=5).map(lambda blocks: "\n\n".join(blocks) + ("\n" if blocks else ""))


def html(markdown: str, *, lines: bool = False) -> str:
    read = scan(markdown, format="markdown", inputs=["name"])
    return render(read, "markdown", image=lambda source, _: source, lines=lines).html


@settings(max_examples=200, deadline=None)
@given(PROMPTS, PROMPTS, st.booleans())
@example(f"- beta\n- alpha\n\n{TABLE}\n", f"- beta\n\n{TABLE}\n", True)
def test_an_untouched_prompt_becomes_what_the_platform_says(ours: str, theirs: str, deep: bool) -> None:
    place = Place("x.md")
    source = PromptSource(Text.of(ours, place), "markdown", html(ours, lines=True), place, ours)
    found = merge_prompt(source, html(ours), html(theirs), deep=deep)

    assert not found.conflicts
    made = edit_text(ours, found.edits, "prod")
    if deep and is_loose(ours, theirs):
        return
    assert canonical_html(html(made)) == canonical_html(html(theirs)), made


@settings(max_examples=200, deadline=None)
@given(PROMPTS, st.data(), st.booleans())
def test_a_clean_merge_compiles_to_what_it_must(base: str, data: st.DataObject, deep: bool) -> None:
    ours, theirs = (edit_blocks(base, data) for _ in range(2))
    place = Place("x.md")
    source = PromptSource(Text.of(ours, place), "markdown", html(ours, lines=True), place, ours)
    found = merge_prompt(source, html(base), html(theirs), deep=deep)

    if found.conflicts or (deep and is_loose(ours, theirs)) or re.search(r"</(ul|ol)><\1", found.html):
        return  # two lists in a row are one in Markdown: whoever merges finds that they are not what they must be
    assert canonical_html(html(edit_text(ours, found.edits, "prod"))) == canonical_html(found.html)


def edit_blocks(markdown: str, data: st.DataObject) -> str:
    """A prompt with a line or a block of it changed."""
    blocks = markdown.rstrip("\n").split("\n\n")
    at = data.draw(st.integers(0, len(blocks)))
    if data.draw(st.booleans()):
        blocks.insert(at, data.draw(BLOCKS))
    elif at < len(blocks):
        blocks[at] = data.draw(st.one_of(BLOCKS, st.just(blocks[at].replace("alpha", "omega"))))
    return "\n\n".join(blocks) + "\n"


def is_loose(ours: str, theirs: str) -> bool:
    """Whether items of both kinds may meet in a list, which Markdown cannot say: then it goes by whole lists."""
    return any("<li>\n<p>" in html(one) for one in (ours, theirs))


@given(st.lists(st.sampled_from(["a", "", "b b"]), max_size=5), st.integers(0, 20))
def test_bytes_outside_an_edit_stay(lines: list[str], at: int) -> None:
    for ending in ("\n", "\r\n"):
        raw = b"\xef\xbb\xbf" + ending.join(lines).encode()
        bare = "\n".join(lines)
        place = min(at, len(bare))
        made = edit_bytes(raw, [MergeEdit(place, place, "new\nline")], "prod")
        expected = bare[:place] + "new\nline" + bare[place:]
        assert made == b"\xef\xbb\xbf" + (expected.replace("\n", ending) if "\n" in bare else expected).encode()


def test_conflicts_that_share_a_line_are_one() -> None:
    text = "one\ntwo three\nfour\n"
    edits = [MergeEdit(4, 7, "2", conflict=True), MergeEdit(8, 13, "3", conflict=True), MergeEdit(0, 3, "1")]

    assert edit_text(text, edits, "prod") == ("1\n<<<<<<< sources\ntwo three\n=======\n2 3\n>>>>>>> prod\nfour\n")


def test_lines_are_known_of_every_block() -> None:
    text = "# A\n\np\nq\n\n- x\n- y\n\n```\nc\n```\n\n> z\n"
    found = {one.html: one.lines for one in read_elements(html(text, lines=True)) if one.step >= 0}

    assert found == {
        "<h1>A</h1>": (0, 1),
        "<p>p q</p>": (2, 4),
        "<ul>": (5, 8),
        "<li>x</li>": (5, 6),
        "<li>y</li>": (6, 8),
        "<pre><code>c\n</code></pre>": (8, 11),
        "<blockquote><p>z</p></blockquote>": (12, 13),
    }
