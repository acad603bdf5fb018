"""The examples of docs/rules.md and of `explain RULE`: each is a project with its mistake, and the same one mended."""

from __future__ import annotations

import asyncio
import io
import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from cyberflow.cli.main import run
from cyberflow.client.cyberdesk.client import Cyberdesk
from cyberflow.compiler.rules import FIXES, REMOTE_RULES, RULES, TEST_RULES
from cyberflow.emulator.platform import Platform
from tests.docs.page import ROOT, Block, blocks
from tests.emulator.served import serve

PAGE = "docs/rules.md"
TEXT = (ROOT / PAGE).read_text(encoding="utf-8")
FILES = {
    "images/search.png": ROOT / "examples" / "patient-intake" / "images" / "search-button.png",
    "data/seed.csv": ROOT / "tests" / "docs" / "__init__.py",
}
"""What the project of every example has besides: an image, and a file for machines."""
GIVEN = {"project": "clinic", "python": ["flows/*.py"]}
"""What its cyberflow.yaml says where the example has none; `python` where there is a module."""

MENDED_ELSEWHERE = ("missing-key", "type-mismatch")
"""Their examples show what people meet most, which no fix mends."""


def rule_of(block: Block) -> str:
    return str(re.findall(r"^### (.+)$", TEXT[: block.span[0]], re.MULTILINE)[-1])


BLOCKS = {rule_of(block): block for block in blocks(PAGE)}


def files_of(example: str, sign: str) -> dict[str, str]:
    """The files of one side of an example, `-` or `+`, by their paths."""
    lines = [line[1:] for line in example.splitlines() if line[:1] in ("", " ", sign)]
    found: dict[str, list[str]] = {}
    path = "flows.yaml"
    for line in lines:
        if named := re.fullmatch(r"# (\S+\.\w+)", line):
            path = named[1]
        else:
            found.setdefault(path, []).append(line)
    return {path: "\n".join(some) + "\n" for path, some in found.items()}


def write_project(folder: Path, example: str, sign: str, url: str = "") -> None:
    files = files_of(example, sign)
    given = {key: value for key, value in GIVEN.items() if key != "python" or any(p.endswith(".py") for p in files)}
    files.setdefault("cyberflow.yaml", json.dumps(given | ({"targets": {"prod": {"url": url}}} if url else {})))
    for path, text in files.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
    for path, source in FILES.items():
        (folder / path).parent.mkdir(exist_ok=True)
        shutil.copy(source, folder / path)


@contextmanager
def account() -> Iterator[str]:
    """A platform that has what the examples name."""

    async def prepare(url: str) -> None:
        async with Cyberdesk.connect(url, "any") as desk:
            await desk.add_names({"pools": ["epic"]})

    with Platform.open(":memory:") as platform, serve(platform.app) as url:
        asyncio.run(prepare(url))
        yield url


def rules_found(folder: Path, rule: str) -> list[str]:
    """The rules of what the command finds that knows this rule."""
    options = ["--remote", "--target", "prod"] if rule in REMOTE_RULES else []
    out = io.StringIO()
    with redirect_stdout(out), redirect_stderr(io.StringIO()):
        if rule in TEST_RULES:
            run(["test", "--project", str(folder), "--format", "json", "--processes", "1"])
            found = json.loads(out.getvalue())["tests"]
            assert {one["status"] for one in found} == {"passed"}
            return [rule for one in found for _ in one["warnings"]]
        run(["check", "--project", str(folder), "--format", "json", *options])
    return [one["rule"] for one in json.loads(out.getvalue())["diagnostics"]]


@pytest.fixture
def address(rule: str) -> Iterator[str]:
    if rule in REMOTE_RULES:
        with account() as url:
            yield url
    else:
        yield ""


PARAMETERS = [pytest.param(rule, marks=[pytest.mark.slow] if rule in REMOTE_RULES else []) for rule in RULES]


@pytest.mark.parametrize("rule", PARAMETERS)
def test_an_example_has_its_finding_and_mended_none(rule: str, address: str, tmp_path: Path) -> None:
    example = BLOCKS[rule].text
    write_project(tmp_path / "mistake", example, "-", address)
    write_project(tmp_path / "mended", example, "+", address)

    assert set(rules_found(tmp_path / "mistake", rule)) == {rule}
    assert rules_found(tmp_path / "mended", rule) == []


@pytest.mark.parametrize("rule", [rule for rule in RULES if FIXES.get(rule) and rule not in MENDED_ELSEWHERE])
def test_what_mends_a_rule_mends_its_example(rule: str, tmp_path: Path) -> None:
    write_project(tmp_path, BLOCKS[rule].text, "-")
    before = len(rules_found(tmp_path, rule))
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        run(["check", "--project", str(tmp_path), "--fix", "--unsafe-fixes"])

    assert len(rules_found(tmp_path, rule)) < before


def test_every_example_is_one_of_a_rule() -> None:
    assert [*BLOCKS] == [rule_of(block) for block in blocks(PAGE)]
    assert {block.language for block in BLOCKS.values()} == {"diff"}
    assert set(BLOCKS) == set(RULES)
