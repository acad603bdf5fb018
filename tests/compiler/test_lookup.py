"""What stands at a place: every kind of name, in every style that a text can be written in."""

from __future__ import annotations

from pathlib import Path

import pytest

from cyberflow.compiler.check import check_target
from cyberflow.compiler.facts.findings import targets_to_check
from cyberflow.compiler.lookup.describe import type_text
from cyberflow.compiler.lookup.entities import Entity
from cyberflow.compiler.lookup.lookup import Lookup
from cyberflow.language.project.load import read_project

EXAMPLES = Path(__file__).parents[2] / "examples"
INTAKE = EXAMPLES / "patient-intake"

STYLES = """\
project: styles
types:
  Patient: {type: object, properties: {id: Mrn, tags: {type: array, items: {type: string}}}, required: [id]}
  Mrn: string
workflows:
  find:
    prompt: |
      Open <patient.id>, then <patient.tags[0]> with <$password>.
      Keep {{mrn}}.
    title: 'It''s "<note>"'
    inputs: {patient: Patient, "note?": string}
    secrets: [password, pin?]
    outputs: {"mrn": Mrn, rows: "Patient[]"}
    from_machine: [note, $password]
    terminal:
      - >-
        type
        <note>
      - "echo \\u00e4 <note>"
chains:
  all:
    inputs: {who: Patient}
    secrets: {key: string}
    steps:
      - {id: one, workflow: find, inputs: {patient: <who>}, secrets: {password: <$key>}}
      - id: two
        workflow: find
        inputs:
          patient: {$ref: "one.outputs.rows"}
          note: "a <who.id> 🐼 <who.tags[0]>"
        secrets: {password: <$key>}
    outputs: {mrn: {$ref: one.outputs.mrn}}
"""


def lookup_of(root: Path) -> Lookup:
    sourced = read_project(root)
    graphs = [check_target(sourced, name)[0] for name in targets_to_check(sourced)]
    return Lookup(graphs, sourced.sources, sourced.tests)


def point(text: str, before: str, name: str) -> tuple[int, int]:
    """Line and column of the second character of `name`, the first one behind `before`."""
    offset = text.index(name, text.index(before)) + (len(name) > 1)
    line = text.count("\n", 0, offset) + 1
    return line, offset - (text.rfind("\n", 0, offset) + 1) + 1


def project(folder: Path, text: str, name: str = "cyberflow.yaml", **files: bytes) -> Path:
    (folder / name).write_bytes(text.encode())
    for path, data in files.items():
        (folder / path).write_bytes(data)
    return folder


@pytest.mark.parametrize(
    ("before", "name", "entity"),
    [
        ("  Patient:", "Patient", Entity("type", "Patient")),
        ("{id: Mrn", "Mrn", Entity("type", "Mrn")),
        ("  find:", "find", Entity("workflow", "find")),
        ("Open <", "patient", Entity("input", "patient", "find")),
        ("Open <patient", "id", Entity("input", "patient", "find", ("id",))),
        ("then <patient", "tags", Entity("input", "patient", "find", ("tags",))),
        ("<$password>.", "password", Entity("secret", "password", "find")),
        ("Keep", "mrn", Entity("output", "mrn", "find")),
        ("It''s", "note", Entity("input", "note", "find")),
        ('"note?"', "note", Entity("input", "note", "find")),
        ("[password", "pin", Entity("secret", "pin", "find")),
        ('outputs: {"mrn"', "mrn", Entity("output", "mrn", "find")),
        ('rows: "', "Patient", Entity("type", "Patient")),
        ("from_machine", "note", Entity("input", "note", "find")),
        ("from_machine", "password", Entity("secret", "password", "find")),
        ("type\n", "note", Entity("input", "note", "find")),
        ("u00e4", "note", Entity("input", "note", "find")),
        ("inputs: {who", "who", Entity("input", "who", "all")),
        ("secrets: {key", "key", Entity("secret", "key", "all")),
        ("{id: one", "one", Entity("step", "one", "all")),
        ("workflow: find", "find", Entity("workflow", "find")),
        ("{patient: <who", "patient", Entity("input", "patient", "find")),
        ("patient: <who", "who", Entity("input", "who", "all")),
        ("{password: <", "password", Entity("secret", "password", "find")),
        ("password: <$", "key", Entity("secret", "key", "all")),
        ('$ref: "one', "one", Entity("step", "one", "all")),
        ('$ref: "one', "outputs", Entity("output", "rows", "find")),
        ('$ref: "one.outputs', "rows", Entity("output", "rows", "find")),
        ("🐼 <who", "tags", Entity("input", "who", "all", ("tags",))),
        ("outputs: {mrn: {", "mrn", Entity("output", "mrn", "all")),
        ("$ref: one.outputs.mrn", "mrn", Entity("output", "mrn", "find")),
        ("🐼 <", "<", Entity("input", "who", "all")),
    ],
)
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_name_is_found_where_it_stands(
    tmp_path: Path, before: str, name: str, entity: Entity, ending: str, mark: str
) -> None:
    project(tmp_path, mark + STYLES.replace("\n", ending))

    hit = lookup_of(tmp_path).at("cyberflow.yaml", *point(STYLES, before, name))

    assert hit is not None
    assert hit.entity == entity


def test_what_has_no_name_is_nothing(tmp_path: Path) -> None:
    lookup = lookup_of(project(tmp_path, STYLES))

    assert lookup.at("cyberflow.yaml", *point(STYLES, "Open", "Open")) is None
    assert lookup.at("cyberflow.yaml", *point(STYLES, "steps:", "steps")) is None
    assert lookup.at("cyberflow.yaml", 900, 1) is None
    assert lookup.at("elsewhere.yaml", 1, 1) is None


@pytest.mark.slow
def test_every_name_of_an_example_leads_to_its_declaration() -> None:
    """What is found at a place that names something lists this very place, and is declared somewhere."""
    lookup = lookup_of(INTAKE)
    undeclared = {"runtime", "tag", "pool", "machine", "model"}
    hits = [hit for path in lookup.sources.documents for hit in lookup.hits(path)]

    assert len(hits) > 100
    for hit in hits:
        found = lookup.at(hit.span.path, hit.span.line, hit.span.column)
        assert found is not None
        assert found.entity == hit.entity
        definitions = lookup.definitions(hit.entity)
        assert hit.span in [*definitions, *lookup.references(hit.entity)]
        assert definitions or hit.entity.kind in undeclared, hit


def test_places_of_an_output_across_files() -> None:
    lookup = lookup_of(INTAKE)
    output = Entity("output", "confirmation", "book-visit")

    assert [(span.path, span.line) for span in lookup.definitions(output)] == [("workflows.yaml", 45)]
    found = [(span.path, span.line) for span in lookup.references(output)]
    assert found[:2] == [("chains.yaml", 29), ("prompts/book-visit.md", 13)]
    assert {path for path, _ in found[2:]} == {"tests/intake.yaml"}


@pytest.mark.parametrize(
    ("entity", "text"),
    [
        (Entity("workflow", "find"), "{patient: {id: string, tags?: string[]}, note?: string, $password: string"),
        (Entity("chain", "all"), "{who: {id: string, tags?: string[]}, $key: string} -> {mrn: string}"),
        (Entity("type", "Patient"), "{id: string, tags?: string[]}"),
        (Entity("step", "one", "all"), "{mrn: string, rows: {id: string, tags?: string[]}[]}"),
        (Entity("output", "mrn", "all"), "string"),
        (Entity("input", "patient", "find", ("tags",)), "string[]"),
        (Entity("input", "nothing", "find"), None),
        (Entity("runtime", "found", "find"), None),
    ],
)
def test_types_are_told_in_the_notation(tmp_path: Path, entity: Entity, text: str | None) -> None:
    found = type_text(lookup_of(project(tmp_path, STYLES)).graph, entity)

    assert found == text if text is None else str(found).startswith(text)


def test_files_and_images_lead_to_the_file() -> None:
    lookup = lookup_of(INTAKE)
    image = lookup.at("prompts/sign-in.md", 8, 80)
    prompt = lookup.at("workflows.yaml", 17, 22)

    assert image is not None
    assert image.entity == Entity("file", "images/login-form.png")
    assert prompt is not None
    assert lookup.definitions(prompt.entity)[0].path == "prompts/patient-lookup.md"


def test_another_target_s_template_counts(tmp_path: Path) -> None:
    text = (
        "project: p\ntargets: {prod: {vars: {x: 1}}}\nworkflows:\n  w:\n    inputs: {a: string}\n"
        "    prompt: \"{% if target == 'prod' %}Type <a>{% else %}Do <a> nothing{% endif %}\"\n"
    )
    lookup = lookup_of(project(tmp_path, text))

    assert len(lookup.references(Entity("input", "a", "w"))) == 2


def test_python_and_its_types_in_another_module() -> None:
    lookup = lookup_of(EXAMPLES / "patient-intake-python")
    output = Entity("output", "mrn", "patient-lookup")

    assert [span.path for span in lookup.definitions(output)] == ["flows/records.py"]
    paths = {"flows/intake.py", "prompts/patient-lookup.md", "tests/intake.yaml"}
    assert {span.path for span in lookup.references(output)} == paths
    hit = lookup.at("flows/records.py", 35, 6)
    assert hit is not None
    assert hit.entity == output


def test_an_anchor_is_declared_once_for_all(tmp_path: Path) -> None:
    text = (
        "project: p\nworkflows:\n  a:\n    prompt: Type <n>\n    inputs: &in {n: string}\n"
        "  b:\n    prompt: Type <n>\n    inputs: *in\n"
    )
    lookup = lookup_of(project(tmp_path, text))

    assert lookup.definitions(Entity("input", "n", "b")) == lookup.definitions(Entity("input", "n", "a"))
