"""What the tests of the examples are worth: most edits of their chains that `check` lets pass are caught."""

from __future__ import annotations

import random
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from cyberflow.compiler.check import check
from cyberflow.language.project.load import read_project
from cyberflow.sdk.flow_tests.edges import edge_jobs
from cyberflow.sdk.flow_tests.suite import FlowSuite
from cyberflow.testing.edges import distinct

EXAMPLES = Path(__file__).parents[2] / "examples"
FILES = {
    "patient-intake": ("chains.yaml", "types.yaml", "workflows.yaml"),
    "monthly-report": ("chains/*.yaml", "types.yaml", "workflows/*.yaml"),
    "red-panda": ("research.yaml",),
}
SEED, WANTED, SHARE = 7, 60, 0.9
REF = re.compile(r"\{\$ref: ([\w.\-]+)\}")
STEP, INPUT, OUTPUT = re.compile(r" {6}- id: "), re.compile(r" {10}\w+: "), re.compile(r" {6}\w+: \{\$ref")
PATTERN = re.compile(r"pattern: '([^']+)'")


class Mutation(NamedTuple):
    example: str
    file: str
    kind: str
    what: str
    text: str


def mutate(text: str) -> Iterator[tuple[str, str, str]]:
    """Another ref, a line dropped, steps swapped, a pattern weakened."""
    refs = sorted({match[1] for match in REF.finditer(text)})
    for match in REF.finditer(text):
        for other in refs:
            if other != match[1]:
                yield "ref", f"{match[1]} -> {other}", text[: match.start(1)] + other + text[match.end(1) :]
    lines = text.split("\n")
    for number, line in enumerate(lines):
        if INPUT.match(line) or OUTPUT.match(line):
            yield "dropped", line.strip(), "\n".join(lines[:number] + lines[number + 1 :])
    yield from swap_steps(lines)
    for match in PATTERN.finditer(text):
        old = match[1]
        weak = (old.rstrip("$"), old.lstrip("^"), re.sub(r"\{\d+,\d+\}", "*", old), old.replace("[0-9]", "."), ".*")
        for new in dict.fromkeys(weak):
            if new != old:
                yield "pattern", f"{old} -> {new}", text[: match.start(1)] + new + text[match.end(1) :]


def swap_steps(lines: list[str]) -> Iterator[tuple[str, str, str]]:
    starts = [number for number, line in enumerate(lines) if STEP.match(line)]
    if not starts:
        return
    deep = (number for number in range(starts[-1] + 1, len(lines)))
    end = next(
        (number for number in deep if lines[number].strip() and not lines[number].startswith(" " * 8)), len(lines)
    )
    blocks = [lines[start:stop] for start, stop in zip(starts, [*starts[1:], end], strict=True)]
    for left in range(len(blocks)):
        for right in range(left + 1, len(blocks)):
            order = list(blocks)
            order[left], order[right] = order[right], order[left]
            body = [line for block in order for line in block]
            yield "swapped", f"step {left} and {right}", "\n".join(lines[: starts[0]] + body + lines[end:])


def all_mutations() -> list[Mutation]:
    found = [
        Mutation(example, path.relative_to(EXAMPLES / example).as_posix(), *one)
        for example, patterns in FILES.items()
        for pattern in patterns
        for path in sorted((EXAMPLES / example).glob(pattern))
        for one in mutate(path.read_text(encoding="utf-8"))
    ]
    random.Random(SEED).shuffle(found)
    return sorted(found, key=lambda one: one.kind == "ref")  # there are many more refs than all else


def passes_check(folder: Path) -> bool:
    return not any(one.severity == "error" for one in check(read_project(folder)))


def is_caught(folder: Path) -> bool:
    """By the types of an expectation, by a test, or by an edge."""
    if not passes_check(folder):
        return True
    suite = FlowSuite.load(folder)
    if any(one.status != "passed" for one in suite.run(suite.jobs(suite.cases), 1)):
        return True
    return any(one.status != "passed" for one in distinct(suite.run(edge_jobs(suite, ()), 1)))


@pytest.mark.slow
def test_nine_of_ten_edits_that_check_lets_pass_are_caught(tmp_path: Path) -> None:
    missed: list[Mutation] = []
    kinds: Counter[str] = Counter()
    for one in all_mutations():
        if sum(kinds.values()) >= WANTED:
            break
        folder = tmp_path / "mutant"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(EXAMPLES / one.example, folder, ignore=shutil.ignore_patterns(".cyberflow", "dist", "tests"))
        (folder / one.file).write_text(one.text, encoding="utf-8")
        if not passes_check(folder):
            continue
        kinds[one.kind] += 1
        shutil.copytree(EXAMPLES / one.example / "tests", folder / "tests")
        missed += [] if is_caught(folder) else [one]

    assert sum(kinds.values()) == WANTED, kinds
    assert min(kinds.values()) >= 1
    caught = 1 - len(missed) / WANTED
    assert caught >= SHARE, [(one.example, one.kind, one.what) for one in missed]
