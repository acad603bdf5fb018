"""Makes one readable value of a schema, the same each time: what the author wrote comes first, `const`, `examples`,
`default`, `enum`, then what its names suggest, then whatever else the schema allows. Only a valid value is made.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Final

from cyberflow.schema.keywords import accepts_anything
from cyberflow.schema.normal_form import readable
from cyberflow.schema.regex.pattern import sample_texts
from cyberflow.schema.regex.search import find_texts
from cyberflow.schema.samples.generator import SampleGenerator
from cyberflow.schema.samples.hints import hints_of
from cyberflow.schema.samples.text import entry_number, entry_word, text_for_name, text_for_schema
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
        made = attempt(builder.build, form, "", 0)
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

    def build(self, schema: Schema, name: str, depth: int) -> tuple[Any] | None:
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

    def _candidates(self, schema: Schema, name: str, depth: int) -> Iterator[Any]:
        if isinstance(schema, bool):
            yield from [text_for_name(name)] * schema
            return
        shapes = sorted(self.scope.disjuncts(schema), key=lambda shape: shape.kinds == {"null"})
        for shape in shapes:
            yield from _literal_values(shape, entry_number(name))
        for shape in shapes:
            yield from self._values_of(shape, name, depth)
        if depth <= DEEPEST:
            yield from self._conditional(schema, name, depth)
        hints = hints_of(self.scope.schemas_in_place(schema))
        for template in self.generator.edge_values(schema, hints):
            yield from fill_template(template)
        yield from (*hints.literals, *PLAIN)

    def _conditional(self, schema: dict[str, Any], name: str, depth: int) -> Iterator[Any]:
        """A branch is easier to meet when its condition is written beside it."""
        for part in self.scope.schemas_in_place(schema):
            for condition in [part["if"]] if "if" in part else part.get("dependentSchemas", {}).values():
                for shape in self.scope.disjuncts(self.scope.conjunction((schema, condition))):
                    yield from self._values_of(shape, name, depth)

    def _values_of(self, shape: Disjunct, name: str, depth: int) -> Iterator[Any]:
        if shape.values is not None:
            return
        if not shape.likely_kinds:
            yield text_for_name(name)
            return
        for kind in sorted(shape.likely_kinds & shape.kinds, key=_kind_order(shape)):
            match kind:
                case "object":
                    yield from self._objects(shape, entry_number(name), depth)
                case "array":
                    yield from self._arrays(shape, name, depth)
                case "string":
                    yield from _texts(shape, name)
                case "integer" | "fraction":
                    yield from _numbers(shape, entry_number(name), whole="fraction" not in shape.kinds)
                case _:
                    yield True if kind == "boolean" else None

    def _objects(self, shape: Disjunct, entry: int, depth: int) -> Iterator[dict[str, Any]]:
        names = dict.fromkeys((*(name for name in shape.names if depth < DEEPEST or name in shape.required),))
        names |= dict.fromkeys(name for listed in shape.keyword_values("required") for name in listed)
        full: dict[str, Any] = {}
        for name in names:
            self._add_member(shape, full, name, entry, depth)
        for needed in [*names, *self._names_to_fill(shape, full)]:
            self._add_member(shape, full, needed, entry, depth)
            if needed not in full and not any(map(shape.keyword_values, _CLOSING)):
                # That an object which lists members has no others is how it is read, not what it says.
                full[needed] = text_for_name(f"{needed} {entry}")
        if not shape.required <= full.keys():
            return
        yield full
        optional = [name for name in full if name not in shape.required]
        for name in optional[:20]:
            yield {key: value for key, value in full.items() if key != name}
        yield {key: value for key, value in full.items() if key in shape.required}

    def _add_member(self, shape: Disjunct, made: dict[str, Any], name: str, entry: int, depth: int) -> None:
        schema = self.scope.member(shape, name)
        numbered = f"{name} {entry}" if entry > 1 else name
        value = None if schema is None or name in made else self.build(schema, numbered, depth + 1)
        if value is not None:
            made[name] = value[0]

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

    def _arrays(self, shape: Disjunct, name: str, depth: int) -> Iterator[list[Any]]:
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
            value = self.build(schema, f"{entry_word(name).removesuffix('s')} {index + 1}", depth + 1)
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


def _literal_values(shape: Disjunct, entry: int) -> Iterator[Any]:
    """What the author wrote; the entries of a list take its examples in turn."""
    yield from shape.keyword_values("const")
    for examples in shape.keyword_values("examples"):
        if isinstance(examples, list) and examples:
            first = (entry - 1) % len(examples)
            yield from (*examples[first:], *examples[:first])
    yield from shape.keyword_values("default")
    for choices in shape.keyword_values("enum"):
        yield from choices


def _kind_order(shape: Disjunct) -> Any:
    written = [
        name for names in shape.keyword_values("type") for name in ([names] if isinstance(names, str) else names)
    ]
    order = [*(name for name in written if name != "null"), *_KINDS]
    return lambda kind: order.index("number" if kind == "fraction" and "number" in order else kind)


def _texts(shape: Disjunct, name: str) -> Iterable[str]:
    low = int(max(shape.keyword_values("minLength"), default=0))
    high = int(min(shape.keyword_values("maxLength"), default=MAX_LENGTH))
    formats = shape.keyword_values("format")
    yield text_for_schema(formats[0] if formats else "", name, low, high)
    patterns = shape.keyword_values("pattern")
    for pattern in patterns:
        texts = list(sample_texts(pattern, tuple(dict.fromkeys((1, low, *range(2, 12))))))
        yield from (*(_count_up(text, entry_number(name)) for text in texts), *texts)
    if patterns:
        yield from islice(find_texts(patterns, low, high), 20)


def _count_up(text: str, entry: int) -> str:
    """The text with its last digits as far on as the entry is in its list."""
    digits = re.search("[0-9]+(?!.*[0-9])", text, re.DOTALL)
    if digits is None or entry == 1:
        return text
    counted = f"{int(digits[0]) + entry - 1:0{len(digits[0])}}"[-len(digits[0]) :]
    return text[: digits.start()] + counted + text[digits.end() :]


def _numbers(shape: Disjunct, entry: int, *, whole: bool) -> Iterator[Any]:
    first = _number(shape, whole=whole)
    yield first + (entry - 1) * max(shape.keyword_values("multipleOf"), default=1)
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
        is_number = isinstance(item, int | float) and not isinstance(item, bool)
        candidate = item + index if is_number and item in kept else item
        if candidate not in kept:
            kept.append(candidate)
        elif isinstance(candidate, str):
            kept.append(f"{candidate} {index + 1}")
        elif len(kept) < low:
            kept.append(item)
    return kept
