"""Prompts to HTML, example by example."""

from __future__ import annotations

import subprocess
import sys

import pytest

from cyberflow.language.prompt.render import RenderedPrompt, render
from cyberflow.language.prompt.sanitize import ImageRefusal
from cyberflow.language.prompt.scanner import scan
from cyberflow.language.prompt.tokens import Format

INPUTS = frozenset({"name", "patient", "first", "last"})


def image(src: str, _: int) -> str | ImageRefusal:
    return f"asset://{src}" if src.endswith(".png") else ImageRefusal(f"`{src}` is not there")


def made(text: str, format: Format = "markdown") -> RenderedPrompt:
    return render(scan(text, format=format, inputs=INPUTS), format, image=image)


def found(text: str, format: Format = "markdown") -> list[tuple[str, str]]:
    return [(flaw.rule, text[flaw.start : flaw.end]) for flaw in made(text, format).flaws]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Type <name>, <$pin>, {{row}}.", "<p>Type {name}, {$pin}, {{row}}.</p>"),
        ("\\<name> \\{name} \\{{x}} \\{$x}", "<p>&lt;name&gt; \\{name} \\{{x}} \\{$x}</p>"),
        (
            "`\\<name> \\{name}` `\\*`",
            "<p><code>\\&lt;name&gt; \\{name}</code> <code>\\*</code></p>".replace("\\&", "&"),
        ),
        ("__EMPTY__, `__CLEAR__`, __no__", "<p>__EMPTY__, <code>__CLEAR__</code>, <strong>no</strong></p>"),
        ("<first>_<last>_<name>.pdf", "<p>{first}_{last}_{name}.pdf</p>"),
        (
            "_<name>_ *<name>* **<name>** ~~<name>~~",
            "<p><em>{name}</em> <em>{name}</em> <strong>{name}</strong> <s>{name}</s></p>",
        ),
        ("**Name:**<name> <name>**(x)**", "<p><strong>Name:</strong>{name} {name}<strong>(x)</strong></p>"),
        ("<name>*, <last>*", "<p>{name}*, {last}*</p>"),
        ("<a['*x*|_y_ & `z`']> *w*", "<p>{a['*x*|_y_ & `z`']} <em>w</em></p>"),
        ("[<name>](http://<name>:{patient.port}/a b)", "<p>[{name}](http://{name}:{patient.port}/a b)</p>"),
        (
            "[<name>](http://<name>:{patient.port}/?q=ä)",
            '<p><a href="http://{name}:{patient.port}/?q=%C3%A4">{name}</a></p>',
        ),
        (
            "<https://x.y/a_b_c> <u@x.y>",
            '<p><a href="https://x.y/a_b_c">https://x.y/a_b_c</a> <a href="mailto:u@x.y">u@x.y</a></p>',
        ),
        ("![<name> & `{{x}}` *b*](a.png)", '<p><img src="asset://a.png" alt="{name} &amp; {{x}} b"></p>'),
        ("[![x](a.png)](<name>)", '<p><a href="{name}"><img src="asset://a.png" alt="x"></a></p>'),
        ("# <name>\n\n> {name}\n\n---", "<h1>{name}</h1>\n<blockquote>\n<p>{name}</p>\n</blockquote>\n<hr>"),
        (
            "- a\n  1. <name>\n\n           {$x}",
            "<ul>\n<li>a\n<ol>\n<li>\n<p>{name}</p>\n<pre><code>  {$x}\n</code></pre>\n</li>\n</ol>\n</li>\n</ul>",
        ),
        (
            '```sh\ncd C:\\in\\_x\\*.csv; <b>\\*</b> {"a": 1}\n```',
            '<pre><code>cd C:\\in\\_x\\*.csv; &lt;b&gt;\\*&lt;/b&gt; {"a": 1}\n</code></pre>',
        ),
        (
            '```\n<a class="<name>">\n![x](y.gif) <!-- {x} -->\n```',
            '<pre><code>&lt;a class="{name}"&gt;\n![x](y.gif) &lt;!-- {x} --&gt;\n</code></pre>',
        ),
        (
            "|a|b|\n|:-|-:|\n|<a['|']>|`{x}`|",
            "<table>\n<thead>\n<tr>\n<th>a</th>\n<th>b</th>\n</tr>\n</thead>\n<tbody>\n<tr>\n<td>{a['|']}</td>\n<td><code>{x}</code></td>\n</tr>\n</tbody>\n</table>",
        ),
        ("C:\\in\\_old\\*.csv \\\\srv\\share D:\\*a*\\b", "<p>C:\\in\\_old\\*.csv \\\\srv\\share D:\\*a*\\b</p>"),
        ("**C:\\in\\** \\*x* (\\_y_)", "<p><strong>C:\\in\\</strong> *x* (_y_)</p>"),
        ("one\\\ntwo  \nC:\\in\\\nthree", "<p>one<br>\ntwo<br>\nC:\\in\\\nthree</p>"),
        ('{"a": 1} { $_.Name } x < 5 > y & z', '<p>{"a": 1} { $_.Name } x &lt; 5 &gt; y &amp; z</p>'),
        ("List<string, int> <any key> <div", "<p>List&lt;string, int&gt; &lt;any key&gt; &lt;div</p>"),
        ("<{name}> &<name>; &not<name>", "<p>&lt;{name}&gt; &amp;{name}; &amp;not{name}</p>"),
        ("&#123;name} &lt;name&gt;", "<p>\\{name} &lt;name&gt;</p>"),
        ('it\'s "quoted" ... http://x.y', '<p>it\'s "quoted" ... http://x.y</p>'),
        ("<U>a</U><br/>b <kbd>Ctrl</kbd> <b/>", "<p><u>a</u><br>b <kbd>Ctrl</kbd> <b></b></p>"),
        ("<div>\n\n*<name>*\n\n</div>", "<div>\n<p><em>{name}</em></p>\n</div>"),
        ("a <!-- <name> {x} <blink> \\<y> --> b", "<p>a  b</p>"),
        ("<name>", "<p>{name}</p>"),
        ("", ""),
    ],
)
def test_markdown(text: str, expected: str) -> None:
    assert expected == made(text).html


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "One <name>\ntwo & <b>x</b>\n\n\n  \\<y>",
            "<p>One {name}<br>\ntwo &amp; &lt;b&gt;x&lt;/b&gt;</p>\n<p>&lt;y&gt;</p>",
        ),
        ("*a* `b` {{x}}", "<p>*a* `b` {{x}}</p>"),
    ],
)
def test_text(text: str, expected: str) -> None:
    assert expected == made(text, "text").html


@pytest.mark.parametrize(
    "text",
    [
        "<p>Type {name}&nbsp;in <strong>it</strong>:</p>\n<p>\\{x} &lt;b&gt; &amp; {a['R&D']}</p>\n",
        '<ul><li><p>{$pin}</p></li></ul><img alt="x {name}" src="supabase://workflow-prompt-images/o/a.png"><p><br></p>',
        "<pre>\n\n  {{x}}</pre>",
        "<table><tbody><tr><td>a  b</td></tr></tbody></table>",
    ],
)
def test_html_of_the_dashboard_stays_as_it_is(text: str) -> None:
    rendered = made(text, "html")

    assert text == rendered.html
    assert rendered.flaws == ()


def test_the_wire_is_sent_byte_for_byte() -> None:
    text = "<blink>{name}</blink>\r\n<!-- x --> <name> \x00 \\\\{a}"

    assert text == made(text, "wire").html


def test_angle_tokens_count_in_html_too() -> None:
    assert made("<p><name> \\<name></p>", "html").html == "<p>{name} &lt;name&gt;</p>"


@pytest.mark.parametrize(
    ("text", "expected", "places"),
    [
        ("a <font color='red'>b</font>", "<p>a b</p>", ["<font color='red'>"]),
        ("<blink>b</blink> <note_x>c</note_x>", "<p>b c</p>", ["<blink>", "<note_x>"]),
        ('<p class="x" onclick="y">b</p>', "<p>b</p>", ['class="x"', 'onclick="y"']),
        ("a <script>alert('{x}')</script>b", "<p>a b</p>", ["<script>"]),
        ("<style>\np { color: red }\n\n</style>\nb", "<p>b</p>", ["<style>"]),
        ("<section>\n\n**b**\n\n</section>", "<p><strong>b</strong></p>", ["<section>"]),
        ('<a href="javascript:x">b</a>', "<p><a>b</a></p>", ['href="javascript:x"']),
        ('<a href=" JAVA&#10;script:x">b</a>', "<p><a>b</a></p>", ['href=" JAVA&#10;script:x"']),
        ("a </blink> b", "<p>a  b</p>", ["</blink>"]),
        ("> - <q>b</q>", "<blockquote>\n<ul>\n<li>b</li>\n</ul>\n</blockquote>", ["<q>"]),
        ("<textarea x='1'>b *c*", "<p>b <em>c</em></p>", ["<textarea x='1'>"]),
        ("<!DOCTYPE html>", "", ["<!DOCTYPE html>"]),
        ("`<blink>b</blink>`", "<p><code>&lt;blink&gt;b&lt;/blink&gt;</code></p>", []),
        ("    <p class='x'>b</blink>", "<pre><code>&lt;p class='x'&gt;b&lt;/blink&gt;\n</code></pre>", []),
        ("<!-- <blink>b</blink> <p class='x'> -->", "", []),
        ("|a|\n|:-:|\n\n3. b\n\n```py\n```", None, []),
    ],
)
def test_what_is_dropped_is_reported_where_it_is_written(text: str, expected: str | None, places: list[str]) -> None:
    assert [("unsafe-html", place) for place in places] == found(text)
    if expected is not None:
        assert expected == made(text).html.strip()


def test_a_document_loses_its_frame_and_keeps_its_text() -> None:
    text = "<!DOCTYPE html><html><head><title>T</title></head><body><p>{name}</p></body></html>"

    assert made(text, "html").html == "T<p>{name}</p>"
    assert [rule for rule, _ in found(text, "html")] == ["unsafe-html"] * 5


@pytest.mark.parametrize(
    ("text", "src", "alt", "place"),
    [
        ("a ![x *y*](a.png) b", "a.png", "x y", "![x *y*](a.png)"),
        ("![x](<my file.png>)", "my file.png", "x", "![x](<my file.png>)"),
        ("![x](my%20file.png 'title')", "my%20file.png", "x", "![x](my%20file.png 'title')"),
        ("![x][r]\n\n[r]: a.png", "a.png", "x", "![x]"),
        ("![r]\n\n[r]: a.png", "a.png", "r", "![r]"),
        ("b <img src=a.png alt='x &amp; y'>", "a.png", "x & y", "<img src=a.png alt='x &amp; y'>"),
        ("|a|\n|-|\n|![x](a.png)|", "a.png", "x", "![x](a.png)"),
        ("![x](supabase://b/{name}.png)", "supabase://b/{name}.png", "x", "![x](supabase://b/{name}.png)"),
    ],
)
def test_images_are_found_where_they_are_written(text: str, src: str, alt: str, place: str) -> None:
    rendered = made(text)
    (use,) = rendered.images

    assert (src, alt, place) == (use.src, use.alt, text[use.start : use.end])
    assert [flaw.rule for flaw in rendered.flaws] == ["lost-text"] * text.count("title")


def test_image_sources_reach_the_resolver_decoded_and_pass_when_they_are_on_the_platform() -> None:
    assert 'src="asset://my file.png"' in made("![x](my%20file.png)").html
    assert '<img src="supabase://b/c.png" alt="">' in made("![](supabase://b/c.png)").html


@pytest.mark.parametrize(
    "text",
    [
        "![x](http://x.y/a.png)",
        "![x](//x.y/a.png)",
        "![x](data:image/png;base64,AAAA)",
        "![x](C:/a.gif)",
        "![x](<name>.png)",
        "![x](my file.png)",
        "![x]()",
        "<img alt='x'>",
        "<img src='https://x.y/a.png'>",
        "![x](missing.gif)",
    ],
)
def test_bad_images(text: str) -> None:
    assert [("bad-image", text)] == found(f"{text}")


def test_an_image_inside_a_block_of_html_stays_text_and_is_bad() -> None:
    assert found("<div>\n![x](a.png)\n</div>") == [("bad-image", "![x](a.png)")]
    assert found("![x](a.png)", "text") == [("bad-image", "![x](a.png)")]
    assert found("`![x](a.png)` \\![x](a.png) ![x]") == []


def test_tokens_and_findings_that_a_comment_hides_do_not_count() -> None:
    rendered = made("<name> <!-- <last> <a..b> C:\\<first> -->\n\n`<!-- {x} -->`")

    assert [token.wire for token in rendered.tokens] == ["{name}", "{x}"]
    assert rendered.flaws == ()


def test_a_comment_cut_by_a_blank_line_takes_nothing_along() -> None:
    assert "{name}" in made("<div>\n<!-- a\n\nb --> <name>\n</div>").html


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("{<name>}", "bad-placeholder"),
        ("&#92;<name>", "backslash-placeholder"),
        ('[x](<a["it\'s"]>)', "bad-placeholder"),
        ("![<a['say \"x\"']>](a.png)", "bad-placeholder"),
        ("<a href='<a[\"it&#39;s\"]>'>x</a>", None),
        ('<a["it\'s"]>', None),
        ('<a["its"]> [x](<a["its"]>)', None),
    ],
)
def test_what_only_the_wire_shows(text: str, rule: str | None) -> None:
    assert ([rule] if rule else []) == [flaw.rule for flaw in made(text).flaws]


@pytest.mark.slow
def test_the_libraries_are_imported_when_the_first_prompt_is_rendered() -> None:
    code = "import sys, cyberflow.language.prompt.render; print({'markdown_it', 'nh3', 'mdurl'} & set(sys.modules))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert result.stdout == "set()\n"
