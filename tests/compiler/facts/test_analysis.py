"""A project held open: buffers over the disk, and states that do not change."""

from __future__ import annotations

from pathlib import Path

import pytest

from cyberflow.compiler.facts.analysis import Analysis

LOOKUP = """workflows:
  lookup:
    prompt: Find <name>.
    inputs: {name: string}
    outputs: {mrn: string}
"""
CHAIN = """chains:
  intake:
    inputs: {name: string}
    steps:
      - {id: find, workflow: lookup}
    outputs: {mrn: {$ref: find.outputs.mrn}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "cyberflow.yaml").write_text("project: clinic\n")
    (tmp_path / "lookup.yaml").write_text(LOOKUP)
    (tmp_path / "intake.yaml").write_text(CHAIN)
    return tmp_path


def found(analysis: Analysis) -> list[tuple[str, str, int]]:
    state = analysis.state()
    return [(one.rule, one.place.path, state.sources.span(one.place).line) for one in state.findings]


def test_a_buffer_lies_over_the_disk_until_it_is_taken_away(folder: Path) -> None:
    analysis = Analysis(folder)
    assert found(analysis) == []
    analysis.lay("lookup.yaml", LOOKUP.replace("mrn", "record").encode())
    assert found(analysis) == [("unknown-output", "intake.yaml", 6)]
    analysis.lay("lookup.yaml", None)
    assert found(analysis) == []


def test_a_buffer_needs_no_file(folder: Path) -> None:
    analysis = Analysis(folder)
    analysis.lay("more/book.yaml", b"workflows: {book: {prompt: {file: book.md}}}")
    assert found(analysis) == [("file-not-found", "more/book.yaml", 1)]
    analysis.lay("more/book.md", b"Book <visit>.")
    assert found(analysis) == [("undeclared-input", "more/book.md", 1)]


def test_a_state_is_not_touched_by_the_next_one(folder: Path) -> None:
    analysis = Analysis(folder)
    before = analysis.state()
    analysis.lay("lookup.yaml", b"workflows: {lookup: {prompt: ''}}")
    after = analysis.state()
    assert list(before.graph().workflows["lookup"].outputs.fields) == ["mrn"]
    assert not after.graph().workflows["lookup"].outputs.fields
    assert before.bundle() is not None
    assert after.bundle() is None


def test_the_state_is_the_same_until_something_changed(folder: Path) -> None:
    analysis = Analysis(folder)
    first = analysis.state()
    assert analysis.state() is first
    analysis.lay("lookup.yaml", (folder / "lookup.yaml").read_bytes() + b"# a word\n")
    second = analysis.state()
    assert second is not first
    analysis.lay("lookup.yaml", None)
    assert analysis.state() is not second
    (folder / "broken.yaml").write_text("a: [")
    third = analysis.state()
    assert third is not first
    assert analysis.state() is third


def test_what_others_write_needs_no_word(folder: Path) -> None:
    analysis = Analysis(folder)
    analysis.state()
    (folder / "intake.yaml").unlink()
    (folder / "notes.yaml").write_text("workflows: {note: {prompt: Write <x>.}}")
    assert found(analysis) == [("undeclared-input", "notes.yaml", 1)]
    assert sorted(analysis.state().graph().workflows) == ["lookup", "note"]
