"""What is nearly a placeholder: other templates, characters that nobody sees, and how the text itself is written."""

from __future__ import annotations

import pytest

from cyberflow.language.characters import describe_character
from cyberflow.language.prompt.escapes import with_literal
from cyberflow.language.prompt.render import render
from cyberflow.language.prompt.scanner import scan
from cyberflow.language.prompt.strings import scan_field, scan_string
from cyberflow.language.prompt.tokens import Format, PromptFlaw


def flaws(text: str, format: Format = "markdown") -> tuple[PromptFlaw, ...]:
    return render(scan(text, format=format, inputs={"mrn", "data"}), format, image=lambda source, _: source).flaws


@pytest.mark.parametrize("format", ["markdown", "html", "text", "wire"])
@pytest.mark.parametrize(
    ("written", "root"),
    [
        ("{{ mrn }}", "mrn"),
        ("{{mrn }}", "mrn"),
        ("{{ mrn | upper }}", "mrn"),
        ("{{ order }}", None),
        ("{{ env_var('X') }}", None),
        ("{{vars.clinic}}", None),
        ("{{target.name}}", None),
        ("{{steps.a.outputs.b}}", None),
        ("{{env.HOME}}", None),
        ("{{{mrn}}}", "mrn"),
        ("{{#each rows}}", None),
        ("{{ {'a': 1}['a'] }}", None),
        ("{{-mrn-}}", None),
        ("{mrn:>10}", "mrn"),
        ("{mrn!r}", "mrn"),
        ("{mrn:.2f}", "mrn"),
    ],
)
def test_braces_of_other_templates(written: str, root: str | None, format: Format) -> None:
    text = f"Type {written} now"
    (flaw,) = flaws(text, format)

    assert (flaw.rule, text[flaw.start : flaw.end], flaw.root) == ("foreign-template", written, root)


@pytest.mark.parametrize(
    "written",
    [
        *("{{order}}", "{{order.id}}", "{{rows[0]['k l']}}", "{{env}}", "{{target}}", "{{varsity.x}}", "{{}}", "{{ }}"),
        *("${{ x }}", "\\{{ mrn }}", '{"a": {"b": 1}}', "{ { mrn } }", "{mrn: 1}", "{mrn:1}", "{ mrn:>10 }", "{{a"),
        *("a}}", "&#123;{ x }}", "@{{", "{\n{ x }\n}"),
    ],
)
def test_braces_that_are_not(written: str) -> None:
    assert not flaws(f"Type {written} now")


def test_a_foreign_template_goes_out_as_it_stands() -> None:
    prompt = scan("Type {{ mrn | x('*a*') }} and {{$pin}}.", format="text", inputs=())
    sent = render(prompt, "text", image=lambda source, _: source).html

    assert sent == "<p>Type {{ mrn | x('*a*') }} and {{$pin}}.</p>"


@pytest.mark.parametrize(
    ("written", "meant", "name"),
    [
        ("<mrn\u200b>", "<mrn>", "zero width space"),
        ("<mrn\u00a0>", "<mrn>", "no-break space"),
        ("<m\u00adrn>", "<mrn>", "soft hyphen"),
        ("<\u202emrn>", "<mrn>", "right-to-left override"),
        ("<$pin\u2060>", "<$pin>", "word joiner"),
        ("{mrn\u2028}", "{mrn}", "line separator"),
        ("<mrn\ufeff.id>", "<mrn.id>", "zero width no-break space"),
    ],
)
def test_a_character_that_nobody_sees_is_named(written: str, meant: str, name: str) -> None:
    (flaw,) = flaws(f"Type {written} now")

    assert (flaw.rule, flaw.help) == ("bad-placeholder", f"write `{meant}`")
    assert name in flaw.note
    if written.startswith("<"):
        assert [one.note for one in scan_string(f"Type {written} now").flaws] == [flaw.note]


@pytest.mark.parametrize(
    "text", ["\u00a0<mrn>\u200b", "5\u202f<\u202f7", "{a\u00a0b}", "a <b\u00a0c d>", "<div\u00a0>"]
)
def test_elsewhere_it_is_text(text: str) -> None:
    assert not flaws(text)
    assert not scan_field(text.replace("<div\u00a0>", "")).flaws


def test_characters_have_names() -> None:
    assert describe_character("\t") == "a tab"
    assert describe_character("\u200b") == "a zero width space (U+200B)"
    assert describe_character("\x85") == "a control character (U+0085)"


@pytest.mark.parametrize(
    ("text", "format", "literal"),
    [
        ("Press <F5>", "markdown", "\\<F5>"),
        ("`<F5>`", "markdown", "\\<F5>"),
        ("List<string>", "markdown", "&lt;string>"),
        ("a{mrn}", "html", "&#123;mrn}"),
        ("List<string>", "text", None),
        ("(a<F5>)", None, None),
        ("(<F5>)", None, "\\<F5>"),
    ],
)
def test_the_way_to_write_the_text(text: str, format: Format | None, literal: str | None) -> None:
    at = max(text.find("<"), text.find("{"))
    end = max(text.rfind(">"), text.rfind("}")) + 1
    help = with_literal("known: `x`", text, at, end, format)

    assert help == "known: `x`" + (f"; for the text itself write `{literal}`" if literal else "")
    if literal and format:
        written = text[:at] + literal + text[end:]
        prompt = scan(written, format=format, inputs=())
        assert not prompt.tokens
        assert not render(prompt, format, image=lambda source, _: source).flaws


def test_in_code_the_way_is_html() -> None:
    text = "Match `(?<year>[0-9]+)`, or:\n\n```\n(?<year>)\n```\n\n    (?<year>)\n"
    for at in (text.find("<"), text.find("<", 30), text.rfind("<")):
        help = with_literal("x", text, at, at + 6, "markdown")
        assert help == "x; for the text itself write `&lt;year>` between `<code>` and `</code>`"
    sent = scan("Match <code>(?&lt;year>[0-9]+)</code>.", format="markdown", inputs=())
    assert not sent.tokens


@pytest.mark.parametrize(
    ("text", "offers"),
    [
        ("Save C:\\in\\<mrn>", "`C:/in/<mrn>`"),
        ("Save \\\\srv\\<mrn>.csv", "`//srv/<mrn>.csv`"),
        ("Save %TEMP%\\<mrn>", "`%TEMP%/<mrn>`"),
        ("Save logs\\<mrn>.csv", "`logs/<mrn>.csv`"),
        ("Press Ctrl+\\<F5>", None),
        ("Sign in as CORP\\<mrn>", None),
    ],
)
def test_a_slash_is_offered_for_paths_alone(text: str, offers: str | None) -> None:
    (flaw,) = flaws(text)

    assert flaw.rule == "backslash-placeholder"
    assert flaw.help is not None
    assert (offers in flaw.help) if offers else ("/" not in flaw.help.replace("&lt;", "") and "&lt;" in flaw.help)
