"""The YAML Test Suite, read with libyaml and by a Python without it: the same data, the same findings, the same places.
Refused or accepted alike is what counts, and no input ends in anything but a document.
"""

from __future__ import annotations

import json
import random
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest
import yaml

from tests.suites import SUITES, needs_suite

ALPHABET = [
    *" \t\n:?-,[]{}#&*!|>'\"%@`a1~.",
    ": ",
    "- ",
    "? ",
    "!x ",
    "&x ",
    "*x",
    "\n  ",
    "\n\t",
    "\x85",
    "\u2028",
    "é",
]
READER = """
import json, sys, yaml
if sys.argv[1] == "pure":
    del yaml.CSafeLoader
from cyberflow.language.yaml.compose import LIBYAML
from cyberflow.language.yaml.document import parse_yaml
assert LIBYAML == (sys.argv[1] != "pure")
def told(text):
    read = parse_yaml(text, "f.yaml")
    return [repr(read.data), [repr(problem) for problem in read.problems]]
print(json.dumps([told(text) for text in json.load(sys.stdin)]))
"""


def readings(texts: list[str]) -> Iterator[list[list[object]]]:
    for kind in ("pure", "libyaml"):
        command = [sys.executable, "-c", READER, kind]
        answer = subprocess.run(command, input=json.dumps(texts), capture_output=True, text=True, check=True)
        yield json.loads(answer.stdout)


def suite_texts() -> list[str]:
    """Every document of the suite, with the marks of its notation put back to what they stand for."""
    texts: list[str] = []
    for path in sorted((SUITES / "yaml" / "src").glob("*.yaml")):
        for case in yaml.load(path.read_text(encoding="utf-8"), yaml.SafeLoader):
            for key in ("yaml", "dump", "json", "emit"):
                if isinstance(case.get(key), str):
                    text = re.sub("—*»", "\t", case[key]).replace("␣", " ").replace("↵", "")
                    texts.append(re.sub("∎\n?", "", text).replace("←", "\r").replace("⇔", "\ufeff"))
    return texts


@pytest.mark.slow
@needs_suite("yaml")
def test_the_suite_reads_the_same_without_libyaml() -> None:
    texts = suite_texts()
    assert len(texts) >= 800
    pure, libyaml = readings(texts)
    assert [text for text, one, other in zip(texts, pure, libyaml, strict=True) if one != other] == []


@pytest.mark.slow
@needs_suite("yaml")
def test_mutations_of_the_suite_are_accepted_and_refused_alike() -> None:
    source = random.Random(7)
    bases = suite_texts()
    texts = ["".join(source.choices(ALPHABET, k=source.randint(1, 12))) for _ in range(1500)]
    for _ in range(1500):
        text = source.choice(bases)
        at = source.randint(0, len(text))
        texts.append(text[:at] + source.choice(ALPHABET) + text[at + source.choice((0, 1, 3)) :])
    pure, libyaml = readings(texts)
    differing = [
        text
        for text, one, other in zip(texts, pure, libyaml, strict=True)
        if one[0] != other[0] or bool(one[1]) != bool(other[1])
    ]
    assert differing == []
