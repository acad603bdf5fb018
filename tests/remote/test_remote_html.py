from __future__ import annotations

import re
from html import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cyberflow.remote.html import canonical_html, html_lines

WORDS = st.text(alphabet="ab <>&\"'{}$\n\t\xa0é", max_size=12)
INLINE = st.sampled_from(["b", "code", "a", "span", "kbd"])
BLOCKS = st.sampled_from(["p", "ul", "li", "div", "pre", "h2", "table", "tr", "td", "blockquote"])


def _element(children: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    tag = st.one_of(INLINE, BLOCKS)
    return st.builds(lambda name, inside: f"<{name}>{''.join(inside)}</{name}>", tag, st.lists(children, max_size=3))


MARKUP = st.recursive(WORDS.map(escape), _element, max_leaves=12).flatmap(lambda one: st.just(f"<div>{one}</div>"))


@given(st.text(alphabet="ab<>/=&\"' \n-!?;#preulimg{}", max_size=60))
def test_the_form_of_any_text_at_all_is_its_own_form(text: str) -> None:
    assert canonical_html(canonical_html(text)) == canonical_html(text)


@given(MARKUP)
def test_the_form_of_markup_is_its_own_form(markup: str) -> None:
    assert canonical_html(canonical_html(markup)) == canonical_html(markup)


@given(MARKUP, st.sampled_from(["\n", "  ", "\r\n\t", "<!-- note -->"]))
def test_blanks_at_the_edges_of_blocks_and_comments_say_nothing(markup: str, blanks: str) -> None:
    spread = re.sub(r"(?=<(?:p|ul|div|h2|table|blockquote)>)", blanks, markup)

    assert "<pre>" in markup or canonical_html(spread) == canonical_html(markup)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("<p>a &amp; b</p>", "<P>a &#38; b</P>"),
        ("<img src='x' alt=\"y\">", '<img alt="y" src="x" />'),
        ("<ul><li>a<li>b</ul>", "<ul>\n  <li>a</li>\n  <li>b</li>\n</ul>\n"),
        ("<p>a<p>b", "<p>a</p><p>b</p>"),
        ("<p>a\n  b</p>", "<p>a b</p>"),
        ("<p>a<br>b</p>", "<p>a <br/> b</p>"),
        ("<p>{data['k']}</p>", "<p>{data[&#39;k&#39;]}</p>"),
        ("<p>x &lt; 5</p>", "<p>x < 5</p>"),
        ("<pre>a\r\nb</pre>", "<pre>\na\nb</pre>"),
        ('<img src="x" alt="">', '<img src="x">'),
        ("a\r\n b  c\n", "a\nb c"),
        ("<table><tr><td>a<td>b</table>", "<table><tr><td>a</td><td>b</td></tr></table>"),
    ],
)
def test_what_the_service_may_write_differently_is_equal(one: str, other: str) -> None:
    assert canonical_html(one) == canonical_html(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("<p>a b</p>", "<p>a</p><p>b</p>"),
        ("<p>a b</p>", "<p>ab</p>"),
        ("<p>a&nbsp;b</p>", "<p>a b</p>"),
        ("<p>a<b>b</b></p>", "<p>ab</p>"),
        ("<pre>a\n  b</pre>", "<pre>a\nb</pre>"),
        ("<pre>\n\na</pre>", "<pre>a</pre>"),
        ("a\nb", "a b"),
        ("<p>&lt;b&gt;</p>", "<p><b></b></p>"),
        ('<img src="x">', '<img src="y">'),
        ("<ol><li>a</li></ol>", "<ul><li>a</li></ul>"),
    ],
)
def test_what_a_person_edits_differs(one: str, other: str) -> None:
    assert canonical_html(one) != canonical_html(other)


def test_a_prompt_is_cut_into_lines_at_its_blocks() -> None:
    assert html_lines("<ol><li>Open <b>it</b></li><li>Close</li></ol><p>End</p>") == [
        "<ol>",
        "<li>Open <b>it</b></li>",
        "<li>Close</li>",
        "</ol>",
        "<p>End</p>",
    ]


def test_a_deep_nest_is_no_crash() -> None:
    assert canonical_html("<div>" * 5000).count("</div>") == 5000
