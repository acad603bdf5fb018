"""Tokens in chain strings, titles, terminal commands and check texts."""

from __future__ import annotations

import pytest

from cyberflow.language.prompt.strings import only_token, scan_field, scan_string, substitute, to_wire


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Visit of <date>", ["date"]),
        ("<a.b[0]['k']> and <$pin>", ["a.b[0]['k']", "pin"]),
        ("<time> <div>", ["time", "div"]),
        ("{a} {{b}} {$c}", []),
        ("\\<date>", []),
        ("x < 5, <https://x.y>, <a b>", []),
        ("C:\\in\\<mrn>.pdf", ["mrn"]),
    ],
)
def test_chain_strings_know_angle_brackets_only(text: str, expected: list[str]) -> None:
    prompt = scan_string(text)

    assert expected == [str(token.path) for token in prompt.tokens]
    assert prompt.flaws == ()


def test_a_whole_token_is_told_from_a_part() -> None:
    whole = only_token(scan_string("<a.b>"))

    assert whole is not None
    assert whole.path.keys == ("b",)
    assert only_token(scan_string(" <a.b>")) is None
    assert only_token(scan_string("<a><b>")) is None


def test_values_take_the_place_of_tokens_and_literals_mean_themselves() -> None:
    prompt = scan_string("\\<a> <a>{a}, (\\<$b>)")

    assert substitute(prompt, lambda token: token.path.root.upper()) == "<a> A{a}, (<$b>)"


@pytest.mark.parametrize("text", ["<a..b>", "<$>", "<a[x]>"])
def test_broken_ones_are_found(text: str) -> None:
    assert [flaw.rule for flaw in scan_string(f"x {text}").flaws] == ["bad-placeholder"]
    assert [flaw.rule for flaw in scan_field(f"x {text}").flaws] == ["bad-placeholder"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Get-Item <path> | Select {name}", "Get-Item {path} | Select {name}"),
        ('<a["k"]> <$pin> {{x}}', "{a['k']} {$pin} {{x}}"),
        ("\\<name> \\{name} \\{{x}} \\{$x}", "<name> \\{name} \\{{x}} \\{$x}"),
        ("Where { $_.Name -lt 5 } > out.txt & *x* <b", "Where { $_.Name -lt 5 } > out.txt & *x* <b"),
    ],
)
def test_fields_are_lowered_and_nothing_else_happens(text: str, expected: str) -> None:
    assert expected == to_wire(scan_field(text))


def test_an_escaped_wire_form_is_no_token() -> None:
    assert scan_field("\\{$_} \\{{x}}").tokens == ()
    assert [token.kind for token in scan_field("{$_}").tokens] == ["secret"]
