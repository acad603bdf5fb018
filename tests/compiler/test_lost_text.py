"""Nothing that is written in a prompt vanishes in silence: the examples of CommonMark with tokens put into them."""

from __future__ import annotations

import json
import re
from itertools import islice
from typing import Any

import pytest

from cyberflow.language.prompt.render import RenderedPrompt, render
from cyberflow.language.prompt.scanner import scan
from cyberflow.language.prompt.tokens import ScannedPrompt
from tests.suites import SUITES, needs_suite

pytestmark = needs_suite("commonmark")

PLACES = 12
TOKEN = "<mrn>"
ON_PURPOSE = re.compile(r"<!--.*?(-->|$)|<(script|style)\b.*?(</\2>|$)", re.DOTALL | re.IGNORECASE)
"""Comments, and elements that go with their text."""
CLEAN = (
    *(1, 6, 12, 25, 37, 42, 62, 66, 79, 80, 91, 107, 119, 120, 142, 148, 191, 213, 214, 216, 228, 254, 281, 301, 312),
    *(328, 342, 350, 378, 419, 481, 482, 500, 504, 510, 516, 527, 572, 583, 596, 602, 608, 618, 625, 633, 648),
)
"""Examples in which everything arrives, from every section that could lose something."""


def examples() -> list[dict[str, Any]]:
    if not (SUITES / "commonmark").is_dir():
        return []
    found = json.loads((SUITES / "commonmark" / "spec.json").read_text(encoding="utf-8"))
    return [{**one, "markdown": one["markdown"].replace("→", "\t")} for one in found]


def made(text: str) -> tuple[ScannedPrompt, RenderedPrompt]:
    prompt = scan(text, format="markdown", inputs={"mrn"})
    return prompt, render(prompt, "markdown", image=lambda source, _: f"asset://{source}")


def test_a_token_arrives_or_is_told() -> None:
    silent, lost, tried = [], 0, 0
    for example in examples():
        text = example["markdown"]
        step = max(1, len(text) // PLACES)
        for at in islice(range(0, len(text) + 1, step), PLACES):
            written = text[:at] + TOKEN + text[at:]
            prompt, rendered = made(written)
            tried += 1
            if "{mrn}" in rendered.html or not any(token.start == at for token in prompt.tokens):
                continue
            if any(match.start() <= at < match.end() for match in ON_PURPOSE.finditer(written)):
                continue
            lost += 1
            if not any(flaw.start < at + len(TOKEN) and at < flaw.end for flaw in rendered.flaws):
                silent.append((example["example"], written))
    assert not silent
    assert tried > 5000
    assert lost > 100, "the suite holds places where tokens are lost"


def test_a_word_arrives_or_is_told() -> None:
    """What is no token is told too, but for the language of a fence and the names of labels and paths."""
    silent = []
    for example in examples():
        if example["section"] in ("Link reference definitions", "Tables", "Paragraphs", "Block quotes", "Code spans"):
            text = example["markdown"]
            for at in range(0, len(text) + 1, 5):
                written = f"{text[:at]}QZX{text[at:]}"
                _, rendered = made(written)
                told = rendered.flaws or re.search(r"(```|~~~)\w*QZX", written)
                if "qzx" not in rendered.html.lower() and not told:
                    silent.append((example["example"], written))
    assert not silent


@pytest.mark.parametrize("number", CLEAN)
def test_what_arrives_is_not_told(number: int) -> None:
    example = examples()[number - 1]
    assert example["example"] == number
    _, rendered = made(example["markdown"])

    assert not [flaw for flaw in rendered.flaws if flaw.rule == "lost-text"]


def test_what_is_told_is_gone() -> None:
    """Every `lost-text` of an unchanged example is about words that are not in its HTML, or stand elsewhere too."""
    for example in examples():
        text = example["markdown"]
        _, rendered = made(text)
        for flaw in rendered.flaws:
            if flaw.rule == "lost-text":
                words = set(re.findall(r"\w+", text[flaw.start : flaw.end]))
                elsewhere = set(re.findall(r"\w+", text[: flaw.start] + text[flaw.end :]))
                sent = set(re.findall(r"\w+", rendered.html))
                assert words - sent or words <= elsewhere, (example["example"], flaw)
