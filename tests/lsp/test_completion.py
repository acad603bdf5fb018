"""Completion at every kind of place: names, and never a key of the language."""

from __future__ import annotations

from pathlib import Path

import pytest

from cyberflow.language.editor.descriptions import FIELDS
from cyberflow.lsp.completion.complete import complete
from tests.compiler.test_lookup import lookup_of

PROJECT = """\
project: clinic
vars: {clinic: north}
targets: {prod: {vars: {clinic: main, ward: b}}}
types:
  Patient: {type: object, properties: {id: {type: string}, age: {type: integer}}, required: [id]}
  Mrn: string
workflows:
  find:
    prompt: {file: prompts/find.md}
    inputs: {patient: Patient, "note?": string}
    secrets: [password, pin]
    outputs: {mrn: Mrn, rows: "string[]", who: Patient}
    tags: [Intake]
    models: {main: Fast}
  book:
    prompt: Book <mrn> for <day>.
    inputs: {mrn: Mrn, day: string, "count?": integer}
    outputs: {slot: string}
chains:
  all:
    inputs: {patient: Patient, day: string}
    secrets: [key]
    pools: [epic]
    session: {login: find}
    steps:
      - {id: one, workflow: find, inputs: {patient: <patient>}, secrets: {password: <$key>, pin: <$key>}}
      - {id: two, workflow: book, inputs: {mrn: {$ref: one.outputs.mrn}}}
    outputs: {slot: {$ref: two.outputs.slot}}
"""
STEPS = """\
chains:
  c:
    inputs: {when: string, who: Patient}
    secrets: [key]
    steps:
      - id: a
        workflow: find
"""
BOOK = STEPS + "      - id: b\n        workflow: book\n"
OWN = "workflows:\n  own:\n    inputs: {item: Patient, fresh: string}\n    secrets: [pass]\n"
WORDS = {"string", "number", "integer", "boolean", "object", "array", "any"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("clinic")
    (root / "cyberflow.yaml").write_text(PROJECT, encoding="utf-8")
    for name in ("prompts/find.md", "prompts/other.txt", "images/a.png", "data/rows.csv", "schemas/out.json"):
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_bytes(
            b"Open <patient.id> with <$password> and <$pin> <note>." if name.endswith(".md") else b"{}"
        )
    return root


def labels(folder: Path, text: str, path: str = "flows.yaml", *, keys: bool = False) -> set[str]:
    at = text.index("^")
    found = complete(lookup_of(folder), path, text.replace("^", ""), at, keys=keys)
    return {one.label for one in found.items}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (STEPS + "      - id: b\n        workflow: ^\n", {"find", "book"}),
        (STEPS + "      - {id: b, workflow: ^}\n", {"find", "book"}),
        ("chains:\n  c:\n    session: {s: ^}\n", {"find", "book"}),
        (BOOK + "        inputs:\n          ^\n", {"mrn", "day", "count"}),
        (BOOK + "        inputs:\n          mrn: x\n          ^\n", {"day", "count"}),
        (BOOK + "        inputs:\n          mrn: x\n          d^\n", {"day", "count"}),
        (BOOK + "        inputs: {mrn: x, ^}\n", {"day", "count"}),
        (BOOK + "        inputs: {^\n", {"mrn", "day", "count"}),
        (STEPS + "        secrets: {^}\n", {"password", "pin"}),
        (STEPS + "        secrets:\n          pin: x\n          ^\n", {"password"}),
        (STEPS + "        secrets: {password: ^}\n", {"<$key>"}),
        (STEPS + "        secrets: {password: <$^}\n", {"key"}),
        (BOOK + "        inputs: {day: <^}\n", {"when", "who"}),
        (BOOK + '        inputs: {day: "on <who.^ at"}\n', {"id", "age"}),
        (BOOK + "        inputs:\n          mrn: {$ref: ^}\n", {"a"}),
        (BOOK + "        inputs:\n          mrn: {$ref: a.^}\n", {"outputs"}),
        (BOOK + "        inputs:\n          mrn: {$ref: a.outputs.^}\n", {"mrn", "who"}),
        (BOOK + "        inputs:\n          mrn: {$ref: a.outputs.^\n", {"mrn", "who"}),
        (BOOK + "        inputs:\n          mrn:\n            $ref: a.outputs.who.^\n", {"id"}),
        (BOOK + "        inputs:\n          count: {$ref: a.outputs.who.^}\n", {"age"}),
        (BOOK + "        inputs:\n          mrn: {$ref: b.^}\n", set()),
        (BOOK + "    outputs:\n      x: {$ref: ^}\n", {"a", "b"}),
        (BOOK + "    outputs:\n      x: {$ref: b.outputs.^}\n", {"slot"}),
        (BOOK + "    outputs:\n      x: {$ref: a.outputs.^}\n", {"mrn", "rows", "who"}),
        (STEPS + "    pools: [^]\n", {"epic"}),
        (STEPS + "    from_machine: [^]\n", {"when", "who", "$key", "patient", "note", "$password", "$pin"}),
        (OWN + "    prompt: |\n      Type <^\n", {"item", "fresh"}),
        (OWN + "    prompt: |\n      Type <$^ now\n", {"pass"}),
        (OWN + '    prompt: "Type <item.^"\n', {"id", "age"}),
        (OWN + "    prompt: Type <$p^\n", {"pass"}),
        (OWN + "    title: For <^\n", {"item", "fresh"}),
        (OWN + "    terminal:\n      - del <^\n", {"item", "fresh"}),
        (OWN + "    from_machine:\n      - ^\n", {"item", "fresh", "$pass"}),
        (OWN + "    tags:\n      - ^\n", {"Intake"}),
        (OWN + "    models: {main: ^}\n", {"Fast"}),
        (OWN + "    prompt: {file: ^}\n", {"prompts/find.md", "prompts/other.txt"}),
        (OWN + "    prompt: 'See ![x](^'\n", {"images/a.png"}),
        (
            OWN + "    files: [{path: ^}]\n",
            {
                "prompts/find.md",
                "prompts/other.txt",
                "images/a.png",
                "data/rows.csv",
                "schemas/out.json",
                "cyberflow.yaml",
            },
        ),
        (OWN + "    outputs: {schema: {file: ^}}\n", {"schemas/out.json", "cyberflow.yaml"}),
        (OWN + "    outputs:\n      x: ^\n", {"Patient", "Mrn", *WORDS}),
        (OWN + "    outputs:\n      x: {type: array, items: ^}\n", {"Patient", "Mrn"}),
        (OWN + "    outputs:\n      x: {type: ^}\n", set()),
        (OWN + "    prompt: Hello ${{ ^\n", {"vars", "target", "image"}),
        (OWN + "    prompt: Hello ${{ vars.^ }}\n", {"clinic", "ward"}),
        (OWN + "    # cyberflow: ignore[un^\n", None),
        (OWN + "    prompt: plain ^\n", set()),
        (OWN + "    ^\n", set()),
        ("^", set()),
    ],
)
def test_what_is_offered(folder: Path, text: str, expected: set[str] | None) -> None:
    found = labels(folder, text)

    if expected is None:
        assert {"unused-input", "type-mismatch"} <= found
    else:
        assert found == expected


def test_prompt_files_offer_the_names_of_their_workflow(folder: Path) -> None:
    path = "prompts/find.md"

    assert labels(folder, "Open <^", path) == {"patient", "note"}
    assert labels(folder, "Open <patient.^>", path) == {"id", "age"}
    assert labels(folder, "Open <$^", path) == {"password", "pin"}
    assert labels(folder, "See ![a](^", path) == {"../images/a.png"}
    assert labels(folder, "See ![a](/^", path) == {"/images/a.png"}
    assert labels(folder, "x < 5 ^", path) == set()


def test_what_is_written_closes_the_placeholder(folder: Path) -> None:
    def inserts(text: str) -> dict[str, str]:
        at = text.index("^")
        found = complete(lookup_of(folder), "prompts/find.md", text.replace("^", ""), at)
        assert text[found.start : found.end] == "no"
        return {one.label: one.insert for one in found.items}

    assert inserts("Open <no^") == {"patient": "patient", "note": "note>"}
    assert inserts("Open <no^>")["note"] == "note"


def test_keys_of_the_language_are_for_who_asks(folder: Path) -> None:
    assert {"prompt", "outputs"} <= labels(folder, "workflows:\n  own:\n    inputs: {a: string}\n    ^\n", keys=True)
    assert "inputs" not in labels(folder, "workflows:\n  own:\n    inputs: {a: string}\n    ^\n", keys=True)
    assert {"id", "workflow"} <= labels(folder, "chains:\n  c:\n    steps:\n      - ^\n", keys=True)
    assert {"workflows", "chains"} <= labels(folder, "^", keys=True)
    assert {"checks", "files"} <= set(FIELDS["Workflow"])


def test_a_file_that_is_not_read_offers_nothing(folder: Path) -> None:
    assert labels(folder, "Open <^", "README.md") == set()


PIPELINE = """\
pipelines:
  p:
    inputs: {month: string}
    secrets: [key]
    steps:
      - {id: get, run: find, inputs: {patient: {$ref: x}}}
      - id: each
        each: {row: {$ref: get.outputs.rows}}
        run: book
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("pipelines:\n  p:\n    steps:\n      - id: a\n        run: ^\n", {"find", "book", "all"}),
        (PIPELINE + "        inputs:\n          ^\n", {"mrn", "day", "count"}),
        (PIPELINE + "        inputs: {mrn: <^}\n", {"month", "row"}),
        (PIPELINE + "        secrets: {x: <$^}\n", {"key"}),
        (PIPELINE + "        inputs: {mrn: {$ref: ^}}\n", {"get"}),
        (PIPELINE + "        inputs: {mrn: {$ref: get.outputs.^}}\n", {"mrn", "who"}),
        (PIPELINE + "        after: [^]\n", {"get"}),
        (PIPELINE.replace("get.outputs.rows", "get.outputs.^"), {"rows", "who"}),
        (PIPELINE + "    outputs: {x: {$ref: each.outputs.^}}\n", {"slot"}),
    ],
)
def test_what_is_offered_in_a_pipeline(folder: Path, text: str, expected: set[str]) -> None:
    assert labels(folder, text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("    run: ^\n", {"find", "book", "all"}),
        ("    run: all\n    target: ^\n", {"local", "prod"}),
        ("    run: all\n    inputs:\n      ^\n", {"patient", "day"}),
        ("    run: all\n    inputs: {day: x, ^}\n", {"patient"}),
        ("    run: all\n    secrets: {^}\n", {"key"}),
        ("    run: all\n    simulate: {^}\n", {"one", "two"}),
        ("    run: all\n    simulate: {one: {outputs: {^}}}\n", {"mrn", "rows", "who"}),
        ("    run: all\n    expect: {outputs: {^}}\n", {"slot"}),
        ("    run: all\n    expect: {outputs: {$exact: {^}}}\n", {"slot"}),
        ("    run: all\n    expect:\n      steps:\n        ^\n", {"one", "two"}),
        ("    run: all\n    expect: {steps: {two: {inputs: {^}}}}\n", {"mrn", "day", "count"}),
        ("    run: all\n    cases:\n      - {inputs: {^}}\n", {"patient", "day"}),
        ("    run: all\n    at: ^\n", set()),
    ],
)
def test_what_is_offered_in_a_test(folder: Path, text: str, expected: set[str]) -> None:
    path = folder / "tests" / "flows.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text("tests: {t: {run: all}}\n", encoding="utf-8")
    try:
        assert labels(folder, f"tests:\n  t:\n{text}", "tests/flows.yaml") == expected
    finally:
        path.unlink()
