"""Proves that everything a producer may send is accepted by a consumer. It only ever says "proven" or "not proven":
what is not proven may still hold.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field
from typing import Any, Final

from cyberflow.late import dataclass
from cyberflow.schema.keywords import accepts_anything, kinds_of_keyword, kinds_of_type
from cyberflow.schema.references import has_refs
from cyberflow.schema.subtype.disjuncts import Disjunct, Undecided
from cyberflow.schema.subtype.keywords import IMPLICATIONS, Facet
from cyberflow.schema.subtype.producer import may_send
from cyberflow.schema.validation.validate import Validator
from cyberflow.schema.values import Schema, freeze

CONSTANTS: Final = {"null": (None,), "boolean": (True, False)}


@dataclass(eq=False)
class SubtypeProver:
    producer: Validator
    consumer: Validator
    _known: dict[tuple[int, int], bool] = field(default_factory=dict)
    _assumed: set[tuple[int, int]] = field(default_factory=set)
    _leaned: bool = False

    def implies(self, producer: Schema, consumer: Schema) -> bool:
        """Ask about one place. A question met again inside itself, one member or entry further down, is taken for
        granted: JSON values are finite. Raises `Undecided`.
        """
        key = (id(producer), id(consumer))
        if key in self._assumed:
            self._leaned = True
            return True
        if key in self._known:
            return self._known[key]
        outer, self._leaned = self._leaned, False
        self._assumed.add(key)
        try:
            with self.producer.scope.budget.frame():
                result = self._are_equal(producer, consumer) or self._each_disjunct_implies(producer, consumer)
        finally:
            self._assumed.discard(key)
        if not result or not self._leaned or not self._assumed:
            self._known[key] = result
        self._leaned = self._leaned or outer
        return result

    def implies_or_false(self, producer: Schema, consumer: Schema) -> bool:
        try:
            return self.implies(producer, consumer)
        except Undecided:
            return False

    def _are_equal(self, producer: Schema, consumer: Schema) -> bool:
        roots = (self.producer.scope.root, self.consumer.scope.root)
        if freeze(producer) != freeze(consumer):
            return False
        return not has_refs(producer) or freeze(roots[0]) == freeze(roots[1])

    def _each_disjunct_implies(self, producer: Schema, consumer: Schema) -> bool:
        if accepts_anything(consumer):
            return True
        return all(
            self._disjunct_implies(producer, shape, consumer) for shape in self.producer.scope.disjuncts(producer)
        )

    def _disjunct_implies(self, producer: Schema, shape: Disjunct, consumer: Schema) -> bool:
        values = shape.values
        if values is not None:
            return all(self._accepts_value(producer, value, consumer) for value in values)
        for kind in shape.kinds:
            if kind in CONSTANTS:
                if not all(self._accepts_value(producer, value, consumer) for value in CONSTANTS[kind]):
                    return False
            elif not self.meets(Facet(shape, kind), consumer):
                return False
        return True

    def _accepts_value(self, producer: Schema, value: Any, consumer: Schema) -> bool:
        if self.consumer.check(consumer, value):
            return True
        return may_send(self.producer, producer, value) is False

    def meets(self, facet: Facet, consumer: Schema) -> bool:
        """Prove it for the values of one kind of one shape."""
        if isinstance(consumer, bool):
            return consumer
        with self.consumer.scope.budget.frame():
            return all(self._implies_keyword(facet, keyword, consumer) for keyword in consumer)

    def _implies_keyword(self, facet: Facet, keyword: str, consumer: dict[str, Any]) -> bool:
        if keyword in COMPOSED:
            return COMPOSED[keyword](self, facet, consumer)
        if facet.kind not in kinds_of_keyword(keyword):
            return True
        implication = IMPLICATIONS.get(keyword)
        return implication is not None and implication(self, facet, consumer)

    def excludes(self, facet: Facet, consumer: Schema) -> bool:
        """Prove that no such value is accepted."""
        return all(self._are_disjoint(facet, other) for other in self.consumer.scope.disjuncts(consumer))

    def _are_disjoint(self, facet: Facet, other: Disjunct) -> bool:
        if facet.kind not in other.kinds:
            return True
        if facet.kind != "object":
            return False
        if any(self.producer.scope.member(facet.shape, name) is None for name in other.required):
            return True
        return any(self._members_disjoint(facet, other, name) for name in facet.shape.required)

    def _members_disjoint(self, facet: Facet, other: Disjunct, name: str) -> bool:
        ours, theirs = self.producer.scope.member(facet.shape, name), self.consumer.scope.member(other, name)
        if ours is None or theirs is None:
            # `closed` is our reading of producers; a consumer without `additionalProperties` takes every member.
            return ours is None or False in other.keyword_values("additionalProperties")
        shapes = self.producer.scope.disjuncts(ours)
        return all(
            shape.values is not None and all(self.consumer.check(theirs, value) is False for value in shape.values)
            for shape in shapes
        )


def _type(_: SubtypeProver, facet: Facet, consumer: dict[str, Any]) -> bool:
    return facet.kind in kinds_of_type(consumer["type"])


def _one_of(proof: SubtypeProver, facet: Facet, consumer: dict[str, Any]) -> bool:
    met = [sub for sub in consumer["oneOf"] if proof.meets(facet, sub)]
    return len(met) == 1 and all(sub is met[0] or proof.excludes(facet, sub) for sub in consumer["oneOf"])


def _if(proof: SubtypeProver, facet: Facet, consumer: dict[str, Any]) -> bool:
    return all(proof.meets(facet, consumer.get(branch, True)) for branch in ("then", "else"))


COMPOSED: Final[dict[str, Callable[[SubtypeProver, Facet, dict[str, Any]], bool]]] = {
    "type": _type,
    "enum": lambda *_: False,
    "const": lambda *_: False,
    "$ref": lambda proof, facet, consumer: proof.meets(facet, proof.consumer.scope.resolve(consumer["$ref"])),
    "$dynamicRef": lambda *_: False,
    "$recursiveRef": lambda *_: False,
    "allOf": lambda proof, facet, consumer: all(proof.meets(facet, sub) for sub in consumer["allOf"]),
    "anyOf": lambda proof, facet, consumer: any(proof.meets(facet, sub) for sub in consumer["anyOf"]),
    "oneOf": _one_of,
    "not": lambda proof, facet, consumer: proof.excludes(facet, consumer["not"]),
    "if": _if,
}
