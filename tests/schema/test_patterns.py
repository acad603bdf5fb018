"""The pattern engine against `regress`, an engine of ECMA-262 written by others."""

from __future__ import annotations

import pytest
import regress
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from cyberflow.schema.regex.pattern import matches, pattern_problem, sample_texts
from cyberflow.schema.validation.jsonschema import validator_of

VALID = [
    r"^M\d{4}$",
    r"(?<q>[ab])\k<q>",
    r"\u{1F600}",
    r"\cA",
    "[^]",
    "[]",
    r"\p{L}+",
    r"\p{General_Category=Lu}",
    r"\P{ASCII}",
    "(?=a)b",
    "(?<!a)b",
    r"(a)\1",
    r"^(?=.*\d)(?=.*[a-z]).{8,}$",
    r"\bfoo\b",
    r"\Boo\B",
    r"\uD83D\uDE00",
    r"[\uD83D\uDE00]",
    r"\0",
    r"[\b]",
    r"(?<=\d{2,3})x",
    "(?<=a|bb)c",
    r"^(?:\+|-)?[\d_]+$",
    r"[^\D]",
    r"[\S\s]",
    "a|",
    "()",
    r"\/",
    r"[\-a]",
    "a{0}",
    "a{99999}",
    "(?!x)",
    r"\p{digit}+",
    r"\W",
    r"\w+\s?",
    "(z)((a+)?(b+)?(c))*",
    "x*?y",
    "^.$",
    "(?:)",
]
INVALID = [
    r"^M\d{4}\Z",
    "a{,3}",
    "a(?i)b",
    "(?P<x>a)",
    r"\-",
    "[[:alpha:]]",
    "]",
    "}",
    "{",
    r"\d{5,3}",
    "x{2}{3}",
    r"[\d-x]",
    r"[a-\d]",
    r"\1",
    "(?<a>x)(?<a>y)",
    r"\k<a>",
    "a**",
    "^*",
    "(?=a)*",
    r"\u12",
    r"\x4",
    r"\01",
    r"\p{Greek}",
    r"\p{Foo}",
    r"[\B]",
    "(",
    "a)",
    "\\",
    "[a",
    "a{2",
    "[z-a]",
    "*",
    "(?",
    r"\u{110000}",
]
TEXTS = ["", "a", "ab", "aab", "M1234", "M1234\n", "x", "foo bar", "foo", "😀", "\u0001", "é", "3", "٣", "bbc", "12x"]
TEXTS += ["zaacbbbcac", "Passw0rd1", "\r", "\u2028", "-", "_", " ", "+_1", "xxy", "\b", "\0"]


@pytest.mark.parametrize("pattern", VALID)
def test_a_pattern_matches_as_the_standard_has_it(pattern: str) -> None:
    judge, found = regress.Regex(pattern, "u"), validator_of({"pattern": pattern})
    names = validator_of({"patternProperties": {pattern: False}})

    assert pattern_problem(pattern) is None
    for text in TEXTS:
        verdict = judge.find(text) is not None
        assert matches(pattern, text) is verdict, text
        assert found.is_valid(text) is verdict, text
        assert names.is_valid({text: 1}) is not verdict, text
    assert all(judge.find(sample) is not None for sample in sample_texts(pattern, (3,)))


@pytest.mark.parametrize("pattern", INVALID)
def test_what_is_not_a_pattern_is_told(pattern: str) -> None:
    with pytest.raises(regress.RegressError):
        regress.Regex(pattern, "u")
    for schema in ({"pattern": pattern}, {"patternProperties": {pattern: True}}):
        with pytest.raises(ValueError, match="regular expression"):
            validator_of(schema)

    assert pattern_problem(pattern)
    assert matches(pattern, "a") is None


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(st.text("ab(|)*?+.^$[]\\dwbB{}0-3,:=!<>k1-", max_size=10), st.text("ab0 -\n", max_size=6))
def test_any_text_is_read_as_the_standard_has_it(pattern: str, text: str) -> None:
    try:
        judge = regress.Regex(pattern, "u")
    except regress.RegressError:
        assert pattern_problem(pattern) is not None
        return

    assert pattern_problem(pattern) is None
    verdict = matches(pattern, text)
    assume(verdict is not None)
    assert verdict is (judge.find(text) is not None)


@pytest.mark.slow
@pytest.mark.parametrize("pattern", ["^(a+)+$", r"^(?=(a+)+$)(a|aa)+$", "(x+x+)+y", r"^(([a-z])+.)+[A-Z]([a-z])+\1$"])
def test_a_runaway_pattern_is_answered_or_left_open(pattern: str) -> None:
    assert matches(pattern, "a" * 40 + "!") in (False, None)


@pytest.mark.parametrize(
    ("pattern", "sample"),
    [
        (r"^M\d{4}$", "M0000"),
        (r"^(?<q>[ab])\k<q>$", "aa"),
        (r"^(?=.*\d)(?=.*[a-z]).{4,6}$", None),
        ("^(?:GB|DE)-", None),
    ],
)
def test_texts_are_made(pattern: str, sample: str | None) -> None:
    made = sample_texts(pattern, (4,))

    assert made
    assert sample is None or sample in made
