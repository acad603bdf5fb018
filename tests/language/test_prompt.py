"""Reading prompts: every sentence of the prompt language that is about tokens, literals, tags and findings."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cyberflow.language.prompt.paths import TokenPath
from cyberflow.language.prompt.scanner import scan
from cyberflow.language.prompt.tokens import Format, ScannedPrompt

INPUTS = frozenset({"name", "patient", "data", "time", "my-key", "_x"})


def read(text: str, format: Format = "markdown") -> ScannedPrompt:
    return scan(text, format=format, inputs=INPUTS)


def wires(prompt: ScannedPrompt) -> list[str]:
    return [token.wire for token in prompt.tokens]


def rules(prompt: ScannedPrompt) -> list[str]:
    return [flaw.rule for flaw in prompt.flaws]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<name>", ["{name}"]),
        ("<a.b[0]['k']>", ["{a.b[0]['k']}"]),
        ('<a["k"]>', ["{a['k']}"]),
        ("""<a["it's"]>""", ["""{a["it's"]}"""]),
        ("<a['two words, (|) *and* more']>", ["{a['two words, (|) *and* more']}"]),
        ("<a[007]>", ["{a[7]}"]),
        ("<$name> <$a.b>", ["{$name}", "{$a.b}"]),
        ("{name} {$name} {{name}} {{loop_item.name}}", ["{name}", "{$name}", "{{name}}", "{{loop_item.name}}"]),
        ("<my-key>{_x}<_x>", ["{my-key}", "{_x}", "{_x}"]),
        ("<patient><name>", ["{patient}", "{name}"]),
        ("{{{name}}}", ["{{name}}"]),
        ("{$_}", ["{$_}"]),
        ("${{x}}", ["{{x}}"]),
        ('{"a": 1} { $_.Name } {{ x }} {} {1} {a b} {a..b} {{a.}}', []),
        ("x < 5 and y > 3, a<b, List<string, int>, <>, <1a>, < name>", []),
        ("<any key> <name >", []),
        ("<https://x.y> <user@host> <mailto:x@y.z>", []),
        ("<br> <br/> <BR> <p>one <li>two <B>bold</b> <data-x/>", []),
        ("<item>one</item> <Item_2>x</Item_2>", []),
        ("`<name>` and\n\n    {$pin}\n", ["{name}", "{$pin}"]),
        ('<a href="{name}">x</a> <img alt="<name>" src="x">', ["{name}", "{name}"]),
        ("<https://<name>/{patient.id}>", ["{name}", "{patient.id}"]),
        ("[x](<name>)", ["{name}"]),
    ],
)
def test_what_is_a_token(text: str, expected: list[str]) -> None:
    prompt = read(text)

    assert expected == wires(prompt)
    for token in prompt.tokens:
        assert text[token.start] in "<{"
        assert text[token.end - 1] in ">}"


def test_a_token_knows_its_kind_path_and_place() -> None:
    (token,) = read("Type <$a.b[0]['k']> now").tokens

    assert (token.kind, token.start, token.end) == ("secret", 5, 19)
    assert token.path == TokenPath("a", ("b", 0, "k"))
    assert str(token.path) == "a.b[0]['k']"
    assert str(TokenPath("a", ("b", 0, "k l"))) == "a.b[0]['k l']"


@pytest.mark.parametrize("word", ["time", "DIV", "b", "pre", "script", "unknown"])
def test_a_lone_word_that_is_never_closed_is_a_token(word: str) -> None:
    prompt = scan(f"Press <{word}> now", format="markdown", inputs=())

    assert [f"{{{word}}}"] == wires(prompt)


@pytest.mark.parametrize("word", ["br", "HR", "img", "li", "p", "TD", "tr"])
def test_void_elements_and_optional_end_tags_are_markup(word: str) -> None:
    assert wires(scan(f"One <{word}> two", format="markdown", inputs=())) == []


def test_the_nearest_word_is_the_closed_one() -> None:
    prompt = scan("<sub> a <sub>b</sub>", format="markdown", inputs=())

    assert [token.start for token in prompt.tokens] == [0]


@pytest.mark.parametrize("text", ["<data>", "<time>", "<data>x</data>", "`<data>`"])
def test_an_element_that_is_also_an_input_is_ambiguous(text: str) -> None:
    prompt = read(text)
    (flaw,) = prompt.flaws
    word = text.strip("`")[1:5]

    assert (flaw.rule, flaw.help, flaw.root) == ("ambiguous-placeholder", f"write `{{{word}}}` for the input", word)
    assert [f"{{{word}}}"] == wires(prompt)


@pytest.mark.parametrize("text", ["{data}", "<data.x>", "<$data>", "<name>", "\\<data>"])
def test_what_cannot_be_an_element_is_not_ambiguous(text: str) -> None:
    assert rules(read(text)) == []


@pytest.mark.parametrize(
    ("text", "root"),
    [
        ("<a..b>", "a"),
        ("<name.>", "name"),
        ("<a[x]>", "a"),
        ("<a['k>", "a"),
        ("<$>", None),
        ("<$a-.1>", "$a-"),
        ("<_x!>", "_x"),
        ("<string,int>", "string"),
        ("<name >", "name"),
    ],
)
def test_a_broken_placeholder_names_the_input_it_meant(text: str, root: str | None) -> None:
    prompt = read(f"x {text} y")
    (flaw,) = prompt.flaws

    assert ("bad-placeholder", root) == (flaw.rule, flaw.root)
    assert text == prompt.text[flaw.start : flaw.end]
    assert wires(prompt) == []


def test_the_target_of_a_link_may_be_any_path_in_angle_brackets() -> None:
    assert rules(read("![x](<a/b.png>) [y](<a b.png>)\n\n[z]: <c/d.png>")) == []


@pytest.mark.parametrize(
    ("text", "wire"),
    [
        ("\\<name>", "<name>"),
        ("\\{name}", "\\{name}"),
        ("\\{{x}}", "\\{{x}}"),
        ("\\{$x}", "\\{$x}"),
        ("\\<a..b>", "<a..b>"),
        ("\\<a['k k']>", "<a['k k']>"),
    ],
)
@pytest.mark.parametrize("before", ["", " ", "\n", "(", "[", '"', "'", "`", "*", "_", "“", "<br>"])
def test_a_backslash_at_the_start_of_a_word_makes_a_literal(before: str, text: str, wire: str) -> None:
    prompt = read(before + text)

    assert [wire] == [literal.wire for literal in prompt.literals]
    assert (wires(prompt), rules(prompt)) == ([], [])


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("C:\\in\\<name>", "C:/in/<name>"),
        ("Open C:\\in\\<name>\\x.csv.", "C:/in/<name>/x.csv"),
        ("\\\\<name>", "//<name>"),
        ("\\\\srv\\{name}", "//srv/{name}"),
        ("(D:\\<$name>)", "D:/<$name>"),
        ("C:\\<name>\\<patient.id>\\{{x}}", "C:/<name>/<patient.id>/{{x}}"),
        ("`C:\\in\\{name}`", "C:/in/{name}"),
    ],
)
def test_a_backslash_inside_a_word_before_a_token_is_one_error(text: str, shown: str) -> None:
    (flaw,) = read(text).flaws

    assert ("backslash-placeholder", f"write the path with `/`: `{shown}`") == (flaw.rule, flaw.help)
    assert wires(read(text))


@pytest.mark.parametrize(
    "text", ["C:\\in\\_old\\*.csv", "\\\\srv\\share", "a\\b <name>", "\\*x* <name>", "C:\\in \\<x>"]
)
def test_any_other_backslash_is_none(text: str) -> None:
    assert rules(read(text)) == []


@pytest.mark.parametrize("text", ["\\{name}", "C:\\in\\{name}"])
def test_on_the_wire_the_platform_escapes_anywhere(text: str) -> None:
    assert (wires(read(text, "wire")), rules(read(text, "wire"))) == ([], [])


def test_the_wire_format_knows_no_angle_brackets() -> None:
    assert wires(read("<name> {name} <a..b> <!-- {$x} -->", "wire")) == ["{name}", "{$x}"]
    assert rules(read("<name> <a..b>", "wire")) == []


def test_text_knows_tokens_and_no_markup() -> None:
    prompt = read("<name> <b>x</b> <br/> <https://x.y> <!-- {name} --> <nope>", "text")

    assert wires(prompt) == ["{name}", "{name}", "{nope}"]
    assert rules(prompt) == []
    assert prompt.tags == ()


def test_a_comment_in_html_holds_no_tokens() -> None:
    assert wires(read("<!-- <patient> --><name>", "html")) == ["{name}"]


@given(
    st.text(alphabet="<>{}$\\'\"[]().ab_-1 \n!`*&;=/", max_size=60),
    st.sampled_from(["markdown", "html", "text", "wire"]),
)
def test_reading_never_fails_and_places_are_in_order(text: str, format: Format) -> None:
    prompt = read(text, format)
    lifted = [(token.start, token.end) for token in prompt.tokens]
    lifted += [(literal.start, literal.end) for literal in prompt.literals]

    assert all(end <= start for (_, end), (start, _) in pairwise(sorted(lifted)))
    assert all(0 <= flaw.start < flaw.end <= len(text) for flaw in prompt.flaws)


@pytest.mark.slow
@pytest.mark.parametrize(
    "unit", ["<", "<a ", '<a b="', "<!-- ", "![", "{", "\\", "a\\<x><1", "<script>", "<a['", "<x y>"]
)
def test_reading_takes_linear_time(unit: str) -> None:
    def cost(length: int) -> float:
        text = unit * (length // len(unit))
        began = time.process_time()
        read(text)
        return time.process_time() - began

    small = min(cost(20_000) for _ in range(3))

    assert min(cost(160_000) for _ in range(2)) < 30 * small + 0.2
