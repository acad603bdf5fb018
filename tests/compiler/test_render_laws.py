"""What holds of every prompt: tokens arrive whole, nothing but the kept HTML goes out, and rendering is a function."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cyberflow.language.prompt.html_tags import KEPT
from cyberflow.language.prompt.render import RenderedPrompt, render
from cyberflow.language.prompt.scanner import scan
from cyberflow.language.prompt.tokens import Format

_PIECES = (
    "<name> {name} {$x} {{y}} \\ \\<name> \\{name} < > { } ` ``` ~~~ * ** _ ~~ [ ] ( ) ]( ![ ![x](y.png) - # 1. | |-| "
    "\" ' & &lt; &#123; &#92; &not <!-- --> <b> </b> <div> </div> <p> </p> <script> </script> <style> <foo> </foo> "
    "<table> <tr> <td> </table> <pre> </pre> <textarea> <!DOCTYPE <?x?> <![CDATA[ ]]> <https://x.y> a Z0 [r]:y.png : $ "
    "<br/> <span/> <ul> <li> <select> <svg> <plaintext> <title> <template> <iframe> <a['*k*']>"
)
_MORE = ["\n", "\n\n", " ", "    ", "\t", "> ", "\u00a0", '<a href="', '<img alt="', '">', '<foo x="1">', "<name >"]
_PROSE = st.one_of(
    st.text(max_size=60), st.lists(st.sampled_from([*_PIECES.split(), *_MORE]), max_size=18).map("".join)
)
_WORD = st.from_regex(r"[A-Za-z_][A-Za-z0-9_-]{0,6}", fullmatch=True)
_KEY = st.text(alphabet="abc *_|`~[]()!#&;.:/\\-+=$^é", min_size=1, max_size=8)
_PATH = st.builds(
    lambda root, keys: "x" + root + "".join(keys),
    _WORD,
    st.lists(
        st.one_of(_WORD.map(".{}".format), st.integers(0, 99).map("[{}]".format), _KEY.map(lambda key: f"['{key}']")),
        max_size=3,
    ),
)
_TOKENS = st.builds(
    lambda form, path: (form[0].format(path), form[1].format(path)),
    st.sampled_from(
        [
            ("<{}>", "{{{}}}"),
            ("<${}>", "{{${}}}"),
            ("{{{}}}", "{{{}}}"),
            ("{{${}}}", "{{${}}}"),
            ("{{{{{}}}}}", "{{{{{}}}}}"),
        ]
    ),
    _PATH,
)
_CONTEXTS = [
    "{}",
    "x {} y",
    "x{}y",
    "_{}_",
    "a_{}_b",
    "*{}*",
    "**{}**",
    "~~{}~~",
    "**k:**{}",
    "({})",
    '"{}"',
    "`{}`",
    "``a`{}``",
    "```\n{}\n```",
    "    {}",
    "~~~ x\na {} b\n~~~",
    "|a|b|\n|-|-|\n|{}|x|",
    "[x]({})",
    "[x](<a {} b>)",
    "[x](http://{}:{{$p}}/)",
    "[{}](http://x.y)",
    "[x][r]\n\n[r]: http://h/{}",
    "![{}](a.png)",
    "![x `{}`](a.png)",
    '<a href="{}">x</a>',
    '<img src="a.png" alt="x {} y">',
    "<p>{}</p>",
    "<div>\n{}\n</div>",
    "<pre>\n{}</pre>",
    "- {}",
    "1. a\n   - {}",
    "> {}",
    "# {}",
    "{}\n===",
    "a  \n{}",
    "a\\\n{}",
    "&{};",
    "&not{}",
    "&#1{};",
    "<https://x.y/{}>",
    "*a*{}*b*",
    "{}{{{{z}}}}",
    "{}</b>",
    '`<i class="{}">`',
    "<i title='q'>{}</i>",
    "&lt;{}&gt;",
    "<{}",
    "x < {} > y",
    "!{}",
    "[{}]",
    "![{}]",
    "{}:",
    "{}. x",
]


def made(text: str, format: Format = "markdown") -> RenderedPrompt:
    return render(scan(text, format=format, inputs={"name"}), format, image=lambda src, _: f"asset://{src}")


class Reader(HTMLParser):
    """Gathers what a prompt must not hold."""

    def __init__(self) -> None:
        super().__init__()
        self.foreign: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in KEPT or {name for name, _ in attrs} - KEPT[tag]:
            self.foreign.append(f"{tag} {attrs}")

    def handle_comment(self, data: str) -> None:
        self.foreign.append(data)

    def handle_decl(self, decl: str) -> None:
        self.foreign.append(decl)

    def handle_pi(self, data: str) -> None:
        self.foreign.append(data)


@pytest.mark.parametrize("context", _CONTEXTS)
@given(token=_TOKENS)
@settings(max_examples=25, deadline=None)
def test_a_token_arrives_once_and_whole_wherever_it_stands(context: str, token: tuple[str, str]) -> None:
    written, wire = token
    text = context.format(written)

    rendered = made(text)

    # An index is a number: `[07]` cannot be generated, so that the wire form is the path as written.
    assert rendered.html.count(wire) == (2 if "https://x.y/{}" in context else 1)
    assert [wire] == [token.wire for token in rendered.tokens if token.wire not in ("{$p}", "{{z}}")]
    assert {flaw.rule for flaw in rendered.flaws} <= {"unsafe-html"}


@given(_PROSE, st.sampled_from(["markdown", "html", "text", "wire"]))
@settings(max_examples=400, deadline=None)
def test_any_text_renders_to_kept_html_and_always_the_same(text: str, format: Format) -> None:
    rendered = made(text, format)

    assert rendered == made(text, format)
    assert not re.search(r"Z\d+Y\d{7}X", rendered.html)
    if format == "wire":
        assert text == rendered.html
        return
    reader = Reader()
    reader.feed(rendered.html)
    reader.close()
    assert reader.foreign == []


@given(_PROSE, st.sampled_from(["markdown", "html", "text"]))
@settings(max_examples=400, deadline=None)
def test_what_was_rendered_renders_to_itself(text: str, format: Format) -> None:
    first = made(text, format)
    again = render(scan(first.html, format="html", inputs={"name"}), "html", image=lambda src, _: src)

    if not {flaw.rule for flaw in first.flaws} & {"bad-placeholder", "backslash-placeholder"}:
        assert first.html == again.html


@given(_PROSE)
@settings(max_examples=200, deadline=None)
def test_a_token_on_the_wire_was_found_in_the_text(text: str) -> None:
    """No entity, comment or dropped tag may make a placeholder of what the author wrote as text."""
    rendered = made(text)
    wires = {token.wire for token in rendered.tokens}

    if not rendered.flaws:
        on_the_wire = re.findall(r"(?<![\\{])(\{\{[a-z]+\}\}|\{\$?[a-z]+\})", rendered.html)
        assert set(on_the_wire) <= wires


@pytest.mark.slow
def test_a_long_prompt_takes_its_time_once() -> None:
    text = "1. Type <name> into **the _field_** `{x}` of C:\\in\\_a, [there](http://h/<name>).\n" * 2000

    assert len(made(text).tokens) == 6000
