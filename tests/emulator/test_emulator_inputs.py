"""What counts as a run's inputs, and their validation at create and at start."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cyberflow.emulator.engine.refs import resolve
from cyberflow.emulator.engine.schemas import is_valid
from cyberflow.emulator.engine.substitution import PathOnScalar, lines_of, substitute
from cyberflow.schema.legacy_notation import is_json_schema
from cyberflow.schema.samples.examples import example

if TYPE_CHECKING:
    from tests.emulator.emulator_api import Api, TurnedClock

SCHEMA = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "minLength": 3},
        "age": {"type": "integer"},
        "$pin": {"type": "string", "minLength": 4},
    },
    "required": ["name", "$pin"],
    "additionalProperties": False,
}


def only_machine(api: Api) -> str:
    return str(api.get("/v1/machines")["items"][0]["id"])


def test_a_create_says_what_is_certain_and_quotes_nothing(api: Api) -> None:
    id = api.workflow(input_schema=SCHEMA)
    body = {
        "workflow_id": id,
        "input_values": {"name": "x7", "ages": "canary"},
        "sensitive_input_values": {"pin": "c4n"},
    }

    assert set(map(str, api.violations("/v1/runs", body))) == {
        str((["body", "input_values", "name"], "input_schema.minLength")),
        str((["body", "sensitive_input_values", "pin"], "input_schema.minLength")),
        str((["body", "input_values"], "input_schema.additionalProperties")),
    }
    text = api.request("POST", "/v1/runs", json=body).text
    assert not any(value in text for value in ("x7", "canary", "c4n"))


def test_a_missing_root_waits_for_the_machine_unless_that_is_known(api: Api) -> None:
    id = api.workflow(input_schema=SCHEMA)
    run = api.post("/v1/runs", {"workflow_id": id})["id"]
    found = api.run(run)
    assert found["status"] == "error"
    assert found["started_at"] == found["ended_at"]
    assert any('"name" is a required property' in text for text in found["error"])

    strict = {"workflow_id": id, "machine_id": only_machine(api)}
    assert api.violations("/v1/runs", strict) == [
        (["body", "input_values"], "input_schema.required"),
        (["body", "sensitive_input_values"], "input_schema.required"),
    ]
    machine = {"machine_parameters": {"name": "Anna"}, "machine_sensitive_parameters": {"pin": "12345"}}
    api.patch(f"/v1/machines/{only_machine(api)}", machine)
    run = api.post("/v1/runs", strict)
    assert run["input_values"] is None
    assert api.run(run["id"])["status"] == "running"


def test_a_chain_s_step_is_named_and_its_refs_are_left_for_later(api: Api, clock: TurnedClock) -> None:
    producer = api.workflow(
        "P", output_schema={"type": "object", "properties": {"age": {"const": 7}, "text": {"const": "x"}}}
    )
    id = api.workflow("C", input_schema=SCHEMA)

    def steps(**inputs: Any) -> list[dict[str, Any]]:
        step = {"workflow_id": id, "inputs": inputs, "sensitive_inputs": {"pin": "12345"}}
        return [{"workflow_id": producer, "session_alias": "p"}, step]

    wrong = {"steps": steps(name=7, age={"$ref": "p.outputs.age"})}
    assert api.violations("/v1/runs/chain", wrong) == [(["body", "steps", 1, "inputs", "name"], "input_schema.type")]
    _, (_, good) = api.chain(*steps(name="Anna", age={"$ref": "p.outputs.age"}))
    _, (_, bad) = api.chain(*steps(name="Anna", age={"$ref": "p.outputs.text"}))
    clock.forward(10)
    assert (api.run(good)["status"], api.run(good)["input_values"]["age"]) == ("success", 7)
    assert (api.run(bad)["status"], api.run(bad)["error"]) == (
        "error",
        ['Input validation failed: age: the value is not of type "integer"'],
    )


def test_empty_is_not_provided_and_clear_is_a_text(api: Api) -> None:
    id = api.workflow(
        input_schema={
            "type": "object",
            "properties": {"a": {"type": "string"}, "n": {"type": "object", "required": ["x"]}, "l": {"maxItems": 1}},
            "required": ["a"],
        }
    )
    pinned = {"workflow_id": id, "machine_id": only_machine(api)}

    def types(values: Any) -> list[str]:
        return [type for _, type in api.violations("/v1/runs", pinned | {"input_values": values})]

    assert types({"a": "__EMPTY__"}) == ["input_schema.required"]
    assert types({"a": "x", "n": {"x": "__EMPTY__"}}) == ["input_schema.required"]
    values = {"a": "__CLEAR__", "l": [1, "__EMPTY__"], "n": None}
    assert api.post("/v1/runs", pinned | {"input_values": values})["input_values"] == values


def prompt_seen(api: Api, run: Any) -> str:
    return str(api.run(run)["run_message_history"][2]["content"][0]["text"])


def test_run_beats_machine_beats_pool_and_blank_is_not_given(api: Api, clock: TurnedClock) -> None:
    id = api.workflow(main_prompt="{a} {b} {c} {d} {e}")
    machine = only_machine(api)
    one, two = (
        api.post("/v1/pools", {"name": name, "pool_parameters": values})["id"]
        for name, values in (("1", {"a": "p", "b": "p", "c": "p1", "e": "p"}), ("2", {"c": "p2", "d": "p2"}))
    )
    api.post(f"/v1/pools/{one}/machines", {"machine_ids": [machine]})
    api.post(f"/v1/pools/{two}/machines", {"machine_ids": [machine]})
    api.patch(f"/v1/machines/{machine}", {"machine_parameters": {"a": "m", "b": "m"}})
    body = {"workflow_id": id, "input_values": {"a": "r", "b": "", "e": "__EMPTY__"}}
    named = api.post("/v1/runs", body | {"pool_ids": [one, two]})["id"]
    clock.forward(2)
    assert prompt_seen(api, named) == "r m p1 p2 __EMPTY__"
    assert api.run(named)["input_values"] == {"a": "r", "b": "", "e": "__EMPTY__"}, "parameters are not copied in"
    bare = api.post("/v1/runs", body)["id"]
    clock.forward(2)
    assert prompt_seen(api, bare) == "r m __EMPTY__ __EMPTY__ __EMPTY__", "pools count when they are named"


def test_a_path_on_a_scalar_fails_the_run_at_once(api: Api) -> None:
    id = api.workflow(main_prompt="<p>One</p><p>Type {a.b.c}</p>")
    run = api.post("/v1/runs", {"workflow_id": id, "input_values": {"a": {"b": "canary"}}})["id"]
    secret = api.workflow("S", main_prompt="Type {$pw.inner}")
    hidden = api.post("/v1/runs", {"workflow_id": secret, "sensitive_input_values": {"pw": "canary"}})["id"]

    assert (api.run(run)["status"], api.run(run)["started_at"] is not None) == ("error", True)
    assert api.run(run)["error"] == ["Type mismatch: {a.b.c} applies a path to a value that is not structured"]
    assert "{$pw.inner}" in api.run(hidden)["error"][0]
    assert "canary" not in str(api.run(hidden))


def test_an_override_is_the_prompt_and_its_variables_count(api: Api, clock: TurnedClock) -> None:
    id = api.workflow(main_prompt="Stored {x}")
    run = api.post("/v1/runs", {"workflow_id": id, "main_prompt": "Override {y}", "input_values": {"y": 2}})["id"]
    clock.forward(1)
    assert prompt_seen(api, run) == "Override 2"
    assert api.run(run)["main_prompt"] == "Override {y}"


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("{s}", "text"),
        ("{o}", '{"k": [1, {"ü": null}]}'),
        ("{o.k[0]} {o['k'][1]}", '1 {"ü": null}'),
        ("{o.none} {o.k[9]} {o.none.deeper} {nothing.x}", "__EMPTY__ __EMPTY__ __EMPTY__ __EMPTY__"),
        ("{n} {b} {blank} {null}", "1.5 true __EMPTY__ __EMPTY__"),
        ("{e.x} {e}", "__EMPTY__ __EMPTY__"),
        (r"\{s} \{{s}} \{$s}", "{s} {{s}} {$s}"),
        ("{{runtime.x}} {$secret}", "{{runtime.x}} {$secret}"),
        ('{ s } {"s": 1} { $_.Name } x{', '{ s } {"s": 1} { $_.Name } x{'),
    ],
)
def test_tokens_become_values(text: str, seen: str) -> None:
    values = {
        "s": "text",
        "o": {"k": [1, {"ü": None}]},
        "n": 1.5,
        "b": True,
        "blank": "",
        "null": None,
        "e": "__EMPTY__",
    }

    assert substitute(text, values, {}) == seen


def test_a_secret_not_at_hand_is_taken_to_fit() -> None:
    assert substitute("{$gone.deep}", {}, {}) == "{$gone.deep}"
    with pytest.raises(PathOnScalar):
        substitute("{$here.deep}", {}, {"here": "flat"})


def test_html_is_read_as_lines() -> None:
    prompt = "<h1>Title</h1><ol><li>One &lt;b&gt; <b>bold</b></li><li><p>Two</p></li></ol><ul><li>x</li></ul>"
    prompt += "<pre>a\n  b</pre>a<br>b <img src='s' alt='icon'>"

    assert lines_of(prompt) == ["Title", "1. One <b> bold", "2. Two", "- x", "a", "b", "a", "b [icon]"]
    assert lines_of("1. if x < 5\n\n2. {a} & b") == ["1. if x < 5", "2. {a} & b"]


def test_only_objects_with_a_ref_text_are_refs() -> None:
    assert resolve({"$ref": 7, "a": [{"$ref": "p.outputs.x"}]}, lambda _: {"x": False}) == {"$ref": 7, "a": [False]}


@pytest.mark.parametrize(
    ("schema", "made"),
    [
        ({"type": "string", "examples": ["one", "two"], "default": "d"}, "one"),
        ({"type": "string", "examples": [7], "default": "d"}, "d"),
        ({"enum": [None, "a"]}, None),
        ({"const": {"a": 1}}, {"a": 1}),
        ({"type": "integer", "minimum": 3, "multipleOf": 5}, 5),
        ({"type": "number", "exclusiveMinimum": 1, "exclusiveMaximum": 2}, 1.5),
        ({"type": "string", "format": "date"}, "2026-03-01"),
        ({"type": ["null", "boolean"]}, True),
        ({"anyOf": [{"type": "null"}, {"type": "string", "maxLength": 2}]}, "Sa"),
        ({"type": "array", "items": {"type": "integer"}, "minItems": 3, "uniqueItems": True}, [1, 2, 3]),
        ({"type": "array", "maxItems": 0}, []),
        (
            {"$ref": "#/$defs/t", "$defs": {"t": {"type": "object", "properties": {"mrn": {"type": "string"}}}}},
            {"mrn": "MRN-1001"},
        ),
        ({"allOf": [{"required": ["a"]}, {"properties": {"a": {"const": 1}}}], "type": "object"}, {"a": 1}),
    ],
)
def test_examples_are_what_the_author_wrote_or_readable(schema: Any, made: Any) -> None:
    assert example(schema) == (made,) == example(schema)


@pytest.mark.parametrize(
    ("schema", "two"),
    [
        ({"type": "string"}, ["NUMBER-1001", "NUMBER-1002"]),
        ({"type": "integer", "minimum": 7}, [7, 8]),
        ({"type": "number", "multipleOf": 5, "minimum": 5}, [5, 10]),
        ({"type": "string", "pattern": "^INV-[0-9]{3}$"}, ["INV-000", "INV-001"]),
        ({"type": "string", "examples": ["A", "B", "C"]}, ["A", "B"]),
        ({"type": "integer", "maximum": 1}, [1, 1]),
        ({"const": "x"}, ["x", "x"]),
    ],
)
def test_the_entries_of_a_list_differ_where_they_may(schema: Any, two: list[Any]) -> None:
    items = {"type": "object", "properties": {"number": schema}, "required": ["number"]}
    made = example({"type": "object", "properties": {"invoices": {"type": "array", "items": items}}})
    assert made == ({"invoices": [{"number": one} for one in two]},)


@pytest.mark.parametrize(
    "schema",
    [
        {
            "type": "object",
            "properties": {"a": {"type": "array", "items": {"$ref": "#"}}, "n": {"type": "string", "minLength": 30}},
        },
        {
            "type": "object",
            "required": ["x"],
            "additionalProperties": {"type": "integer", "maximum": -5},
            "minProperties": 3,
        },
        {
            "oneOf": [
                {"type": "integer", "minimum": 5, "maximum": 1},
                {"type": "object", "properties": {"k": {"type": "null"}}},
            ]
        },
        {"type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}], "items": False, "minItems": 2},
        {"type": "array", "items": {"type": "boolean"}, "uniqueItems": True},
        {
            "type": "object",
            "properties": {
                "visits": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {"at": {"type": "string", "format": "date-time"}},
                        "required": ["at"],
                    },
                    "minItems": 4,
                    "maxItems": 4,
                }
            },
        },
    ],
)
def test_examples_are_valid(schema: Any) -> None:
    made = example(schema)
    assert made is not None
    assert is_valid(schema, made[0])


@pytest.mark.parametrize(
    ("schema", "is_schema"),
    [
        ({"mrn": "string", "n": {"rate": "number"}}, False),
        ({"type": "object"}, True),
        ({"type": "string", "when": "string"}, False),
        ({}, True),
        ({"properties": {"a": True}}, True),
        ({"anyOf": [{"type": "object"}]}, True),
    ],
)
def test_the_simplified_notation_is_told_from_json_schema(schema: Any, is_schema: bool) -> None:
    assert is_json_schema(schema) is is_schema
