"""The JSON Schema Test Suite, draft 2020-12: literals, declarations, witnesses and made values."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from cyberflow.compiler.type_notation import TypeReader
from cyberflow.language.files import Files
from cyberflow.schema.normal_form import canonical_schema
from cyberflow.schema.samples.examples import example
from cyberflow.schema.subtype.assign import Assignable, NotAssignable, check_assignable, check_value
from cyberflow.schema.validation.formats import FORMATS, has_format
from cyberflow.source import Place
from tests.schema.suites import SuiteCase, cases, needs_suites

pytestmark = [needs_suites, pytest.mark.slow]
Recorder = Callable[[str, object], None]
UNREAD = ("is not read", "outside this schema", "dialect of its own")


def read(schema: Any) -> tuple[Any, list[str]]:
    """Read a schema as it stands in `{schema: …}`."""
    reader = TypeReader({}, Files(Path()))
    made = reader.read_type({"schema": schema}, Place("flows.yaml"))
    return made, [problem.message for problem in reader.problems]


def verdict(value: Any, schema: Any) -> bool | None:
    found = check_value(value, schema)
    return True if isinstance(found, Assignable) else False if isinstance(found, NotAssignable) else None


def test_literals(record_property: Recorder) -> None:
    counts: Counter[tuple[bool, bool | None]] = Counter()
    wrong: list[str] = []
    for case in cases(".", "optional"):
        if case.file == "format.json":
            continue  # there a format is only a word; here ten are asserted
        for value, valid, description in case.values:
            found = verdict(value, case.schema)
            counts[valid, found] += 1
            if found is (not valid) or (found is None and case.is_readable and case.file != "multipleOf.json"):
                wrong.append(f"{case.file}: {case.description}: {description}")

    assert not wrong
    assert counts[True, True] > 600
    assert counts[False, False] > 500
    record_property("literals", str(dict(counts)))


def test_formats(record_property: Recorder) -> None:
    counts: Counter[tuple[bool, bool]] = Counter()
    refused: list[str] = []
    for case in cases("optional/format"):
        name = case.schema.get("format")
        if name in FORMATS:
            for value, valid, description in case.values:
                found = not isinstance(value, str) or has_format(name, value)
                counts[valid, found] += 1
                if valid and not found:
                    refused.append(f"{name}: {description}")
                if found and not valid:
                    assert name == "hostname", description  # what an internationalised label encodes is not asked

    assert not refused
    assert counts[False, False] > 200
    record_property("formats", str(dict(counts)))


def test_declarations(record_property: Recorder) -> None:
    refused: list[str] = []
    count = 0
    for case in cases(".", "optional"):
        made, problems = read(case.schema)
        if problems:
            told = all(any(word in problem for word in UNREAD) for problem in problems)
            if case.is_readable or not told:
                refused.append(f"{case.file}: {case.description}: {problems}")
            continue
        count += 1
        judge = jsonschema_rs.validator_for(made, offline=True)
        for value, valid, description in case.values:
            assert judge.is_valid(value) is valid, (case.file, case.description, description)
        if isinstance(case.schema, dict):
            again = canonical_schema(case.schema)
            assert canonical_schema(made) == ({"not": {}} if again is False else {} if again is True else again)

    assert not refused
    assert count > 350
    record_property("declarations read", str(count))


def test_made_values(record_property: Recorder) -> None:
    counts: Counter[str] = Counter()
    for case in cases(".", "optional", "optional/format"):
        made = example(case.schema)
        if made is None:
            assert not case.is_readable or not any(valid for _, valid, _ in case.values), case
            counts["none"] += 1
            continue
        assert jsonschema_rs.validator_for(case.schema, offline=True).is_valid(made[0]), (case.description, made)
        counts["valid"] += 1

    assert counts["valid"] > 400
    record_property("made values", str(dict(counts)))


def test_producer_and_consumer(record_property: Recorder) -> None:
    able = [case for case in cases(".") if case.is_readable and case.file != "format.json"]
    judges = {id(case): jsonschema_rs.validator_for(case.schema, offline=True) for case in able}
    dice = random.Random(7)
    counts: Counter[str] = Counter()
    for _ in range(3000):
        producer = dice.choice(able)
        consumer = dice.choice([case for case in able if case.file == producer.file] if dice.random() < 0.6 else able)
        found = check_assignable(producer.schema, consumer.schema)
        counts[type(found).__name__] += 1
        if isinstance(found, NotAssignable):
            _require_witness(found, producer, consumer, judges)

    assert counts["NotAssignable"] > 500
    record_property("producer and consumer", str(dict(counts)))


def _require_witness(found: NotAssignable, producer: SuiteCase, consumer: SuiteCase, judges: dict[int, Any]) -> None:
    assert judges[id(producer)].is_valid(found.witness), (producer, consumer, found)
    assert not judges[id(consumer)].is_valid(found.witness), (producer, consumer, found)
