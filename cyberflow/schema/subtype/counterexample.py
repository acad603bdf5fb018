"""Looks for a witness: a value that the producer may send and the consumer rejects. It descends where both schemas
have members or entries, so that a mismatch deep inside is found by looking at that place alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field
from typing import Any, Final

from cyberflow.late import dataclass
from cyberflow.schema.regex.pattern import matches
from cyberflow.schema.samples.generator import SampleGenerator
from cyberflow.schema.samples.hints import hints_of
from cyberflow.schema.subtype.disjuncts import Disjunct, Undecided, is_bare
from cyberflow.schema.subtype.producer import may_send
from cyberflow.schema.subtype.prove import SubtypeProver
from cyberflow.schema.validation.validate import Validator
from cyberflow.schema.values import Schema, fill_template, reading_cost

ENOUGH: Final = 6


@dataclass(eq=False)
class CounterexampleSearch:
    producer: Validator
    consumer: Validator
    proof: SubtypeProver
    candidates: SampleGenerator = field(init=False)
    _found: dict[tuple[int, int], list[Any]] = field(default_factory=dict)
    _busy: set[tuple[int, int]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.candidates = SampleGenerator(self.producer)

    def find_witness(self, producer: Schema, consumer: Schema) -> tuple[Any] | None:
        """The plainest witness found, in a tuple because None is a value."""
        for template in sorted(self.rejection_templates(producer, consumer), key=_template_weight):
            for value in fill_template(template):
                if self._is_witness(producer, consumer, value):
                    return (value,)
        return None

    def _is_witness(self, producer: Schema, consumer: Schema, value: Any) -> bool:
        try:
            return may_send(self.producer, producer, value) is True and self.consumer.check(consumer, value) is False
        except Undecided:
            return False

    def rejection_templates(self, producer: Schema, consumer: Schema) -> list[Any]:
        """Templates, few, that the consumer rejects whatever their `Opaque` parts are."""
        key = (id(producer), id(consumer))
        if key in self._busy:
            return []
        if key not in self._found:
            self._busy.add(key)
            found: list[Any] = []
            try:
                with self.producer.scope.budget.frame():
                    self._collect(producer, consumer, found)
            except Undecided:
                pass
            finally:
                self._busy.discard(key)
            self._found[key] = found
        return self._found[key]

    def _collect(self, producer: Schema, consumer: Schema, found: list[Any]) -> None:
        for values in (self._edge_values(producer, consumer), self._inner_values(producer, consumer)):
            before = len(found)
            for value in values:
                if (
                    self.consumer.check(consumer, value) is not False
                    or may_send(self.producer, producer, value) is False
                ):
                    continue
                found.append(value)
                if len(found) >= before + ENOUGH:
                    break

    def _edge_values(self, producer: Schema, consumer: Schema) -> Iterator[Any]:
        theirs = self.consumer.scope.schemas_in_place(consumer)
        ours = self.producer.scope.schemas_in_place(producer)
        yield from self.candidates.edge_values(producer, hints_of([*theirs, *ours]))

    def _inner_values(self, producer: Schema, consumer: Schema) -> Iterator[Any]:
        parts = self.consumer.scope.schemas_in_place(consumer)
        for shape in self.producer.scope.disjuncts(producer):
            if shape.values is not None:
                continue
            if "object" in shape.likely_kinds and not is_bare(shape, "object"):
                yield from self._member_values(shape, parts)
            if "array" in shape.likely_kinds and not is_bare(shape, "array"):
                yield from self._entry_values(shape, parts)

    def _member_values(self, shape: Disjunct, parts: list[dict[str, Any]]) -> Iterator[Any]:
        smallest = self.candidates.smallest_object(shape)
        if smallest is None:
            return
        for name in dict.fromkeys((*shape.names, *hints_of(parts).names)):
            sent = self.producer.scope.member(shape, name)
            if sent is None:
                continue
            for part in parts:
                for wanted in _member_schemas(part, name):
                    for value in self._templates_inside(sent, wanted):
                        yield _in_order(shape, {**smallest, name: value})

    def _entry_values(self, shape: Disjunct, parts: list[dict[str, Any]]) -> Iterator[Any]:
        prefixes = [len(part["prefixItems"]) for part in (*shape.parts, *parts) if "prefixItems" in part]
        least = int(max(shape.keyword_values("minItems"), default=0))
        for index in range(max(prefixes, default=0) + 1):
            sent = self.producer.scope.item(shape, index)
            made = None if sent is None else self.candidates.make_array(shape, max(least, index + 1))
            if sent is None or made is None:
                return
            for part in parts:
                for value in self._templates_inside(sent, _entry_schema(part, index)):
                    yield [*made[:index], value, *made[index + 1 :]]

    def _templates_inside(self, sent: Schema, wanted: Schema) -> list[Any]:
        if wanted is True or self.proof.implies_or_false(sent, wanted):
            return []
        return self.rejection_templates(sent, wanted)[:ENOUGH]


def _template_weight(template: Any) -> int:
    return reading_cost(next(fill_template(template)))


def _member_schemas(part: dict[str, Any], name: str) -> list[Schema]:
    wanted = [part["properties"][name]] if name in part.get("properties", {}) else []
    wanted += [schema for pattern, schema in part.get("patternProperties", {}).items() if matches(pattern, name)]
    return wanted or ([part["additionalProperties"]] if "additionalProperties" in part else [])


def _entry_schema(part: dict[str, Any], index: int) -> Schema:
    prefix: list[Schema] = part.get("prefixItems", [])
    wanted: Schema = prefix[index] if index < len(prefix) else part.get("items", True)
    return wanted


def _in_order(shape: Disjunct, value: dict[str, Any]) -> dict[str, Any]:
    listed = {name: value[name] for name in shape.names if name in value}
    return {**listed, **value}
