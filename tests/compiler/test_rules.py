"""What holds for every rule: its documentation, its cases, and where its findings point."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import import_module

import pytest

from cyberflow.compiler.facts.state import ProjectState
from cyberflow.compiler.rules import RULES
from cyberflow.diagnostics import Diagnostic
from cyberflow.source import Span
from tests.compiler.golden_cases import FOLDERS, name, state

ELSEWHERE = frozenset(
    {
        "missing-key",  # what is missing is nowhere
        "missing-input",
        "missing-secret",
        "empty-prompt",
        "empty-chain",
        "yaml-syntax",  # the parser's own words
        "template-error",
        "python-error",  # the exception's own words
        "unused-ignore",  # the comment, which names a rule
        "cut-prompt",
        "type-mismatch",  # names the consumer, stands at the producer
        "wrong-type",  # names the key, stands at the value
        "bad-schema",
        "secret-in-source",
        "cleanup-before-use",
        "backslash-placeholder",  # the word is longer than the place
        "unsafe-html",
        "bad-image",
    }
)
"""Rules whose message need not quote what is underlined."""


def findings() -> Iterator[tuple[str, ProjectState, Diagnostic]]:
    return ((name(folder), state(folder), one) for folder in FOLDERS for one in state(folder).findings)


def marked(lines: list[str], span: Span) -> str:
    end = span.end_column - 1 if span.line == span.end_line else None
    return lines[span.line - 1][span.column - 1 : end]


@pytest.mark.parametrize("rule", RULES)
def test_documentation_says_what_and_shows_it(rule: str) -> None:
    text = import_module(f"cyberflow.compiler.rules.{rule.replace('-', '_')}").__doc__ or ""
    first = text.split("\n")[0]
    assert first.endswith(".")
    assert len(first) <= 120
    assert re.search(r"\n\n     \S", text), "an example, indented, each line behind a sign"


def test_the_text_at_the_place_is_what_the_message_is_about() -> None:
    astray = []
    for case, sourced, one in findings():
        span = sourced.sources.span(one.place)
        if not sourced.sources.lines(span.path):
            continue  # a file that could not be read
        text = marked(sourced.sources.lines(span.path), span)
        assert text.strip() == text != "" or one.rule in ELSEWHERE, (case, text)
        quoted = re.findall(r"`([^`]+)`", one.message)
        if "\ufffd" in text:
            continue  # a file that is not text
        if one.rule not in ELSEWHERE and quoted and not any(word.strip("<>${}") in text for word in quoted):
            astray.append(f"{case}: {one.message!r} at {text!r}")
    assert not astray


def test_messages_are_short_calm_and_unfinished_sentences() -> None:
    for case, _, one in findings():
        if one.rule == "python-error":
            continue  # the exception's own words
        for text in (one.message, one.note, one.help or "", *one.notes, *(label.message for label in one.labels)):
            assert not re.search(r"please|sorry|oops|!$|\binvalid\b|\bFIXME\b", text, re.IGNORECASE), case
            assert not text.endswith("."), (case, text)
            assert text == text.strip()
            assert text.count("`") % 2 == 0, (case, text)
        assert one.message[:1] != one.message[:1].upper() or one.message[0] in "`>", (case, one.message)


def test_findings_come_in_order_and_once() -> None:
    for folder in FOLDERS:
        here = state(folder)
        keys = [(here.sources.span(one.place), one.rule, one.message) for one in here.findings]
        assert keys == sorted(set(keys))
