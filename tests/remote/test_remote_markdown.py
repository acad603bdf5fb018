"""Prompts as Markdown: for reading, and for `pull` where it renders to the same HTML."""

from __future__ import annotations

from html import escape

import hypothesis.strategies as st
import pytest
from hypothesis import given

from cyberflow.language.prompt.render import render
from cyberflow.language.prompt.scanner import scan
from cyberflow.remote.html import canonical_html
from cyberflow.remote.markdown import html_to_markdown, readable_lines


def rendered(text: str) -> str:
    prompt = scan(text, format="markdown", inputs={"mrn", "a"})
    return canonical_html(render(prompt, "markdown", image=lambda src, _: src).html)


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>Open {mrn} with {$pin}.</p>", "Open <mrn> with <$pin>."),
        ("<p>{{saved}} and \\{mrn}</p>", "{{saved}} and \\{mrn}"),
        ("<h2>Do</h2><p>x</p>", "## Do\n\nx"),
        ("<ol><li>One</li><li>Two</li></ol>", "1. One\n2. Two"),
        ("<ul><li><p>a</p><p>b</p></li><li><p>c</p></li></ul>", "- a\n\n  b\n\n- c"),
        ("<ul><li>a<ul><li>b</li></ul></li></ul>", "- a\n  - b"),
        ("<p>a <strong>b</strong> <em>c</em> <code>d {mrn}</code></p>", "a **b** *c* `d <mrn>`"),
        ('<p><img src="supabase://x/y.png" alt="it"></p>', "![it](supabase://x/y.png)"),
        ('<p><a href="https://x.y/">l</a><br>z</p>', "[l](https://x.y/)<br>\nz"),
        ("<blockquote><p>q</p></blockquote><hr>", "> q\n\n---"),
        ("<p>5 &lt; x, 2 * 3, # no, [a]</p>", None),
        ("<p># a</p><p>1. b</p><p>- c</p>", None),
    ],
)
def test_markdown_says_the_same(html: str, text: str | None) -> None:
    written = html_to_markdown(html)

    assert rendered(written) == canonical_html(html)
    if text is not None:
        assert written == text


@given(st.text(st.sampled_from("ab 12.*_()#-+!;'\"|"), min_size=1, max_size=20))
def test_text_stays_text(text: str) -> None:
    source = f"<p>x {escape(text)}</p>"

    assert rendered(html_to_markdown(source)) == canonical_html(source)


def test_lines_for_reading_name_images_and_escape_nothing() -> None:
    lines = readable_lines('<p>Click <b>it</b>: <img src="asset://x" alt="a"> 2 * 3 [b]</p>', lambda _: "search.png")

    assert lines == ["Click **it**: ![a](search.png) 2 * 3 [b]"]
