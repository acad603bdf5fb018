"""Renaming: the project compiles to the same but for the name, and what cannot be renamed is refused with its place."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
from pathlib import Path

import pytest

from cyberflow.compiler.check import check, check_target
from cyberflow.compiler.compile import compile_bundle
from cyberflow.compiler.lookup.entities import Entity
from cyberflow.compiler.lookup.rename import RenameRefusal, find_name, rename
from cyberflow.edits import TextEdit
from cyberflow.language.project.load import read_project
from tests.compiler.edited import edit_texts
from tests.compiler.test_lookup import EXAMPLES, STYLES, lookup_of, project

NEW = "quite_new"
SHARED = """\
project: p
workflows:
  find:
    prompt: Find <mrn> for <who> with <$key>.
    inputs: {mrn: string, who: string}
    secrets: [key]
    outputs: {found: string}
  book:
    prompt: {file: book.md}
    inputs: &both {mrn: string}
    outputs: {slot: string}
  drop:
    prompt: {file: book.md}
    inputs: *both
chains:
  one:
    inputs: {mrn: string, who: string}
    secrets: [key]
    steps:
      - {id: find, workflow: find}
      - id: book
        workflow: book
        inputs:
          mrn: {$ref: find.outputs.found}
      - {id: drop, workflow: drop}
  two:
    inputs: {mrn: string}
    steps:
      - {id: book, workflow: book, inputs: {mrn: "M <mrn>"}}
"""
TEST = """\
tests:
  books:
    run: one
    inputs: {mrn: M7, who: Ada}
    simulate: {find: {outputs: {found: M7}}, book: {outputs: {slot: x}}}
    expect: {steps: {book: {inputs: {mrn: M7}}}}
"""


def bundle(root: Path) -> str:
    graph, builder, found = check_target(read_project(root), "local")
    assert not [one for one in found if one.severity == "error"], found
    made = dataclasses.asdict(compile_bundle(graph, builder))
    return json.dumps({key: value for key, value in made.items() if key != "digest"}, sort_keys=True)


def without(text: str, *names: str) -> object:
    """A bundle with one and the same word for several names, whatever order that gives their keys."""
    made = json.loads(re.sub(rf"\b(?:{'|'.join(names)})\b", "NAME", text))
    return {key: sorted(value, key=json.dumps) if isinstance(value, list) else value for key, value in made.items()}


def renamed(root: Path, entity: Entity, new: str = NEW) -> Path | RenameRefusal:
    """A copy of a project in which something has another name."""
    lookup = lookup_of(root)
    made = rename(lookup, entity, new)
    if isinstance(made, RenameRefusal):
        return made
    copy = root.with_name(f"{root.name}-renamed")
    shutil.copytree(root, copy)
    texts = {path: document.text for path, document in lookup.sources.documents.items()}
    for path, text in edit_texts(made, texts).items():
        (copy / path).write_text(text, encoding="utf-8")
    return copy


def entities(root: Path) -> list[Entity]:
    lookup = lookup_of(root)
    found = dict.fromkeys(hit.entity for path in lookup.sources.documents for hit in lookup.hits(path))
    ours = {"workflow", "chain", "task", "type", "step", "input", "secret", "output", "test"}
    return [one for one in found if one.kind in ours and not one.keys]


def shared(folder: Path) -> Path:
    root = folder / "shared"
    (root / "tests").mkdir(parents=True)
    project(root, SHARED)
    (root / "book.md").write_text("Book <mrn>.", encoding="utf-8")
    (root / "tests" / "one.yaml").write_text(TEST, encoding="utf-8")
    return root


INTAKE = entities(EXAMPLES / "patient-intake")


@pytest.mark.parametrize("entity", INTAKE, ids=lambda one: f"{one.kind}-{one.owner}-{one.name}")
def test_an_example_compiles_to_the_same_but_for_the_name(tmp_path: Path, entity: Entity) -> None:
    root = Path(shutil.copytree(EXAMPLES / "patient-intake", tmp_path / "intake"))
    copy = renamed(root, entity)

    assert isinstance(copy, Path)
    assert without(bundle(copy), entity.name, NEW) == without(bundle(root), entity.name, NEW)
    assert check(read_project(copy)) == []
    assert lookup_of(copy).definitions(Entity(entity.kind, NEW, entity.owner))


def test_that_is_more_than_twenty() -> None:
    assert len(INTAKE) > 20


def test_names_that_are_handed_on_in_silence_are_handed_on_still(tmp_path: Path) -> None:
    root = shared(tmp_path)
    before = [(one.rule, one.severity) for one in check(read_project(root))]
    for entity in entities(root):
        copy = renamed(root, entity)

        assert isinstance(copy, Path), (entity, copy)
        assert without(bundle(copy), entity.name, NEW) == without(bundle(root), entity.name, NEW), entity
        assert [(one.rule, one.severity) for one in check(read_project(copy))] == before, entity
        shutil.rmtree(copy)


def test_an_input_in_a_prompt_two_chains_and_a_test(tmp_path: Path) -> None:
    root = shared(tmp_path)
    copy = renamed(root, Entity("input", "mrn", "book"))

    assert isinstance(copy, Path)
    text = (copy / "cyberflow.yaml").read_text(encoding="utf-8")
    assert "inputs: &both {quite_new: string}" in text
    assert "          quite_new: {$ref: find.outputs.found}" in text
    assert "- {id: drop, workflow: drop, inputs: {quite_new: <mrn>}}" in text
    assert '{quite_new: "M <mrn>"}' in text
    assert (copy / "book.md").read_text(encoding="utf-8") == "Book <quite_new>."
    assert "book: {inputs: {quite_new: M7}}" in (copy / "tests" / "one.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("entity", "new", "why"),
    [
        (Entity("input", "note", "find"), "1a", "is not a name"),
        (Entity("input", "note", "find"), "patient", "the input `patient` is there already"),
        (Entity("workflow", "find"), "all", "the chain `all` is there already"),
        (Entity("type", "Mrn"), "string", "is a type already"),
        (Entity("input", "patient", "find", ("id",)), NEW, "is a member of a type"),
        (Entity("runtime", "x", "find"), NEW, "is not given here"),
        (Entity("file", "a.md"), NEW, "is not given here"),
    ],
)
def test_what_is_refused(tmp_path: Path, entity: Entity, new: str, why: str) -> None:
    refusal = rename(lookup_of(project(tmp_path, STYLES)), entity, new)

    assert isinstance(refusal, RenameRefusal)
    assert why in str(refusal)


def test_a_name_that_would_catch_another_value_is_refused(tmp_path: Path) -> None:
    text = (
        "project: p\nworkflows:\n  w:\n    prompt: Type <a> <b>\n    inputs: {a: string, 'b?': string}\n"
        "chains:\n  c:\n    inputs: {x: string}\n    steps: [{id: s, workflow: w, inputs: {a: <x>}}]\n"
    )
    refusal = rename(lookup_of(project(tmp_path, text)), Entity("input", "x", "c"), "b")

    assert isinstance(refusal, RenameRefusal)
    assert str(refusal) == "step `s` of `c` would get the chain's `b` too (cyberflow.yaml:9:18)"


def test_a_name_that_a_template_makes_is_refused(tmp_path: Path) -> None:
    text = (
        "project: p\nvars: {n: a}\nworkflows:\n  w:\n    inputs: {a: string}\n"
        "    prompt: \"Type ${{ '<' ~ vars.n ~ '>' }}\"\n"
    )
    refusal = rename(lookup_of(project(tmp_path, text)), Entity("input", "a", "w"), NEW)

    assert isinstance(refusal, RenameRefusal)
    assert "made by a template" in str(refusal)
    assert refusal.span is not None


def test_python_keeps_its_names_but_for_arguments() -> None:
    lookup = lookup_of(EXAMPLES / "patient-intake-python")
    made = rename(lookup, Entity("input", "patient", "patient-lookup"), NEW)
    refusal = rename(lookup, Entity("step", "lookup", "intake"), NEW)

    assert not isinstance(made, RenameRefusal)
    assert {edit.path for edit in made} == {"flows/intake.py", "prompts/patient-lookup.md", "tests/intake.yaml"}
    assert all(isinstance(edit, TextEdit) for edit in made)
    assert isinstance(refusal, RenameRefusal)
    assert "stands in Python" in str(refusal)


def test_what_a_function_takes_and_gives_has_its_name_in_python() -> None:
    lookup = lookup_of(EXAMPLES / "month-end")
    for named in (Entity("output", "large", "flows.glue:total"), Entity("input", "invoices", "flows.glue:total")):
        refusal = rename(lookup, named, NEW)
        assert isinstance(refusal, RenameRefusal)
        assert "stands in Python" in str(refusal)
        assert refusal.span is not None
        assert refusal.span.path == "flows/glue.py"


@pytest.mark.parametrize("example", ["patient-intake", "patient-intake-python", "month-end", "poster"])
def test_an_editor_marks_the_name_alone_or_hears_why_not(example: str) -> None:
    lookup = lookup_of(EXAMPLES / example)
    hits = {(hit.span, hit.entity): hit for path in lookup.sources.documents for hit in lookup.hits(path)}
    marked = 0
    for hit in hits.values():
        span = find_name(lookup, hit)
        if isinstance(span, RenameRefusal):
            continue
        assert hit.span.column <= span.column < span.end_column <= hit.span.end_column
        line = lookup.sources.lines(span.path)[span.line - 1]
        assert line[span.column - 1 : span.end_column - 1] == hit.entity.name
        marked += not span.path.endswith(".py") or hit.entity.kind in ("input", "secret")
    assert marked > 5


@pytest.mark.parametrize(
    ("words", "marked"),
    [
        ("|one.outputs.mrn", "one"),
        ("one|.outputs.mrn", "one"),
        ("one.|outputs.mrn", None),
        ("one.outp|uts.mrn", None),
        ("one.outputs|.mrn", None),
        ("one.outputs.|mrn", "mrn"),
        ("one.outputs.mrn|", "mrn"),
        ('|"note?": string', "note"),
        ('"no|te?": string', "note"),
        ("pin|?]", "pin"),
        ("|<who>}", None),
        ("<|who>}", "who"),
        ("<|$key>}", None),
        ("<$|key>}", "key"),
        ("<who|.id>", "who"),
        ("<who.|id>", "is a member of a type"),
        ("tags[|0]> with", "is a member of a type"),
        ("{{m|rn}}", "mrn"),
    ],
)
def test_what_an_editor_marks(tmp_path: Path, words: str, marked: str | None) -> None:
    lookup = lookup_of(project(tmp_path, STYLES))
    before, _, after = words.partition("|")
    offset = STYLES.index(before + after) + len(before)
    line, column = STYLES.count("\n", 0, offset) + 1, offset - STYLES.rfind("\n", 0, offset)

    hit = lookup.name_at("cyberflow.yaml", line, column)
    span = hit and find_name(lookup, hit)

    if isinstance(span, RenameRefusal):
        assert marked is not None
        assert marked in str(span)
    else:
        assert (span and STYLES.split("\n")[span.line - 1][span.column - 1 : span.end_column - 1]) == marked
