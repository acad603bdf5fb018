"""Markers of git are told, and what only looks like them is left alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cyberflow.language.merge_conflict import find_conflict
from tests.suites import SUITES, needs_suite

ROOT = Path(__file__).parents[2]
NEAR_MISSES = [
    "Heading\n=======\n",
    "Heading\n=======\n\n>>>>>>> seven times quoted\n",
    ">>>>>>> seven times quoted\n\nHeading\n=======\n",
    "<<<<<<< Less than\n",
    "Press <<<<<<< HEAD, then\n=======\n>>>>>>> main\n",
    "<<<<<<<< HEAD\na\n========\nb\n>>>>>>>> main\n",
    "<<<<<< HEAD\na\n======\nb\n>>>>>> main\n",
    "<<<<<<<HEAD\na\n=======\nb\n>>>>>>>main\n",
    ">>>>>>> main\na\n=======\nb\n<<<<<<< HEAD\n",
    "    <<<<<<< HEAD\na\n=======\nb\n  >>>>>>> main\n",
    "> <<<<<<< HEAD\n> a\n> =======\n> b\n> >>>>>>> main\n",
    "`<<<<<<< HEAD`\n`=======`\n`>>>>>>> main`\n",
    "```\n<<<<<<< HEAD\na\n=======\nb\n>>>>>>> main\n```\n",
    "~~~~ text\n<<<<<<< HEAD\na\n=======\nb\n>>>>>>> main\n~~~~\n",
    "  <<<<<<< HEAD\n  a\n  ======= b\n  >>>>>>> main\n",
    "| a |\n|=======|\n",
    "=======\n",
    "<<<<<<<\n",
    ">>>>>>> x\n",
    "# <<<<<<< HEAD\n# a\n# =======\n# b\n# >>>>>>> main\n",
    "a <<<<<<< HEAD\na\na =======\nb\na >>>>>>> main\n",
    "x = 1 <<<<<<< 2\n=======\n>>>>>>> 3\n",
]
CONFLICTS = [
    "<<<<<<< HEAD\na\n=======\nb\n>>>>>>> main\n",
    "a\n<<<<<<< HEAD\n=======\nb\n>>>>>>> 1234567 (Say it)\nc\n",
    "<<<<<<< ours\na\n||||||| base\nb\n=======\nc\n>>>>>>> theirs",
    "<<<<<<<\na\n=======\nb\n>>>>>>>\n",
    "      <<<<<<< HEAD\n      a\n      =======\n      b\n      >>>>>>> main\n",
    "<<<<<<< HEAD\na\n=======\nb\n",
    "<<<<<<< HEAD\na\n>>>>>>> main\n",
    "```\na\n<<<<<<< HEAD\nb\n=======\nc\n>>>>>>> main\nd\n```\n",
    "<<<<<<< HEAD\nHeading\n=======\n=======\nHeading 2\n=======\n>>>>>>> main\n",
]


@pytest.mark.parametrize("text", NEAR_MISSES)
def test_near_misses(text: str) -> None:
    assert find_conflict(text, "a.md") is None


@pytest.mark.parametrize("text", CONFLICTS)
def test_conflicts(text: str) -> None:
    found = find_conflict(text, "a.md")
    assert found is not None
    assert found.place.range is not None
    start, end = found.place.range
    assert text[start:end].startswith("<<<<<<<")


@needs_suite("commonmark")
def test_nothing_in_the_commonmark_suite_is_a_conflict() -> None:
    (path,) = (SUITES / "commonmark").glob("*.json")
    examples = json.loads(path.read_text(encoding="utf-8"))
    assert len(examples) > 600
    assert [one["markdown"] for one in examples if find_conflict(one["markdown"], "a.md")] == []
    whole = "\n\n".join(one["markdown"] for one in examples)
    assert find_conflict(whole, "a.md") is None


def test_nothing_in_the_examples_is_a_conflict() -> None:
    paths = [path for path in (ROOT / "examples").rglob("*") if path.suffix in (".md", ".yaml", ".py", ".html")]
    assert paths
    assert [path for path in paths if find_conflict(path.read_text(encoding="utf-8"), str(path))] == []
