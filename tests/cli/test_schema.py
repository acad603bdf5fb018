"""The schemas that editors use: they take whatever check takes, and refuse what people get wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import regress

from cyberflow.compiler.check import check
from cyberflow.language import model, pipelines
from cyberflow.language.closed_model import fields_of
from cyberflow.language.editor.descriptions import FIELDS, MODELS
from cyberflow.language.editor.descriptions_of_tests import TEST_FIELDS
from cyberflow.language.editor.json_schemas import KINDS, Kind, editor_schema
from cyberflow.language.editor.notation_schema import definitions
from cyberflow.language.flow_tests import model as test_model
from cyberflow.language.project.load import RawProject, read_project
from cyberflow.language.yaml.document import parse_yaml
from cyberflow.schema.keywords import KEYWORDS, MARKERS, TYPES, WORDS
from cyberflow.schema.well_formed import check_keyword
from tests.cli.cli_program import Program

ROOT = Path(__file__).parents[2]
PROJECTS = sorted(
    path.parent for place in ("examples", "tests/cases") for path in (ROOT / place).rglob("cyberflow.yaml")
)


@cache
def validator(kind: Kind | None) -> jsonschema_rs.Validator:
    return jsonschema_rs.validator_for(editor_schema(kind))


def valid(text: str, kind: Kind | None = "declarations") -> bool:
    document = parse_yaml(text, "x.yaml")
    assert not document.problems
    return validator(kind).is_valid(document.data)


@pytest.mark.parametrize("kind", [*KINDS, None])
def test_the_schema_is_one(kind: Kind | None) -> None:
    jsonschema_rs.meta.validate(editor_schema(kind))


@pytest.mark.parametrize("kind", [*KINDS, None])
def test_its_patterns_are_those_of_editors(kind: Kind | None) -> None:
    """Editors compile them as ECMAScript does in Unicode mode, which refuses an escape that is not needed."""
    patterns = list(patterns_of(editor_schema(kind)))
    assert len(patterns) > 3
    for pattern in patterns:
        regress.Regex(pattern, flags="u")


def patterns_of(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("pattern"), str):
            yield value["pattern"]
        if isinstance(value.get("patternProperties"), dict):
            yield from value["patternProperties"]
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from patterns_of(item)


def right() -> Iterator[tuple[Path, RawProject]]:
    """The projects of this repository that are not wrong on purpose, silenced or not."""
    for folder in PROJECTS:
        sourced = read_project(folder)
        silenced = any("cyberflow: ignore" in document.text for document in sourced.documents)
        if not silenced and not any(one.severity == "error" for one in check(sourced)):
            yield folder, sourced


@pytest.mark.slow
def test_what_check_takes_is_valid() -> None:
    refused = []
    seen = 0
    for folder, sourced in right():
        for document in sourced.documents:
            kind: Kind = "project" if document.path == "cyberflow.yaml" else "declarations"
            problems = [*validator(kind).iter_errors(document.data), *validator(None).iter_errors(document.data)]
            refused += [(folder.name, document.path, problem.message) for problem in problems]
            seen += 1
        for document in sourced.tests:
            problems = [*validator("tests").iter_errors(document.data), *validator(None).iter_errors(document.data)]
            refused += [(folder.name, document.path, problem.message) for problem in problems]
    assert not refused
    assert seen > len(PROJECTS) // 2


@pytest.mark.parametrize(
    "text",
    [
        (
            "workflows: {w: {prompt: Do it., inputs: {a: string, 'b?': 'integer[]', c: Named, 'd': {at: string, "
            "'n?': any}}}}"
        ),
        "workflows: {w: {prompt: {file: a.md}, outputs: {a: {type: array, items: {type: string}, x-note: free}}}}",
        "workflows: {w: {prompt: Do it., inputs: {schema: {file: in.json}}, schema: off}}",
        "workflows: {w: {prompt: Do it., inputs: {a: {schema: {file: in.json}}}, secrets: {pin?: string}}}",
        (
            "workflows: {w: {prompt: Do it., exports: '${{ vars.on }}', tags: '${{ vars.tags }}', "
            "terminal: ['${{ vars.c }}']}}"
        ),
        "workflows: {w: {prompt: Do it., x-owner: {team: [intake]}}}\nx-more: 1",
        "types: {T: {anyOf: [{$ref: U}, {type: 'null'}]}, U: {properties: {a: {}}, required: [a]}}",
        (
            "chains: {c: {steps: [{id: a, workflow: w, inputs: {x: {$ref: b.outputs.y}, "
            "z: [{$ref: 'b.outputs.y[0]'}, 1, null]}}]}}"
        ),
        (
            "chains: {c: {steps: [{id: a, workflow: w, secrets: {p: <$q>}}], "
            "outputs: {o: {deep: {$ref: \"a.outputs['k e y']\"}}}}}"
        ),
        "tasks: {t: {workflow: text-to-image@2, parameters: {width: 1024}, timeout: 20m}}",
    ],
)
def test_every_notation_is_valid(text: str) -> None:
    assert valid(text)


@pytest.mark.parametrize(
    "text",
    [
        "workflow: {w: {prompt: Do it.}}",
        "workflows: {w: {promt: Do it.}}",
        "workflows: {w: {inputs: {a: string}}}",
        "workflows: {w: {prompt: {path: a.md}}}",
        "workflows: {2nd look: {prompt: Do it.}}",
        "workflows: {w: {prompt: Do it., inputs: [a, b]}}",
        "workflows: {w: {prompt: Do it., inputs: {a: 'string []'}}}",
        "workflows: {w: {prompt: Do it., inputs: {a: {type: strng}}}}",
        "workflows: {w: {prompt: Do it., inputs: {a: {type: string, minimun: 0}}}}",
        "workflows: {w: {prompt: Do it., inputs: {a: {type: object, properties: {b: string}}}}}",
        "workflows: {w: {prompt: Do it., exports: yes}}",
        "workflows: {w: {prompt: Do it., files: [{path: a, name: b}]}}",
        "workflows: {w: {prompt: Do it., models: {fallbacks: [a, b, c]}}}",
        "workflows: {w: {prompt: Do it., checks: [{name: x, type: output_data}]}}",
        "chains: {c: {steps: []}}",
        "chains: {c: {steps: [{workflow: w}]}}",
        "chains: {c: {steps: [{id: a, workflow: w, inputs: {x: {$ref: b.y}}}]}}",
        "chains: {c: {steps: [{id: a, workflow: w, inputs: {x: {$ref: b.outputs}}}]}}",
        "chains: {c: {steps: [{id: a, workflow: w, inputs: {x: {$ref: b.outputs.y, default: 1}}}]}}",
        "chains: {c: {steps: [{id: a, workflow: w, secrets: {p: hunter2}}]}}",
        "tasks: {t: {workflow: w, timeout: 20 minutes}}",
    ],
)
def test_what_people_get_wrong_is_refused(text: str) -> None:
    assert not valid(text)


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("project: clinic\ntargets: {prod: {api_key: {env: KEY}, secrets: {p: {keyring: a/b}}}}", True),
        ("project: clinic\nworkflows: {w: {prompt: Do it.}}", True),
        ("project: Clinic", False),
        ("sources: [a.yaml]", False),
        ("project: clinic\ntargets: {prod: {api_key: sk-123}}", False),
        ("project: clinic\ntargets: {prod: {api_key: {env: A, file: B}}}", False),
        ("project: clinic\ntarget: {}", False),
    ],
)
def test_the_project_file(text: str, right: bool) -> None:
    assert valid(text, "project") is right


def test_every_key_of_the_model_has_words_and_no_other() -> None:
    models = {name: getattr(model, name, None) or getattr(pipelines, name) for name in MODELS}
    models |= {name: getattr(test_model, name) for name in TEST_FIELDS}
    for name, one in models.items():
        inherited = set(FIELDS["Declarations"]) if name == "ProjectFile" else set()
        keys = {field.key for field in fields_of(one).values()}
        assert keys - inherited == set({**FIELDS, **TEST_FIELDS}[name]), name
    generated = {**editor_schema("project")["definitions"], **editor_schema()["definitions"]}
    assert all(isinstance(one.get("description"), str) for name, one in generated.items() if name in MODELS)


def test_every_example_of_the_schema_is_one() -> None:
    made = editor_schema()
    for name, fields in {**FIELDS, **TEST_FIELDS}.items():
        for key, words in fields.items():
            place = made["definitions"][name]["properties"][key]
            validator = jsonschema_rs.validator_for({"definitions": made["definitions"], **place})
            for example in words.examples:
                assert validator.is_valid(example), (name, key, example)


def test_keywords_and_words_are_those_of_the_compiler() -> None:
    made: dict[str, Any] = definitions()["JsonSchema"]["properties"]
    unknown = [key for key in made if (found := check_keyword(key, None)) and found.about_key]

    assert not unknown
    assert set(MARKERS) == {"type", "properties", "items", "enum", "const", "anyOf", "oneOf", "allOf", "not", "$ref"}
    assert set(TYPES) - {"null"} == set(WORDS) - {"any"}
    assert set(made) == set(KEYWORDS)


@pytest.mark.parametrize("kind", KINDS)
def test_the_command_prints_what_is_committed(kind: Kind, program: Program) -> None:
    answer = program("schema", kind)

    assert answer.code == 0
    assert answer.out == (ROOT / "schemas" / f"{kind}.json").read_text(encoding="utf-8")


def test_without_a_kind_it_prints_one_for_either(program: Program) -> None:
    assert json.loads(program("schema").out) == json.loads(json.dumps(editor_schema()))


def test_out_writes_all(program: Program, tmp_path: Path) -> None:
    answer = program("schema", "--out", str(tmp_path / "schemas"))

    assert (answer.code, answer.out) == (0, "")
    assert sorted(path.name for path in (tmp_path / "schemas").iterdir()) == [
        *("declarations.json", "project.json", "tests.json")
    ]
    assert (tmp_path / "schemas" / "project.json").read_text(encoding="utf-8") == program("schema", "project").out


def test_a_folder_that_cannot_be_made_is_a_refusal_of_the_world(program: Program, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")

    answer = program("schema", "--out", str(tmp_path / "file" / "below"))

    assert answer.code == 3
    assert "cannot be written" in answer.err
