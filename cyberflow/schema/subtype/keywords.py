"""One small theorem per keyword: when the values of one kind of a producer's shape must satisfy it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol, TypeAlias

from cyberflow.late import dataclass
from cyberflow.schema.references import has_refs
from cyberflow.schema.regex.matching import matches
from cyberflow.schema.subtype.disjuncts import Disjunct
from cyberflow.schema.validation.validate import Validator
from cyberflow.schema.values import Schema, freeze


@dataclass(frozen=True, slots=True, eq=False)
class Facet:
    """The values of one kind that a shape admits."""

    shape: Disjunct
    kind: str

    def lower_bound(self, keyword: str) -> Any:
        """The strongest lower bound, or None."""
        return max(self.shape.keyword_values(keyword), default=None)

    def upper_bound(self, keyword: str) -> Any:
        return min(self.shape.keyword_values(keyword), default=None)


class Prover(Protocol):
    @property
    def producer(self) -> Validator: ...

    @property
    def consumer(self) -> Validator: ...

    def implies(self, producer: Schema, consumer: Schema) -> bool: ...

    def meets(self, facet: Facet, consumer: Schema) -> bool: ...


KeywordTheorem: TypeAlias = Callable[[Any, Facet, dict[str, Any]], bool]


def _minimum(_: Prover, facet: Facet, consumer: dict[str, Any]) -> bool:
    wanted = consumer["minimum"]
    return _is_at_least(facet.lower_bound("minimum"), wanted) or _is_at_least(
        facet.lower_bound("exclusiveMinimum"), wanted
    )


def _exclusive_minimum(_: Prover, facet: Facet, consumer: dict[str, Any]) -> bool:
    wanted, floor = consumer["exclusiveMinimum"], facet.lower_bound("minimum")
    return _is_at_least(facet.lower_bound("exclusiveMinimum"), wanted) or (floor is not None and floor > wanted)


def _maximum(_: Prover, facet: Facet, consumer: dict[str, Any]) -> bool:
    wanted = consumer["maximum"]
    return _is_at_most(facet.upper_bound("maximum"), wanted) or _is_at_most(
        facet.upper_bound("exclusiveMaximum"), wanted
    )


def _exclusive_maximum(_: Prover, facet: Facet, consumer: dict[str, Any]) -> bool:
    wanted, ceiling = consumer["exclusiveMaximum"], facet.upper_bound("maximum")
    return _is_at_most(facet.upper_bound("exclusiveMaximum"), wanted) or (ceiling is not None and ceiling < wanted)


def _is_at_least(bound: Any, wanted: float) -> bool:
    return bound is not None and bound >= wanted


def _is_at_most(bound: Any, wanted: float) -> bool:
    return bound is not None and bound <= wanted


def _min_bound(keyword: str) -> KeywordTheorem:
    def theorem(_: Prover, facet: Facet, consumer: dict[str, Any]) -> bool:
        return bool(consumer[keyword] == 0) or _is_at_least(facet.lower_bound(keyword), consumer[keyword])

    return theorem


def _max_bound(keyword: str) -> KeywordTheorem:
    def theorem(_: Prover, facet: Facet, consumer: dict[str, Any]) -> bool:
        return _is_at_most(facet.upper_bound(keyword), consumer[keyword])

    return theorem


def _multiple_of(_: Prover, facet: Facet, consumer: dict[str, Any]) -> bool:
    wanted = consumer["multipleOf"]
    if not isinstance(wanted, int):
        return False
    steps = [step for step in facet.shape.keyword_values("multipleOf") if isinstance(step, int)]
    return any(step % wanted == 0 for step in ([*steps, 1] if facet.kind == "integer" else steps))


def _same_statement(*keywords: str) -> KeywordTheorem:
    """The producer says the very same; the keywords are those that have no meaning without one another."""

    def theorem(_: Prover, facet: Facet, consumer: dict[str, Any]) -> bool:
        wanted = freeze({key: consumer[key] for key in keywords if key in consumer})
        return not has_refs(consumer.get("contains", True)) and any(
            freeze({key: part[key] for key in keywords if key in part}) == wanted for part in facet.shape.parts
        )

    return theorem


def _requires_names(_: Prover, facet: Facet, consumer: dict[str, Any]) -> bool:
    return facet.shape.required.issuperset(consumer["required"])


def _members(prover: Prover, facet: Facet, consumer: dict[str, Any]) -> bool:
    """`properties`, `patternProperties` and `additionalProperties` together: each member meets all that looks at it."""
    listed = consumer.get("properties", {})
    names = dict.fromkeys((*facet.shape.names, *listed))
    return all(_member(prover, facet, consumer, name) for name in names) and _others(prover, facet, consumer)


def _member(prover: Prover, facet: Facet, consumer: dict[str, Any], name: str) -> bool:
    sent = prover.producer.scope.member(facet.shape, name)
    if sent is None:
        return True
    wanted = [consumer["properties"][name]] if name in consumer.get("properties", {}) else []
    unsure = False
    for pattern, schema in consumer.get("patternProperties", {}).items():
        match = matches(pattern, name)
        unsure = unsure or match is None
        wanted += [] if match is False else [schema]
    if (not wanted or unsure) and "additionalProperties" in consumer:
        wanted.append(consumer["additionalProperties"])
    return all(prover.implies(sent, schema) for schema in wanted)


def _others(prover: Prover, facet: Facet, consumer: dict[str, Any]) -> bool:
    shape = facet.shape
    if shape.is_closed and not shape.keyword_values("patternProperties"):
        return True
    wanted = [*consumer.get("patternProperties", {}).values(), consumer.get("additionalProperties", True)]
    if shape.is_closed:
        sent = []
    else:
        rest = [sub for sub in shape.keyword_values("additionalProperties") if sub is not True]
        sent = [] if False in rest else [prover.producer.scope.conjunction(rest) if rest else True]
    # A member under a pattern of the producer may escape its `additionalProperties`.
    sent += [schema for patterns in shape.keyword_values("patternProperties") for schema in patterns.values()]
    return all(prover.implies(ours, theirs) for ours in sent for theirs in wanted)


def _entries(prover: Prover, facet: Facet, consumer: dict[str, Any]) -> bool:
    prefix = consumer.get("prefixItems", [])
    longest = max([len(prefix), *(len(part) for part in facet.shape.keyword_values("prefixItems"))])
    for index in range(longest + 1):
        sent = prover.producer.scope.item(facet.shape, index)
        if sent is None:
            return True
        if not prover.implies(sent, prefix[index] if index < len(prefix) else consumer.get("items", True)):
            return False
    return True


def _unique_items(_: Prover, facet: Facet, consumer: dict[str, Any]) -> bool:
    most = facet.upper_bound("maxItems")
    return (
        not consumer["uniqueItems"]
        or any(facet.shape.keyword_values("uniqueItems"))
        or (most is not None and most <= 1)
    )


def _min_properties(_: Prover, facet: Facet, consumer: dict[str, Any]) -> bool:
    stated = facet.lower_bound("minProperties") or 0
    return bool(max(stated, len(facet.shape.required)) >= consumer["minProperties"])


def _max_properties(_: Prover, facet: Facet, consumer: dict[str, Any]) -> bool:
    wanted = consumer["maxProperties"]
    finite = facet.shape.is_closed and not facet.shape.keyword_values("patternProperties")
    return _is_at_most(facet.upper_bound("maxProperties"), wanted) or (finite and len(facet.shape.names) <= wanted)


def _property_names(prover: Prover, facet: Facet, consumer: dict[str, Any]) -> bool:
    if facet.shape.is_closed and not facet.shape.keyword_values("patternProperties"):
        return all(prover.consumer.check(consumer["propertyNames"], name) for name in facet.shape.names)
    return any(prover.implies(sub, consumer["propertyNames"]) for sub in facet.shape.keyword_values("propertyNames"))


def _dependent_names(prover: Prover, facet: Facet, consumer: dict[str, Any]) -> bool:
    return all(
        facet.shape.required.issuperset(needed) or prover.producer.scope.member(facet.shape, name) is None
        for name, needed in consumer["dependentRequired"].items()
    )


IMPLICATIONS: Final[Mapping[str, KeywordTheorem]] = {
    "minimum": _minimum,
    "exclusiveMinimum": _exclusive_minimum,
    "maximum": _maximum,
    "exclusiveMaximum": _exclusive_maximum,
    "multipleOf": _multiple_of,
    **{keyword: _min_bound(keyword) for keyword in ("minLength", "minItems")},
    **{keyword: _max_bound(keyword) for keyword in ("maxLength", "maxItems")},
    "pattern": _same_statement("pattern"),
    **dict.fromkeys(("format", "contentEncoding", "contentMediaType"), lambda *_: True),
    **dict.fromkeys(("items", "prefixItems"), _entries),
    **dict.fromkeys(
        ("contains", "minContains", "maxContains"), _same_statement("contains", "minContains", "maxContains")
    ),
    "uniqueItems": _unique_items,
    "required": _requires_names,
    **dict.fromkeys(("properties", "patternProperties", "additionalProperties"), _members),
    "minProperties": _min_properties,
    "maxProperties": _max_properties,
    "propertyNames": _property_names,
    "dependentRequired": _dependent_names,
}
