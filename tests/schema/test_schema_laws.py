"""Properties of the type checker over random schemas, with jsonschema_rs as the judge of every claim."""

from __future__ import annotations

import json
from itertools import islice
from typing import Any

import jsonschema_rs
from hypothesis import HealthCheck, assume, given, note, settings
from hypothesis import strategies as st

from cyberflow.schema.describe import describe, format_literal
from cyberflow.schema.literal_types import literal_schema
from cyberflow.schema.paths import FoundType, lookup
from cyberflow.schema.predicates import accepts_string
from cyberflow.schema.regex.pattern import matches, sample_texts
from cyberflow.schema.samples.generator import SampleGenerator
from cyberflow.schema.samples.hints import hints_of
from cyberflow.schema.subtype.assign import Assignable, NotAssignable, Undetermined, check_assignable, check_value
from cyberflow.schema.subtype.disjuncts import SchemaContext, WorkBudget, attempt
from cyberflow.schema.subtype.producer import may_send
from cyberflow.schema.validation.validate import Validator, accepts
from cyberflow.schema.values import Schema, has_opaque

NAMES = st.sampled_from(["a", "b", "c"])
TEXTS = st.sampled_from(["", "x", "M1", "abc", "2026-03-01", "é", "0", "a b"])
NUMBERS = st.one_of(st.integers(-4, 12), st.sampled_from([0.5, 1.0, 2.5, -1.5, 10.0]))
PATTERNS = st.sampled_from(["^M", r"^M\d+$", "^[a-z]+$", "x", ".", r"^\S*$", "^(a|b)?c{0,2}$", "(?=x)x", "^.{2,}$"])
COUNTS = st.integers(0, 3)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=3)),
    max_leaves=6,
)
TYPES = st.sampled_from(["string", "integer", "number", "boolean", "null", "object", "array"])


def _some_of(**strategies: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=strategies)


LEAVES: st.SearchStrategy[Any] = st.one_of(
    st.just({"type": "string"}),
    st.just({"type": "integer"}),
    st.just({"type": "number"}),
    st.sampled_from([True, False, {}, {"type": "object"}, {"type": "array"}, {"type": "null"}, {"type": "boolean"}]),
    st.builds(lambda values: {"enum": values}, st.lists(VALUES, min_size=1, max_size=3)),
    st.builds(lambda value: {"const": value}, VALUES),
    st.builds(lambda names: {"type": names}, st.lists(TYPES, min_size=1, max_size=3, unique=True)),
    _some_of(type=st.just("string"), minLength=COUNTS, maxLength=COUNTS, pattern=PATTERNS, format=st.just("date")),
    _some_of(
        type=st.sampled_from(["integer", "number"]),
        minimum=NUMBERS,
        maximum=NUMBERS,
        exclusiveMinimum=NUMBERS,
        exclusiveMaximum=NUMBERS,
        multipleOf=st.sampled_from([1, 2, 3, 0.5, 0.1]),
    ),
    st.builds(lambda name: {"$ref": f"#/$defs/{name}"}, st.sampled_from(["A", "B"])),
)


def _grown(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    several = st.lists(inner, min_size=1, max_size=3)
    listed = st.dictionaries(NAMES, inner, max_size=3)
    return st.one_of(
        st.builds(
            lambda properties, required, rest: {
                "type": "object",
                "properties": properties,
                "required": required,
                **rest,
            },
            listed,
            st.lists(NAMES, max_size=2, unique=True),
            _some_of(additionalProperties=inner),
        ),
        _some_of(
            type=st.just("object"),
            properties=listed,
            required=st.lists(NAMES, max_size=2, unique=True),
            additionalProperties=inner,
            patternProperties=st.dictionaries(st.sampled_from(["^a", "b", "."]), inner, max_size=2),
            minProperties=COUNTS,
            maxProperties=COUNTS,
            propertyNames=inner,
            dependentRequired=st.dictionaries(NAMES, st.lists(NAMES, max_size=2, unique=True), max_size=2),
            dependentSchemas=st.dictionaries(NAMES, inner, max_size=1),
            unevaluatedProperties=inner,
        ),
        st.builds(lambda items: {"type": "array", "items": items}, inner),
        _some_of(
            type=st.just("array"),
            items=inner,
            prefixItems=several,
            contains=inner,
            minContains=COUNTS,
            maxContains=COUNTS,
            minItems=COUNTS,
            maxItems=COUNTS,
            uniqueItems=st.booleans(),
        ),
        st.builds(lambda subs: {"anyOf": subs}, several),
        st.builds(lambda subs: {"oneOf": subs}, several),
        st.builds(lambda subs: {"allOf": subs}, several),
        st.builds(lambda sub: {"not": sub}, inner),
        st.builds(lambda condition, rest: {"if": condition, **rest}, inner, _some_of(**{"then": inner, "else": inner})),
        st.builds(
            lambda one, other: {**one, **other} if isinstance(one, dict) and isinstance(other, dict) else one,
            inner,
            inner,
        ),
    )


BODIES = st.recursive(LEAVES, _grown, max_leaves=7)


@st.composite
def schemas(draw: st.DrawFn) -> Schema:
    body = draw(BODIES)
    if isinstance(body, bool):
        return body
    return {**body, "$defs": {"A": draw(BODIES), "B": draw(BODIES)}}


EDITS = [
    ('"integer"', '"number"'),
    ('"number"', '"integer"'),
    ('"string"', '"integer"'),
    ('"required": [', '"x-required": ['),
    ('"properties"', '"x-properties"'),
    ('"additionalProperties"', '"x-free"'),
    ('"minItems"', '"maxItems"'),
    ('"oneOf"', '"anyOf"'),
    ('"allOf"', '"anyOf"'),
    ('"anyOf"', '"oneOf"'),
    ('"b"', '"c"'),
    ('"items"', '"x-items"'),
    ("true", "false"),
    ("2", "1"),
    ("1", "2"),
]


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Schema, Schema]:
    """Unrelated schemas are nearly always a mismatch; a consumer that is the producer with an edit is more telling."""
    producer = draw(schemas())
    if draw(st.booleans()):
        return producer, draw(schemas())
    text = json.dumps(producer)
    edits = [edit for edit in EDITS if edit[0] in text]
    if not edits:
        return producer, draw(schemas())
    old, new = draw(st.sampled_from(edits))
    edited = json.loads(text.replace(old, new, draw(st.integers(1, 2))))
    return (producer, edited) if draw(st.booleans()) else (edited, producer)


def judge(schema: Schema, value: Any) -> bool:
    try:
        validator = jsonschema_rs.Draft202012Validator(schema)
    except jsonschema_rs.ValidationError:
        assume(False)
    except ValueError:
        assume(False)
    return validator.is_valid(value)


LAW = settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))


@LAW
@given(schemas(), VALUES)
def test_validation_agrees_with_the_standard_wherever_it_decides(schema: Schema, value: Any) -> None:
    verdict = accepts(schema, value)

    assert verdict is None or verdict == judge(schema, value)


@LAW
@given(pairs())
def test_a_witness_is_sent_by_the_producer_and_rejected_by_the_consumer(pair: tuple[Schema, Schema]) -> None:
    producer, consumer = pair
    answer = check_assignable(producer, consumer)

    if isinstance(answer, NotAssignable):
        note(repr(answer))
        assert judge(producer, answer.witness)
        assert not judge(consumer, answer.witness)
        assert answer.reason


@LAW
@given(pairs(), st.lists(VALUES, max_size=8))
def test_a_yes_holds_for_every_value_the_producer_sends(pair: tuple[Schema, Schema], values: list[Any]) -> None:
    producer, consumer = pair
    assume(isinstance(check_assignable(producer, consumer), Assignable))
    validator = Validator(SchemaContext(producer, WorkBudget()))
    values += islice(_tried(validator, producer, consumer), 60)

    for value in values:
        if attempt(may_send, validator, producer, value):
            note(repr(value))
            assert judge(producer, value)
            assert judge(consumer, value)


def _tried(validator: Validator, producer: Schema, consumer: Schema) -> Any:
    hints = hints_of(part for part in (producer, consumer) if isinstance(part, dict))
    candidates = SampleGenerator(validator).edge_values(producer, hints)
    while (candidate := attempt(next, candidates, None)) is not None:
        if not has_opaque(candidate):
            yield candidate


@LAW
@given(schemas())
def test_a_type_goes_into_itself(schema: Schema) -> None:
    assert not isinstance(check_assignable(schema, json.loads(json.dumps(schema))), NotAssignable)


@LAW
@given(schemas())
def test_a_type_goes_into_itself_when_it_is_written_in_another_way(schema: Schema) -> None:
    wrapped = {"$ref": "#/$defs/it", "$defs": {**_defs(schema), "it": _body(schema)}}

    assert not isinstance(check_assignable(schema, wrapped), NotAssignable)
    assert not isinstance(check_assignable(wrapped, schema), NotAssignable)


def _defs(schema: Schema) -> dict[str, Any]:
    return schema["$defs"] if isinstance(schema, dict) else {}


def _body(schema: Schema) -> Schema:
    return {key: value for key, value in schema.items() if key != "$defs"} if isinstance(schema, dict) else schema


@LAW
@given(schemas(), VALUES)
def test_a_literal_is_judged_like_its_own_type(consumer: Schema, value: Any) -> None:
    answer = check_value(value, consumer)

    if isinstance(answer, Undetermined):
        return
    assert isinstance(answer, Assignable) == judge(consumer, value)
    typed = check_assignable(literal_schema(value, {}), consumer)
    assert not isinstance(typed, Assignable if isinstance(answer, NotAssignable) else NotAssignable)


@LAW
@given(schemas(), st.lists(st.one_of(NAMES, st.integers(0, 2)), max_size=3))
def test_a_path_that_exists_without_question_is_in_every_value(schema: Schema, keys: list[str | int]) -> None:
    found = lookup(schema, keys)
    assume(isinstance(found, FoundType) and not found.optional)
    assert isinstance(found, FoundType)
    validator = Validator(SchemaContext(schema, WorkBudget()))

    for value in islice(_tried(validator, schema, True), 40):
        if attempt(may_send, validator, schema, value):
            inner = value
            for key in keys:
                if inner is None:
                    break
                inner = inner[key]
            else:
                note(repr((value, found)))
                assert judge(found.schema, inner)


@LAW
@given(st.one_of(schemas(), VALUES, st.dictionaries(st.sampled_from(["type", "items", "required", "$ref"]), VALUES)))
def test_nothing_raises_whatever_the_schema(schema: Any) -> None:
    for text in (describe(schema), format_literal(schema)):
        assert text
        assert len(text) < 90
    lookup(schema, ["a", 0])
    accepts_string(schema)
    accepts(schema, 1)
    assert isinstance(check_value(schema, schema), (Assignable, NotAssignable, Undetermined))
    assert isinstance(check_assignable(schema, {"type": "string"}), (Assignable, NotAssignable, Undetermined))


@LAW
@given(PATTERNS | st.from_regex(r"\A[ab(|)*?+.^$\[\]\\dws{}0-3-]{0,9}\Z"), st.text("abc0 x_-", max_size=6))
def test_patterns_agree_with_the_standard_wherever_they_decide(pattern: str, text: str) -> None:
    verdict = matches(pattern, text)

    assert verdict is None or verdict == judge({"pattern": pattern}, text)
    assert all(judge({"pattern": pattern}, sample) for sample in sample_texts(pattern, (3,)))
