"""Candidate values of a producer: simple ones that its schema suggests, and ones at the edges that a consumer's schema
hints at. They are guesses; whoever uses one validates it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field
from itertools import islice
from typing import Any, Final

from cyberflow.late import dataclass
from cyberflow.schema.keywords import accepts_anything
from cyberflow.schema.regex.pattern import sample_texts as texts_of
from cyberflow.schema.samples.hints import NO_HINTS, Hints
from cyberflow.schema.subtype.disjuncts import Disjunct, SchemaContext, Undecided, is_bare
from cyberflow.schema.subtype.producer import may_send
from cyberflow.schema.validation.formats import EXAMPLES
from cyberflow.schema.validation.validate import Validator
from cyberflow.schema.values import KINDS, KINDS_OF_TYPE, Opaque, Schema, kind_of

MAX_SIMPLE: Final = 8
MAX_ENTRIES: Final = 200
MAX_TEXT: Final = 5000
MAX_NUMBER: Final = 1e15
NUMBERS: Final = KINDS_OF_TYPE["number"]
BOUNDS: Final = ("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum")
TEXTS: Final = ("x", "", "0", "X", " ", "é", "x y")
ANYTHING: Final = Opaque(KINDS, ("x", 0, None))
BARE: Final = {"object": Opaque(frozenset({"object"}), ({}, {"x": "x"})), "array": Opaque(frozenset({"array"}), ([],))}


@dataclass(eq=False)
class SampleGenerator:
    validator: Validator
    _simple: dict[int, list[Any]] = field(default_factory=dict)
    _busy: set[int] = field(default_factory=set)

    @property
    def scope(self) -> SchemaContext:
        return self.validator.scope

    def simple_values(self, schema: Schema) -> list[Any]:
        """A few values to stand where the schema is, the plainest first; none for a schema inside itself."""
        if isinstance(schema, bool):
            return [ANYTHING] if schema else []
        if id(schema) in self._busy:
            return []
        if id(schema) not in self._simple:
            self._busy.add(id(schema))
            try:
                self._simple[id(schema)] = self._interleave(schema)
            except Undecided:
                self._simple[id(schema)] = []
            finally:
                self._busy.discard(id(schema))
        return self._simple[id(schema)]

    def _interleave(self, schema: Schema) -> list[Any]:
        def sound(value: Any) -> bool:
            return may_send(self.validator, schema, value) is not False

        shapes = self.scope.disjuncts(schema)
        runs = [list(islice(filter(sound, self.disjunct_values(shape, NO_HINTS)), 4)) for shape in shapes]
        rounds = [run[turn] for turn in range(4) for run in runs if turn < len(run)]
        return rounds[:MAX_SIMPLE]

    def edge_values(self, schema: Schema, hints: Hints) -> Iterator[Any]:
        """More values, those included that the hints make interesting."""
        for shape in self.scope.disjuncts(schema):
            yield from self.disjunct_values(shape, hints)

    def disjunct_values(self, shape: Disjunct, hints: Hints) -> Iterator[Any]:
        self.scope.budget.steps -= 1
        if shape.values is not None:
            yield from islice(shape.values, MAX_ENTRIES)
            return
        if not shape.likely_kinds:
            yield ANYTHING
            return
        yield from self._example_values(shape)
        if "string" in shape.likely_kinds:
            yield from _text_values(shape, hints)
        if not shape.likely_kinds.isdisjoint(NUMBERS):
            yield from _number_values(shape, hints)
        if "boolean" in shape.likely_kinds:
            yield from (True, False)
        for kind, values in (("object", self._object_values), ("array", self._array_values)):
            if kind in shape.likely_kinds:
                yield from [BARE[kind]] if is_bare(shape, kind) else values(shape, hints)
        if "null" in shape.likely_kinds:
            yield None
        if not shape.keyword_values("format"):
            yield from (literal for literal in hints.literals if kind_of(literal) in shape.likely_kinds)

    def _example_values(self, shape: Disjunct) -> Iterator[Any]:
        """Examples help where nothing can be made up: a text with a pattern."""
        if shape.keyword_values("pattern") or shape.keyword_values("format"):
            for examples in shape.keyword_values("examples"):
                yield from islice(examples if isinstance(examples, list) else (), 4)
            yield from shape.keyword_values("default")

    def _object_values(self, shape: Disjunct, hints: Hints) -> Iterator[Any]:
        smallest = self.smallest_object(shape)
        if smallest is None:
            return
        yield smallest
        for name in smallest:
            others = self.simple_values(self.scope.member(shape, name) or False)[1:4]
            yield from ({**smallest, name: value} for value in others)
        full = dict(smallest)
        for name in shape.names:
            if name not in full and (value := self.first_member(shape, name)) is not None:
                full[name] = value[0]
                if name in hints.names or len(full) in hints.counts:
                    yield {**smallest, name: value[0]}
        yield dict(full)
        for name in ("x", *hints.names):
            if name not in full and (value := self.first_member(shape, name)) is not None:
                full[name] = value[0]
                yield {**smallest, name: value[0]}
        yield from self._pad_objects(shape, smallest, hints)

    def _pad_objects(self, shape: Disjunct, smallest: dict[str, Any], hints: Hints) -> Iterator[Any]:
        names = (*shape.names, *(f"x{number}" for number in range(MAX_ENTRIES)))
        for count in (
            *shape.keyword_values("minProperties"),
            *(near for hint in hints.counts for near in (hint, hint + 1)),
        ):
            padded = dict(smallest)
            for name in names:
                if len(padded) >= count:
                    break
                if name not in padded and (value := self.first_member(shape, name)) is not None:
                    padded[name] = value[0]
            yield padded

    def smallest_object(self, shape: Disjunct) -> dict[str, Any] | None:
        """An object with the required members alone, in the order of declaration; None when one cannot be made."""
        made: dict[str, Any] = {}
        for name in (*(name for name in shape.names if name in shape.required), *sorted(shape.required)):
            if name in made:
                continue
            value = self.first_member(shape, name)
            if value is None:
                return None
            made[name] = value[0]
        return made

    def first_member(self, shape: Disjunct, name: str) -> tuple[Any] | None:
        schema = self.scope.member(shape, name)
        values = [] if schema is None else self.simple_values(schema)
        return (values[0],) if values else None

    def _array_values(self, shape: Disjunct, hints: Hints) -> Iterator[Any]:
        least = int(max(shape.keyword_values("minItems"), default=0))
        lengths = [least, least + 1, 1, *shape.keyword_values("maxItems")]
        lengths += [near for count in hints.counts for near in (count, count + 1, count - 1)]
        for length in dict.fromkeys(int(length) for length in lengths if least <= length <= MAX_ENTRIES):
            made = self.make_array(shape, length)
            if made is not None:
                yield made
        if (pair := self.make_array(shape, 1)) and not any(shape.keyword_values("uniqueItems")):
            yield pair * 2

    def make_array(self, shape: Disjunct, length: int) -> list[Any] | None:
        """An array of that length, its entries as different as simple ones can be; None when it cannot be made."""
        if length > MAX_ENTRIES:
            return None
        made: list[Any] = []
        wanted = [sub for sub in shape.keyword_values("contains") if not accepts_anything(sub)]
        for index in range(length):
            schema = self.scope.item(shape, index)
            if schema is None:
                return None
            if index < len(wanted):
                schema = self.scope.conjunction((schema, wanted[index]))
            values = self.simple_values(schema) or self.simple_values(self.scope.item(shape, index) or False)
            if not values:
                return None
            made.append(values[index % len(values)] if any(shape.keyword_values("uniqueItems")) else values[0])
        return made


def _text_values(shape: Disjunct, hints: Hints) -> Iterator[str | Opaque]:
    if formats := [
        *shape.keyword_values("format"),
        *shape.keyword_values("contentEncoding"),
        *shape.keyword_values("contentMediaType"),
    ]:
        # A value that breaks the producer's own promise would prove nothing, though 2020-12 lets it pass.
        known = [EXAMPLES[name] for name in formats if isinstance(name, str) and name in EXAMPLES]
        yield from known
        if not known:
            yield Opaque(frozenset({"string"}), ("x", ""))
        return
    lengths = [*shape.keyword_values("minLength"), *shape.keyword_values("maxLength"), *hints.lengths]
    near = tuple(dict.fromkeys(int(length) + step for length in lengths for step in (0, 1, -1)))
    for pattern in (*shape.keyword_values("pattern"), *hints.patterns):
        yield from texts_of(pattern, near)
    yield from TEXTS
    yield from ("x" * length for length in near if 0 < length <= MAX_TEXT)


def _number_values(shape: Disjunct, hints: Hints) -> Iterator[int | float]:
    bounds = [bound for keyword in BOUNDS for bound in shape.keyword_values(keyword)]
    literals = [literal for literal in hints.literals if kind_of(literal) in NUMBERS]
    seeds = [seed for seed in (*bounds, 0, *hints.numbers, *literals) if abs(seed) < MAX_NUMBER]
    yield from (near for seed in seeds for near in (seed, seed + 1, seed - 1))
    steps = [step for step in shape.keyword_values("multipleOf") if 1 / MAX_NUMBER < step < MAX_NUMBER]
    yield from (int(seed // step + jump) * step for step in steps for seed in seeds[:6] for jump in (0, 1, 2))
    if "fraction" in shape.likely_kinds:
        yield from (seed + half for seed in seeds for half in (0.5, -0.5))
