"""YAML as this project reads it: 1.2 scalars, duplicate keys, anchors and merge keys, and the same without libyaml."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cyberflow.language.yaml.document import parse_yaml

BROKEN = (
    "a: [b\n",
    "a: {b: c: d}\n",
    "a: 'b\n",
    'a: "\\q"\n',
    "a: *b\n",
    "a: **b** c\n",
    "a: @b\n",
    "a: `b`\n",
    "a: b: c\n",
    "a: b\n  c: d\n",
    "a:b\nc: d\n",
    "a:\n\t- b\n",
    "a: - b\n",
    "a: }\n",
    "a: |x\n  b\n",
    "a: b\n---\nc: d\n",
    "a: [b, 'c]\nd: e\n",
    "a: 'b' c\n",
    "a: {\n",
    "a: {b: 1,, c: 2}\n",
    "a: \x01\n",
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("on", "on"),
        ("no", "no"),
        ("yes", "yes"),
        ("007", "007"),
        ("-0", 0),
        ("12e3", 12e3),
        ("0x1F", 31),
        ("0o17", 15),
        ("1_000", "1_000"),
        ("12:30:45", "12:30:45"),
        ("2026-03-01", "2026-03-01"),
        (".5", 0.5),
        ("1.", 1.0),
        ("true", True),
        ("True", True),
        ("~", None),
        ("", None),
        ("'true'", "true"),
        ('"1"', "1"),
        ("=", "="),
    ],
)
def test_scalars_are_those_of_yaml_1_2(text: str, value: Any) -> None:
    data = parse_yaml(f"a: {text}\n", "f.yaml").data
    assert data == {"a": value}
    assert type(data["a"]) is type(value)


def test_own_keys_win_over_merged_ones_and_earlier_merges_over_later() -> None:
    text = "x: &x {a: 1, b: 1}\ny: &y {b: 2, c: 2}\nz: {<<: [*x, *y], c: 3}\n"
    assert parse_yaml(text, "f.yaml").data["z"] == {"a": 1, "b": 1, "c": 3}


def test_a_quoted_merge_key_is_a_key() -> None:
    assert parse_yaml("'<<': {a: 1}\n", "f.yaml").data == {"<<": {"a": 1}}


def test_keys_are_text() -> None:
    assert parse_yaml("1: a\ntrue: b\n", "f.yaml").data == {"1": "a", "true": "b"}


def test_a_bomb_of_aliases_is_a_finding_and_no_wait() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join(f'*a{n - 1}' for _ in range(10))}]" for n in range(1, 9)]
    document = parse_yaml("\n".join(lines), "f.yaml")
    assert [problem.rule for problem in document.problems] == ["yaml-syntax"]


def test_deep_nesting_is_a_finding() -> None:
    assert parse_yaml("[" * 20_000, "f.yaml").problems[0].rule == "yaml-syntax"


@pytest.mark.parametrize("text", BROKEN)
def test_what_does_not_parse_is_said_in_our_words(text: str) -> None:
    (problem,) = parse_yaml(text, "f.yaml").problems
    assert problem.rule == "yaml-syntax"
    assert not problem.note.startswith("the parser says")
    assert problem.help


@pytest.mark.slow
def test_a_python_without_libyaml_says_the_same(tmp_path: Path) -> None:
    program = (
        "import sys, yaml\n"
        "if sys.argv[1] == 'pure':\n    del yaml.CSafeLoader\n"
        "from cyberflow.language.yaml.compose import LIBYAML\n"
        "from cyberflow.language.yaml.document import parse_yaml\n"
        "assert LIBYAML == (sys.argv[1] != 'pure')\n"
        f"for text in {BROKEN!r}:\n"
        "    print([(p.message, p.note, p.help, p.place) for p in parse_yaml(text, 'f').problems])\n"
    )
    answers = [
        subprocess.run([sys.executable, "-c", program, kind], capture_output=True, text=True, check=True).stdout
        for kind in ("pure", "c")
    ]
    assert answers[0] == answers[1]
