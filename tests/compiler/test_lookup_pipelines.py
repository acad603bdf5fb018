"""Names in pipelines and in test files."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from cyberflow.compiler.check import check
from cyberflow.compiler.lookup.describe import type_text
from cyberflow.compiler.lookup.entities import Entity
from cyberflow.compiler.lookup.rename import RenameRefusal, rename
from cyberflow.language.project.load import read_project
from tests.compiler.edited import edit_texts
from tests.compiler.test_lookup import lookup_of, point

PIPELINE = """\
project: pl
python: [flows/*.py]
workflows:
  list-invoices:
    prompt: List <month> with <$password>.
    inputs: {month: string}
    secrets: [password]
    outputs: {invoices: "Invoice[]", total: number}
  file-invoice:
    prompt: File <invoice.number>.
    inputs: {invoice: Invoice}
    outputs: {receipt: string}
  close-month:
    prompt: Close with <receipts>.
    inputs: {receipts: "string[]"}
types:
  Invoice: {number: string, amount: number}
tasks:
  poster:
    workflow: text-to-image@2
    inputs: {heading: string}
    parameters: {prompt: A poster for <heading>}
pipelines:
  month-end:
    inputs: {month: string}
    secrets: [epic_password]
    steps:
      - {id: find, run: list-invoices, inputs: {month: <month>}, secrets: {password: <$epic_password>}}
      - id: file
        each: {invoice: {$ref: find.outputs.invoices}}
        key: <invoice.number>
        run: file-invoice
        inputs: {invoice: <invoice>}
        on_failure: continue
      - {id: total, call: 'flows.glue:total', inputs: {receipts: {$ref: file.outputs.receipt}}}
      - id: release
        when: {$ref: total.outputs.large}
        wait: {signal: "Close <month>?", outputs: {approved: boolean}, timeout: 48h}
      - {id: banner, run: poster, after: [release], inputs: {heading: <month>}}
    outputs: {ok: {$ref: release.outputs.approved}, count: {$ref: find.outputs.total}}
"""
GLUE = """\
from typing import TypedDict
class Totals(TypedDict):
    large: bool
def total(receipts: list[str | None]) -> Totals:
    return {"large": len(receipts) > 3}
"""
TEST = """\
tests:
  closes:
    run: month-end
    inputs: {month: 2026-03}
    secrets: {epic_password: any}
    simulate: {find: {outputs: {invoices: [], total: 0}}}
    expect: {outputs: {count: 0}}
  files:
    run: file-invoice
    inputs: {invoice: {number: "1", amount: 2}}
    cases: [{expect: {outputs: {receipt: x}}}]
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name, text in (("cyberflow.yaml", PIPELINE), ("flows/glue.py", GLUE), ("tests/one.yaml", TEST)):
        path = tmp_path / "p" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path / "p"


@pytest.mark.parametrize(
    ("before", "name", "entity", "type"),
    [
        ("pipelines:", "month-end", Entity("pipeline", "month-end"), "{month: string, $epic_password: string} -> {ok"),
        ("run: list", "list-invoices", Entity("workflow", "list-invoices"), "{month: string, $password: string} ->"),
        ("each: {", "invoice", Entity("item", "invoice", "month-end/file"), "{number: string, amount: number}"),
        ("key: <", "invoice", Entity("item", "invoice", "month-end/file"), "{number: string, amount: number}"),
        ("key: <invoice", "number", Entity("item", "invoice", "month-end/file", ("number",)), "string"),
        (": <invoice>}", "invoice", Entity("item", "invoice", "month-end/file"), "{number"),
        ("$ref: find", "invoices", Entity("output", "invoices", "list-invoices"), "{number: string, amount: number}[]"),
        (
            "call: ",
            "flows.glue:total",
            Entity("function", "flows.glue:total"),
            "{receipts: (string | null)[]} -> {large",
        ),
        ("when: {$ref: total.outputs.", "large", Entity("output", "large", "flows.glue:total"), "boolean"),
        ("outputs: {approved", "approved", Entity("output", "approved", "month-end/release"), "boolean"),
        ("after: [", "release", Entity("step", "release", "month-end"), "{approved: boolean}"),
        ("run: poster", "poster", Entity("task", "poster"), "{heading: string}"),
        ("{heading: <", "heading", Entity("input", "heading", "poster"), "string"),
    ],
)
def test_names_of_a_pipeline(root: Path, before: str, name: str, entity: Entity, type: str) -> None:
    lookup = lookup_of(root)
    hit = lookup.at("cyberflow.yaml", *point(PIPELINE, before, name))

    assert hit is not None
    assert hit.entity == entity
    assert str(type_text(lookup.graph, entity)).startswith(type)
    assert entity.keys or lookup.definitions(entity)


@pytest.mark.parametrize(
    ("before", "name", "entity"),
    [
        ("tests:", "closes", Entity("test", "closes")),
        ("run: month", "month-end", Entity("pipeline", "month-end")),
        ("inputs: {month", "month", Entity("input", "month", "month-end")),
        ("secrets: {epic", "epic_password", Entity("secret", "epic_password", "month-end")),
        ("simulate: {find", "find", Entity("step", "find", "month-end")),
        ("outputs: {invoices", "invoices", Entity("output", "invoices", "list-invoices")),
        ("expect: {outputs: {count", "count", Entity("output", "count", "month-end")),
        ("run: file", "file-invoice", Entity("workflow", "file-invoice")),
        ("outputs: {receipt", "receipt", Entity("output", "receipt", "file-invoice")),
    ],
)
def test_names_of_a_test(root: Path, before: str, name: str, entity: Entity) -> None:
    lookup = lookup_of(root)
    hit = lookup.at("tests/one.yaml", *point(TEST, before, name))

    assert hit is not None
    assert hit.entity == entity
    assert hit.span in [*lookup.definitions(entity), *lookup.references(entity)]


def test_every_name_can_be_changed_and_nothing_is_found_then(root: Path) -> None:
    lookup = lookup_of(root)
    before = [(one.rule, one.severity) for one in check(read_project(root))]
    every = dict.fromkeys(hit.entity for path in lookup.sources.documents for hit in lookup.hits(path))
    kinds = set()
    for entity in every:
        made = rename(lookup, entity, "quite_new")
        if isinstance(made, RenameRefusal):
            assert entity.keys or entity.kind == "function" or ":" in entity.owner, made
            continue
        copy = Path(shutil.copytree(root, root.with_name("copy")))
        texts = {path: document.text for path, document in lookup.sources.documents.items()}
        for path, text in edit_texts(made, texts).items():
            (copy / path).write_text(text, encoding="utf-8")
        assert [(one.rule, one.severity) for one in check(read_project(copy))] == before, entity
        shutil.rmtree(copy)
        kinds.add(entity.kind)
    assert {"pipeline", "item", "step", "input", "secret", "output", "task", "type", "test", "workflow"} == kinds


NESTED = """\
project: pl
workflows:
  look: {prompt: Look for <who>., inputs: {who: string}, outputs: {mrn: string}}
chains:
  intake:
    inputs: {who: string}
    steps: [{id: find, workflow: look}]
    outputs: {mrn: {$ref: find.outputs.mrn}}
pipelines:
  round:
    inputs: {who: string}
    steps: [{id: visit, each: {one: [ada, bob]}, key: <one>, run: intake, inputs: {who: <one> of <who>}}]
  night:
    inputs: {who: string}
    steps: [{id: outer, run: round}]
"""
NESTED_TEST = """\
tests:
  it:
    run: night
    inputs: {who: x}
    simulate:
      'outer/visit[ada]/find': {outputs: {mrn: M1}}
      "visit[bob]": {outputs: {mrn: M2}}
      find: {outputs: {mrn: M3}}
    expect:
      steps:
        outer/visit[ada]: {outputs: {mrn: M1}}
        outer/visit[ada]/find: {inputs: {who: ada}}
"""


@pytest.mark.parametrize(
    ("entity", "lines"),
    [
        (Entity("step", "visit", "round"), [6, 7, 11, 12]),
        (Entity("step", "find", "intake"), [6, 8, 12]),
        (Entity("step", "outer", "night"), [6, 11, 12]),
        (Entity("output", "mrn", "look"), [6, 8]),
        (Entity("output", "mrn", "intake"), [7, 11]),
        (Entity("input", "who", "look"), [12]),
    ],
)
def test_a_step_inside_is_named_by_a_part_of_a_key(tmp_path: Path, entity: Entity, lines: list[int]) -> None:
    (tmp_path / "cyberflow.yaml").write_text(NESTED, encoding="utf-8")
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/night.yaml").write_text(NESTED_TEST, encoding="utf-8")
    edits = rename(lookup_of(tmp_path), entity, "other")
    assert not isinstance(edits, RenameRefusal), edits
    texts = {"cyberflow.yaml": NESTED, "tests/night.yaml": NESTED_TEST}
    for path, text in edit_texts(edits, texts).items():
        (tmp_path / path).write_text(text, encoding="utf-8")
    before, after = NESTED_TEST.splitlines(), (tmp_path / "tests/night.yaml").read_text(encoding="utf-8").splitlines()
    changed = [number for number, pair in enumerate(zip(before, after, strict=True), 1) if pair[0] != pair[1]]
    assert changed == lines
    assert not check(read_project(tmp_path))
