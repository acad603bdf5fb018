"""Makes one readable value of a schema, the same each time: what the author wrote comes first, `const`, `examples`,
`default`, `enum`, then what its names suggest, then whatever else the schema allows. Only a valid value is made.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Final

from cyberflow.schema.keywords import accepts_anything
from cyberflow.schema.normal_form import readable
from cyberflow.schema.regex.pattern import sample_texts
from cyberflow.schema.regex.search import find_texts
from cyberflow.schema.samples.generator import SampleGenerator
from cyberflow.schema.samples.hints import hints_of
from cyberflow.schema.samples.text import Name, text_for_name, texts_for_schema, texts_like
from cyberflow.schema.subtype.disjuncts import Disjunct, SchemaContext, Undecided, WorkBudget, attempt
from cyberflow.schema.validation.jsonschema import validator_of
from cyberflow.schema.validation.validate import Validator
from cyberflow.schema.values import Schema, fill_template

DEEPEST: Final = 6
STEPS: Final = 400_000
MAX_TRIED: Final = 400
MAX_LENGTH: Final = 10_000
PLAIN: Final[tuple[Any, ...]] = ({}, [], "x", 0, 1.5, True, None, "", {"x": "x"}, ["x"])
_CLOSING: Final = ("additionalProperties", "unevaluatedProperties")
_KINDS: Final = ("object", "array", "string", "integer", "fraction", "boolean", "null")


def example(schema: Any) -> tuple[Any] | None:
    """Give a valid value, wrapped, since it may be null; None when none is found."""
    form = readable(schema)
    made = None
    if form is not None:
        builder = _ExampleBuilder(Validator(SchemaContext(form, WorkBudget(STEPS)), asserts_format=True))
        made = attempt(builder.build, form, Name(""), 0)
    return made or _plain_example(schema)


def _plain_example(schema: Any) -> tuple[Any] | None:
    """What is out of our reach is asked of the other validator, with the plainest values."""
    return next(((value,) for value in PLAIN if _is_valid(schema, value)), None)


def _is_valid(schema: Any, value: Any) -> bool:
    try:
        return bool(validator_of(schema, asserts_format=True).is_valid(value))
    except (ValueError, TypeError, RecursionError):
        return False


class _ExampleBuilder:
    def __init__(self, judge: Validator) -> None:
        self.judge = judge
        self.scope = judge.scope
        self.generator = SampleGenerator(judge)

    def build(self, schema: Schema, name: Name, depth: int) -> tuple[Any] | None:
        """The first candidate that is valid; one that cannot be judged is taken when no other is found."""
        perhaps: tuple[Any] | None = None
        for value in islice(self._candidates(schema, name, depth), MAX_TRIED):
            verdict = self._judge(schema, value)
            if verdict is None and not depth:
                verdict = _is_valid(self.scope.root, value)
            if verdict:
                return (value,)
            if verdict is None and perhaps is None:
                perhaps = (value,)
        return perhaps

    def _judge(self, schema: Schema, value: Any) -> bool | None:
        try:
            return self.judge.check(schema, value)
        except Undecided:
            return None

    def _candidates(self, schema: Schema, name: Name, depth: int) -> Iterator[Any]:
        if isinstance(schema, bool):
            yield from [text_for_name(name)] * schema
            return
        shapes = sorted(self.scope.disjuncts(schema), key=lambda shape: shape.kinds == {"null"})
        for shape in shapes:
            yield from _literal_values(shape, name.nth)
        for shape in shapes:
            yield from self._values_of(shape, name, depth)
        if depth <= DEEPEST:
            yield from self._conditional(schema, name, depth)
        hints = hints_of(self.scope.schemas_in_place(schema))
        for template in self.generator.edge_values(schema, hints):
            yield from fill_template(template)
        yield from (*hints.literals, *PLAIN)

    def _conditional(self, schema: dict[str, Any], name: Name, depth: int) -> Iterator[Any]:
        """A branch is easier to meet when its condition is written beside it."""
        for part in self.scope.schemas_in_place(schema):
            for condition in [part["if"]] if "if" in part else part.get("dependentSchemas", {}).values():
                for shape in self.scope.disjuncts(self.scope.conjunction((schema, condition))):
                    yield from self._values_of(shape, name, depth)

    def _values_of(self, shape: Disjunct, name: Name, depth: int) -> Iterator[Any]:
        if shape.values is not None:
            return
        if not shape.likely_kinds:
            yield text_for_name(name)
            return
        for kind in sorted(shape.likely_kinds & shape.kinds, key=_kind_order(shape)):
            match kind:
                case "object":
                    yield from self._objects(shape, name, depth)
                case "array":
                    yield from self._arrays(shape, name, depth)
                case "string":
                    yield from _texts(shape, name)
                case "integer" | "fraction":
                    yield from _numbers(shape, name.nth, whole="fraction" not in shape.kinds)
                case _:
                    yield True if kind == "boolean" else None

    def _objects(self, shape: Disjunct, name: Name, depth: int) -> Iterator[dict[str, Any]]:
        words = dict.fromkeys((*(word for word in shape.names if depth < DEEPEST or word in shape.required),))
        words |= dict.fromkeys(word for listed in shape.keyword_values("required") for word in listed)
        full: dict[str, Any] = {}
        for word in words:
            self._add_member(shape, full, name.member(word), depth)
        for needed in [*words, *self._names_to_fill(shape, full)]:
            self._add_member(shape, full, name.member(needed), depth)
            if needed not in full and not any(map(shape.keyword_values, _CLOSING)):
                # That an object which lists members has no others is how it is read, not what it says.
                full[needed] = text_for_name(name.member(needed))
        if not shape.required <= full.keys():
            return
        yield full
        optional = [word for word in full if word not in shape.required]
        for word in optional[:20]:
            yield {key: value for key, value in full.items() if key != word}
        yield {key: value for key, value in full.items() if key in shape.required}

    def _add_member(self, shape: Disjunct, made: dict[str, Any], name: Name, depth: int) -> None:
        schema = self.scope.member(shape, name.word)
        value = None if schema is None or name.word in made else self.build(schema, name, depth + 1)
        if value is not None:
            made[name.word] = value[0]

    def _names_to_fill(self, shape: Disjunct, made: dict[str, Any]) -> Iterator[str]:
        for needs in shape.keyword_values("dependentRequired"):
            yield from (other for name, others in needs.items() if name in made for other in others)
        least = int(max(shape.keyword_values("minProperties"), default=0))
        short = least - len(made)
        if short > 0:
            names = self.scope.conjunction(shape.keyword_values("propertyNames"))
            patterns = [part["pattern"] for part in self.scope.schemas_in_place(names) if "pattern" in part]
            sets = [[pattern, *patterns] for each in shape.keyword_values("patternProperties") for pattern in each]
            named = [text for each in [*sets, patterns] if each for text in islice(find_texts(each, 1), 2 * short)]
            named += [text for text in self.generator.simple_values(names) if isinstance(text, str)]
            for name in dict.fromkeys((*named, *(f"key{number}" for number in range(short)))):
                if len(made) < least and self._judge(names, name):
                    yield name

    def _arrays(self, shape: Disjunct, name: Name, depth: int) -> Iterator[list[Any]]:
        low = int(max(shape.keyword_values("minItems"), default=0))
        high = int(min(shape.keyword_values("maxItems"), default=MAX_LENGTH))
        first = max((len(prefix) for prefix in shape.keyword_values("prefixItems")), default=0)
        wanted = self._entries_to_fill(shape)
        length = min(max(low, first, len(wanted), 2 if depth < DEEPEST else 0), high)
        entries: list[Any] = []
        for index in range(min(length, MAX_LENGTH)):
            schema = self.scope.item(shape, index)
            if schema is None:
                break
            if index < len(wanted):
                schema = self.scope.conjunction((schema, wanted[index]))
            value = self.build(schema, name.entry(index, length), depth + 1)
            if value is None:
                break
            entries.append(value[0])
        yield _make_distinct(entries, low) if any(shape.keyword_values("uniqueItems")) else entries
        yield entries[:low]

    def _entries_to_fill(self, shape: Disjunct) -> list[Schema]:
        """What `contains` wants, as often as it wants it."""
        wanted: list[Schema] = []
        for part in shape.parts:
            if "contains" in part and not accepts_anything(part["contains"]):
                wanted += [part["contains"]] * min(int(part.get("minContains", 1)), MAX_LENGTH)
        return wanted


def _literal_values(shape: Disjunct, nth: int) -> Iterator[Any]:
    yield from shape.keyword_values("const")
    for examples in shape.keyword_values("examples"):
        yield from _from_nth(examples, nth) if isinstance(examples, list) else ()
    yield from shape.keyword_values("default")
    for choices in shape.keyword_values("enum"):
        yield from _from_nth(choices, nth)


def _from_nth(values: Sequence[Any], nth: int) -> Sequence[Any]:
    """The same values, from the nth on, so that the entries of a list begin with other ones."""
    start = (nth - 1) % max(len(values), 1)
    return [*values[start:], *values[:start]]


def _kind_order(shape: Disjunct) -> Any:
    written = [
        name for names in shape.keyword_values("type") for name in ([names] if isinstance(names, str) else names)
    ]
    order = [*(name for name in written if name != "null"), *_KINDS]
    return lambda kind: order.index("number" if kind == "fraction" and "number" in order else kind)


def _texts(shape: Disjunct, name: Name) -> Iterable[str]:
    low = int(max(shape.keyword_values("minLength"), default=0))
    high = int(min(shape.keyword_values("maxLength"), default=MAX_LENGTH))
    formats = shape.keyword_values("format")
    yield from texts_for_schema(formats[0] if formats else "", name, low, high)
    patterns = shape.keyword_values("pattern")
    for pattern in patterns:
        made = sample_texts(pattern, tuple(dict.fromkeys((1, low, *range(2, 12)))))
        yield from (other for text in made for other in texts_like(text, name.nth))
        yield from made
    if patterns:
        yield from islice(find_texts(patterns, low, high), 20)


def _numbers(shape: Disjunct, nth: int, *, whole: bool) -> Iterator[Any]:
    first = _number(shape, whole=whole)
    if nth > 1:
        yield first + (nth - 1) * max(shape.keyword_values("multipleOf"), default=1)
    yield first


def _number(shape: Disjunct, *, whole: bool) -> Any:
    lowest = [*shape.keyword_values("minimum"), *shape.keyword_values("exclusiveMinimum")]
    highest = [*shape.keyword_values("maximum"), *shape.keyword_values("exclusiveMaximum")]
    low: Any = max(lowest, default=None)
    high: Any = min(highest, default=None)
    step = max(shape.keyword_values("multipleOf"), default=None) or (1 if whole else None)
    if step is None:
        if low is not None and high is not None:
            return low + (high - low) / 2
        return 1.5 if low is None and high is None else (low + 1 if high is None else high - 1)
    value = math.ceil((low if low is not None else (1 if high is None else min(1, high))) / step) * step
    if value in shape.keyword_values("exclusiveMinimum"):
        value += step
    if high is not None and value > high:
        value = math.floor(high / step) * step
    if value in shape.keyword_values("exclusiveMaximum"):
        value -= step
    return int(value) if whole else value


def _make_distinct(items: list[Any], low: int) -> list[Any]:
    kept: list[Any] = []
    for index, item in enumerate(items):
        if item not in kept:
            kept.append(item)
        elif isinstance(item, str):
            kept.append(f"{item} {index + 1}")
        elif len(kept) < low:
            kept.append(item)
    return kept
