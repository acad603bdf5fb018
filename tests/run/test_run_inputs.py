"""What is given on the command line, and every way in which it can be wrong."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cyberflow.errors import UsageError
from cyberflow.run.inputs.arguments import RawArguments, resolve_arguments
from cyberflow.run.inputs.input_file import load_inputs
from cyberflow.run.inputs.inputs import read_inputs, texts_like_json
from cyberflow.run.inputs.secrets import SecretBackends
from cyberflow.schema.read_value import UnreadableValue, faults, read_json, read_value
from tests.run.intake import CANARY, MARK, PATIENT, may, need


@dataclass
class Wants:
    inputs: dict[str, Any]
    secrets: dict[str, Any] = field(default_factory=dict)
    from_machine: list[str] = field(default_factory=list)
    name: str = "intake"


INTEGER = {"type": "integer"}
INTAKE = Wants(
    {"patient": need(PATIENT), "date": need(), "copies": may({"type": "integer", "minimum": 1, "default": 2})},
    {"epic_password": need()},
)
WHOLE = {"patient": {"id": "7"}, "date": "2026-03-01"}
NOWHERE = SecretBackends({}, None, lambda service, user: None)


def texts(what: Wants, *pairs: str, document: Any = None) -> list[str]:
    return [problem.text for problem in read_inputs(what, pairs, document).problems]


@pytest.mark.parametrize(
    ("schema", "text", "value"),
    [
        ({"type": "string"}, "007", "007"),
        ({"type": "string"}, "", ""),
        ({"type": "string"}, "a=b", "a=b"),
        ({"type": ["integer", "string"]}, "7", "7"),
        ({"anyOf": [{"type": "integer"}, {"type": "string"}]}, "7", "7"),
        ({}, "7", "7"),
        ({"enum": ["a", 7]}, "7", "7"),
        ({"type": "integer"}, "7", 7),
        ({"type": "number"}, "1e3", 1000.0),
        ({"type": "boolean"}, "true", True),
        ({"type": "null"}, "null", None),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "null", None),
        ({"type": "array", "items": {"type": "string"}}, '["a"]', ["a"]),
        (PATIENT, '{"id": "7"}', {"id": "7"}),
        ({"type": "integer"}, "__EMPTY__", "__EMPTY__"),
        ({"type": "integer"}, "__CLEAR__", "__CLEAR__"),
    ],
)
def test_a_value_is_text_wherever_the_type_admits_text_else_strict_json(schema: Any, text: str, value: Any) -> None:
    read = read_value(schema, text)
    assert (read, type(read)) == (value, type(value))


@pytest.mark.parametrize(
    "text", ["", "yes", "07", "NaN", "-Infinity", "1e999", "{'a': 1}", '{"a": 1, "a": 2}', "[1,]", "[" * 99999, "1 2"]
)
def test_what_is_no_strict_json_is_unreadable(text: str) -> None:
    with pytest.raises(UnreadableValue):
        read_json(text)


def test_bytes_that_are_no_text_are_unreadable() -> None:
    with pytest.raises(UnreadableValue, match="UTF-8"):
        read_value({"type": "string"}, "caf\udce9")


def test_a_default_is_taken_and_the_command_line_wins_over_the_file() -> None:
    read = read_inputs(INTAKE, ["date=2026-04-01"], {**WHOLE, "copies": 5})
    assert (read.values, read.problems) == ({**WHOLE, "date": "2026-04-01", "copies": 5}, ())
    assert read_inputs(INTAKE, (), WHOLE).values["copies"] == 2


def test_what_the_machine_supplies_may_be_absent_and_gets_no_default() -> None:
    what = Wants({"user": need(), "copies": may({**INTEGER, "default": 2})}, from_machine=["user", "copies", "$pin"])
    assert read_inputs(what) == read_inputs(what, (), {})
    assert read_inputs(what).values == {}
    assert read_inputs(what).problems == ()
    assert read_inputs(what, ["copies=3", "user=ada"]).values == {"copies": 3, "user": "ada"}


def test_empty_counts_as_absent_and_clear_as_text() -> None:
    assert texts(INTAKE, "date=__EMPTY__", document=WHOLE) == [
        "input `date` is required, and `__EMPTY__` counts as not given"
    ]
    assert read_inputs(INTAKE, ["date=__CLEAR__", "copies=__EMPTY__"], WHOLE).values["copies"] == "__EMPTY__"
    assert texts(INTAKE, "copies=__EMPTY__", "date=__CLEAR__", document=WHOLE) == []
    assert texts(INTAKE, "copies=__CLEAR__", document=WHOLE) == ["input `copies` must be `integer`, not `string`"]
    hidden = {"patient": {"id": "__EMPTY__", "tags": ["__EMPTY__", "a"]}, "date": "x"}
    assert texts(INTAKE, document=hidden) == ["input `patient` lacks `id`"]


def test_a_boolean_says_how_it_is_written() -> None:
    ask = Wants(inputs={"urgent": {"schema": {"type": "boolean"}, "required": True}})
    said = "input `urgent` must be `boolean`; what was given is neither `true` nor `false`"
    assert texts(ask, "urgent=yes") == [said]
    assert texts(ask, "urgent=true") == []


@pytest.mark.parametrize(
    ("pairs", "document", "said"),
    [
        ((), {"patient": {"id": "7"}}, "input `date` is missing: give it with `-i date=…`, a `string`"),
        (("date",), WHOLE, "`-i` takes key=value; number 1 has no `=`"),
        (("date=a", "date=b"), WHOLE, "input `date` is given twice"),
        (("dat=a",), {"patient": {"id": "7"}}, "`intake` has no input `dat`: did you mean `date`?"),
        ((), {**WHOLE, "zzz": 1}, "`intake` has no input `zzz`: known: `copies`, `date`, `patient`"),
        (
            ("patient.id=7",),
            {"date": "x"},
            "`patient` is given as a whole: `-i patient=…` in JSON, or with `--inputs FILE.json`",
        ),
        (
            ("patient[0]=7",),
            {"date": "x"},
            "`patient` is given as a whole: `-i patient=…` in JSON, or with `--inputs FILE.json`",
        ),
        (("copies=many",), WHOLE, "input `copies` must be `integer`; what was given is not JSON"),
        (("copies=0",), WHOLE, "input `copies` is less than the minimum of 1"),
        ((), {**WHOLE, "copies": "2"}, "input `copies` must be `integer`, not `string`"),
        ((), {**WHOLE, "patient": {"id": 7}}, "input `patient.id` must be `string`, not `integer`"),
        (
            (),
            {**WHOLE, "patient": {"id": "7", "tags": ["a", None]}},
            "input `patient.tags[1]` must be `string`, not `null`",
        ),
    ],
)
def test_each_mistake_is_said_once_and_says_what_to_do(pairs: Any, document: Any, said: str) -> None:
    assert texts(INTAKE, *pairs, document=document) == [said]


@pytest.mark.parametrize("pair", [f"epic_password={CANARY}", f"$epic_password={CANARY}", CANARY, f"copies={CANARY}"])
def test_a_secret_that_took_the_wrong_option_is_not_repeated(pair: str) -> None:
    with pytest.raises(UsageError) as caught:
        resolve_arguments(INTAKE, (), RawArguments([pair], WHOLE, ["epic_password=env:GONE"]), {}, NOWHERE)
    assert MARK not in str(caught.value)
    assert caught.value.exit_code == 2


def test_all_problems_come_at_once_and_one_cause_is_named_once() -> None:
    asked = RawArguments(["dat=x", "copies=no"], {"patient": 7}, ["epic_pasword=env:A"], ["nope=x"])
    with pytest.raises(UsageError) as caught:
        resolve_arguments(INTAKE, [{"content": "file://referral"}], asked, {}, NOWHERE)
    assert str(caught.value).splitlines() == [
        "`intake` cannot run, for 6 reasons:",
        "  `intake` has no input `dat`: did you mean `date`?",
        "  input `copies` must be `integer`; what was given is not JSON",
        "  input `patient` must be `object`, not `integer`",
        "  `intake` has no secret `epic_pasword`: did you mean `epic_password`?",
        "  `intake` takes no file `nope`: known: `referral`",
        "  file `referral` is missing: give it with `--file referral=PATH`",
    ]


def test_files_are_read_when_they_are_given(tmp_path: Path) -> None:
    (tmp_path / "letter.pdf").write_bytes(b"%PDF")
    plain = Wants({})
    files = [{"content": "file://referral"}, {"content": "asset://sha256/ab"}]
    found = resolve_arguments(plain, files, RawArguments(files=[f"referral={tmp_path / 'letter.pdf'}"]), {}, NOWHERE)
    assert (found.files["referral"].filename, found.files["referral"].content) == ("letter.pdf", b"%PDF")
    with pytest.raises(UsageError, match="cannot be read, no such file"):
        resolve_arguments(plain, files, RawArguments(files=[f"referral={tmp_path / 'gone'}"]), {}, NOWHERE)


def test_the_inputs_file_is_strict_json_and_an_object(tmp_path: Path) -> None:
    path = tmp_path / "inputs.json"
    path.write_text("\ufeff" + json.dumps(WHOLE), encoding="utf-8")
    assert load_inputs(path) == WHOLE
    for content, said in (
        (b"[1]", "does not hold an object"),
        (b'{"a": 1, "a": 2}', "same key twice"),
        (b"{" + CANARY.encode(), "is not JSON, at line 1, column 2"),
        (b'{\n  "a": 1,\n}', ": a comma stands before the end of an object or array"),
        (b'{"a": "\xff"}', "not UTF-8"),
    ):
        path.write_bytes(content)
        with pytest.raises(UsageError, match=said) as caught:
            load_inputs(path)
        assert MARK not in str(caught.value)
    path = tmp_path / "inputs.yaml"
    path.write_text("a: 1\na: 2\n", encoding="utf-8")
    with pytest.raises(UsageError, match="has an object with the same key twice, in line 2"):
        load_inputs(path)
    with pytest.raises(UsageError, match="cannot be read"):
        load_inputs(tmp_path / "gone.json")


@pytest.mark.parametrize(
    ("schema", "value", "said"),
    [
        ({"enum": ["draft", "post", 3]}, "final", 'must be one of "draft" | "post" | 3'),
        ({"const": 3}, 4, "must be 3"),
        ({"pattern": "^a"}, "b", 'does not match "^a"'),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, 3, "does not fit `string | null`"),
        (
            {"type": "object", "properties": {"dob": {}}, "additionalProperties": False},
            {"dobb": 1},
            "may not have `dobb`; did you mean `dob`?",
        ),
        ({"propertyNames": {"pattern": "^a"}}, {"b": 1}, 'does not fit its type: "b" does not match "^a"'),
        ({"minItems": 2}, [1], "has less than 2 items"),
        (False, 3, "is not allowed here"),
    ],
)
def test_what_is_wrong_is_said_in_words_of_the_type(schema: Any, value: Any, said: str) -> None:
    assert list(faults(schema, value)) == [((), said)]


def test_what_a_ref_will_decide_is_left_open() -> None:
    schema = {
        "type": "object",
        "properties": {"id": {"type": "integer"}, "n": {"type": "integer"}},
        "required": ["id", "dob"],
        "additionalProperties": False,
    }
    ref = {"$ref": "lookup.outputs.id"}
    assert list(faults(schema, {"id": ref, "dob": "x"}, refs=[("id",)])) == [
        ((), "may not have `dob`; known: `id`, `n`")
    ]
    assert list(faults(schema, {"id": ref}, refs=[("id",)])) == [((), "lacks `dob`")]
    assert list(faults({"oneOf": [schema, {"type": "null"}]}, {"id": ref}, refs=[("id",)])) == []
    assert list(faults({"type": "integer"}, ref, refs=[()])) == []
    assert list(faults({**schema, "additionalProperties": {"type": "integer"}}, ref, refs=[()])) == []


SCHEMAS = st.recursive(
    st.sampled_from(
        [
            {"type": "integer"},
            {"type": "boolean"},
            {"enum": [1]},
            {"const": None},
            {"type": "string", "maxLength": 0},
            {"minimum": 9**9},
            {"additionalProperties": False},
        ]
    ),
    lambda inner: st.one_of(
        st.builds(lambda one: {"type": "array", "items": one}, inner),
        st.builds(lambda one: {"type": "object", "additionalProperties": one}, inner),
        st.builds(lambda one, two: {"anyOf": [one, two]}, inner, inner),
    ),
    max_leaves=6,
)
VALUES = st.recursive(st.just(CANARY), lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.just("k"), inner)))


@given(SCHEMAS, VALUES, st.booleans())
def test_no_fault_repeats_a_value(schema: Any, value: Any, secret: Any) -> None:
    assert all(MARK not in how for _, how in faults(schema, value, secret=secret))


@given(SCHEMAS, st.dictionaries(st.just(CANARY), VALUES))
def test_of_a_secret_not_even_the_keys_are_repeated(schema: Any, value: Any) -> None:
    for keys, how in faults({"allOf": [schema], "propertyNames": {"maxLength": 1}}, value, secret=True):
        assert (MARK not in how, keys) == (True, ())


def test_the_keys_of_a_closed_secret_are_not_repeated() -> None:
    closed = {"properties": {"x": {}}, "additionalProperties": False}
    assert list(faults(closed, {CANARY: 1}, secret=True)) == [((), "does not fit its type")]


HALVES = ['"cut \\ud83d"', '{"deep": ["\\udc00"]}', '{"\\ud83d": 1}', '"\\ude00\\ud83d"']


@pytest.mark.parametrize("text", HALVES)
def test_half_a_character_is_told_wherever_it_is_given(tmp_path: Path, text: str) -> None:
    what = Wants({"note": need({}), "other": need({"type": "object"})})
    for suffix in (".json", ".yaml"):
        path = tmp_path / f"inputs{suffix}"
        path.write_text(f'{{"note": {text}}}', encoding="utf-8")
        if suffix == ".yaml" and text.startswith("{"):
            continue
        with pytest.raises(UsageError, match=r"half of a character|not YAML"):
            load_inputs(path)
    (problem, _) = read_inputs(what, (), {"note": json.loads(text)}).problems
    assert problem.about == "note"
    assert "half of a character" in problem.text
    assert [one.about for one in read_inputs(what, [f"other={text}"]).problems] == ["other", "note"]


def test_a_whole_pair_is_a_character(tmp_path: Path) -> None:
    path = tmp_path / "inputs.json"
    path.write_text('{"note": "\\ud83d\\ude00"}', encoding="utf-8")
    assert load_inputs(path) == {"note": "😀"}


def test_inputs_are_read_from_yaml(tmp_path: Path) -> None:
    text = "patient: {id: '7', tags: [a, b]}\ndate: 2026-03-01\nno: 007\nat: 1.5\nlong: |\n  two\n  lines\n"
    whole = {
        "patient": {"id": "7", "tags": ["a", "b"]},
        "date": "2026-03-01",
        "no": "007",
        "at": 1.5,
        "long": "two\nlines\n",
    }
    for name in ("inputs.yaml", "inputs.yml", "inputs", "inputs.txt"):
        (tmp_path / name).write_text(text, encoding="utf-8")
        assert load_inputs(tmp_path / name) == whole
    for text, words in (
        ("a: [1\nb: 2\n", "in line "),
        ("a: 1\na: 2\n", "in line 2"),
        ("- 1\n", "an object"),
        ("", "object"),
    ):
        (tmp_path / "inputs.yaml").write_text(text, encoding="utf-8")
        with pytest.raises(UsageError, match=words):
            load_inputs(tmp_path / "inputs.yaml")


@pytest.mark.parametrize(
    ("schema", "text", "is_told"),
    [
        ({}, '{"a": 1}', True),
        ({}, "5", True),
        ({}, "null", True),
        ({}, "hello", False),
        ({}, '"quoted"', False),
        ({}, '{"a": 1, "a": 2}', False),
        ({"type": "string"}, '{"a": 1}', False),
        ({"type": "object"}, '{"a": 1}', False),
        ({"type": ["string", "array"]}, "[1]", True),
        ({"type": ["string", "array"]}, "1", False),
        ({"anyOf": [{"type": "string"}, {"type": "object", "required": ["b"]}]}, '{"a": 1}', False),
    ],
)
def test_a_text_that_could_be_json_is_told(schema: dict[str, Any], text: str, *, is_told: bool) -> None:
    declared = {"x": {"schema": schema, "required": True}}

    assert texts_like_json(declared, [f"x={text}", f"unknown={text}", "x"]) == (["x"] if is_told else [])
