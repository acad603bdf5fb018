"""One schema document while it is being reasoned about: its references, a budget of work, and each schema taken apart
into shapes, the alternatives that remain when `$ref`, `allOf`, `anyOf`, `oneOf` and `if` are written out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import field
from typing import Any, Final, ParamSpec, TypeVar

from cyberflow.late import cached_property, dataclass
from cyberflow.schema.keywords import accepts_anything, keyword_kinds, kinds_of_keyword, kinds_of_type
from cyberflow.schema.references import UNREAD, resolve_pointer
from cyberflow.schema.values import KINDS, Schema, kind_of

MAX_SHAPES: Final = 64
MAX_FRAMES: Final = 110

P = ParamSpec("P")
T = TypeVar("T")


class Undecided(Exception):
    """The question is out of reach: work or depth ran out, or a reference cannot be followed."""


def attempt(question: Callable[P, T], *arguments: P.args, **options: P.kwargs) -> T | None:
    """Ask; None when the answer is out of reach."""
    try:
        return question(*arguments, **options)
    except (Undecided, RecursionError):
        return None


@dataclass(slots=True)
class WorkBudget:
    """Bounds the work of one question, and its depth."""

    steps: int = 40_000
    frames: int = 0

    @contextmanager
    def frame(self) -> Iterator[None]:
        self.steps -= 1
        if self.steps < 0 or self.frames >= MAX_FRAMES:
            raise Undecided
        self.frames += 1
        try:
            yield
        finally:
            self.frames -= 1


@dataclass(frozen=True, eq=False)
class Disjunct:
    """One way to satisfy a schema: a value of one of these kinds that every part's own keywords accept."""

    parts: tuple[dict[str, Any], ...] = ()
    kinds: frozenset[str] = KINDS

    def intersect(self, other: Disjunct) -> Disjunct:
        known = {id(part) for part in self.parts}
        parts = (*self.parts, *(part for part in other.parts if id(part) not in known))
        return Disjunct(parts, self.kinds & other.kinds)

    def keyword_values(self, keyword: str) -> list[Any]:
        return [part[keyword] for part in self.parts if keyword in part]

    @cached_property
    def is_closed(self) -> bool:
        """Whether a member that no part lists is out: our reading of `properties` without `additionalProperties`."""
        if any(part.get("unevaluatedProperties") is False for part in self.parts):
            return True
        speaks = any(key in part for part in self.parts for key in ("additionalProperties", "unevaluatedProperties"))
        return bool(self.keyword_values("properties")) and not speaks

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The members that are listed, in the order written."""
        return tuple(dict.fromkeys(name for listed in self.keyword_values("properties") for name in listed))

    @cached_property
    def required(self) -> frozenset[str]:
        return frozenset(name for listed in self.keyword_values("required") for name in listed)

    @cached_property
    def values(self) -> tuple[Any, ...] | None:
        """The only values that can be meant, by `enum` or `const`; the other keywords may still refuse some."""
        for part in self.parts:
            if "const" in part or "enum" in part:
                return (part["const"],) if "const" in part else tuple(part["enum"])
        return None

    @cached_property
    def likely_kinds(self) -> frozenset[str]:
        """The kinds its author had in mind: without `type`, those that its keywords speak of; none for `any`."""
        if any(key in part for part in self.parts for key in ("type", "enum", "const")):
            return self.kinds
        return frozenset[str]().union(*(keyword_kinds(part) for part in self.parts))


def part_kinds(part: dict[str, Any]) -> frozenset[str]:
    kinds = kinds_of_type(part["type"]) if "type" in part else KINDS
    for values in ([part["const"]] if "const" in part else None, part.get("enum")):
        if values is not None:
            kinds &= {kind for value in values if (kind := kind_of(value))}
    return kinds


@dataclass(eq=False)
class SchemaContext:
    """The document `root`; what it hands out is remembered by identity, so it keeps alive what it makes."""

    root: Schema
    budget: WorkBudget = field(default_factory=WorkBudget)
    _shapes: dict[int, list[Disjunct]] = field(default_factory=dict)
    _made: dict[tuple[int, ...], Schema] = field(default_factory=dict)
    _kept: list[Schema] = field(default_factory=list)

    def resolve(self, ref: str) -> Schema:
        found = resolve_pointer(self.root, ref)
        if found is None:
            raise Undecided
        return found

    def disjuncts(self, schema: Schema) -> list[Disjunct]:
        """Take a schema apart. Together the shapes admit at least what the schema admits: `not`, and that `oneOf`
        wants exactly one, are left to validation.
        """
        if isinstance(schema, bool):
            return [Disjunct()] if schema else []
        if id(schema) not in self._shapes:
            self._shapes[id(schema)] = self._expand(schema)
        return self._shapes[id(schema)]

    def _expand(self, schema: dict[str, Any]) -> list[Disjunct]:
        with self.budget.frame():
            options = [Disjunct((schema,), part_kinds(schema))]
            for alternatives in self._alternatives(schema):
                options = [
                    joined for left in options for right in alternatives if (joined := left.intersect(right)).kinds
                ]
                self.budget.steps -= len(options)
                if len(options) > MAX_SHAPES:
                    raise Undecided
            return [shape for shape in options if shape.kinds]

    def _alternatives(self, schema: dict[str, Any]) -> Iterator[list[Disjunct]]:
        if not UNREAD.isdisjoint(schema):
            raise Undecided
        if "$ref" in schema:
            yield self.disjuncts(self.resolve(schema["$ref"]))
        for sub in schema.get("allOf", ()):
            yield self.disjuncts(sub)
        for keyword in ("anyOf", "oneOf"):
            if keyword in schema:
                yield [shape for sub in schema[keyword] for shape in self.disjuncts(sub)]
        if "if" in schema and ("then" in schema or "else" in schema):
            yield [*self.disjuncts(schema.get("then", True)), *self.disjuncts(schema.get("else", True))]

    def conjunction(self, schemas: Iterable[Schema]) -> Schema:
        """The conjunction as one schema, the same object for the same parts."""
        parts = [schema for schema in schemas if schema is not True]
        if len(parts) < 2:  # noqa: PLR2004 - nothing to join
            return parts[0] if parts else True
        key = tuple(id(part) for part in parts)
        return self._made.setdefault(key, {"allOf": parts})

    def keep_alive(self, schema: Schema) -> Schema:
        """Keep a schema that was made on the way alive, so that its identity stays its own."""
        self._kept.append(schema)
        return schema

    def member(self, shape: Disjunct, name: str) -> Schema | None:
        """What the shape says of a member: its schema (True: nothing), or None when it cannot be there."""
        found: list[Schema] = []
        listed = name in shape.names
        for part in shape.parts:
            own = [part["properties"][name]] if name in part.get("properties", {}) else []
            for pattern, schema in part.get("patternProperties", {}).items():
                from cyberflow.schema.regex.pattern import matches

                match = matches(pattern, name)
                if match is None:
                    raise Undecided
                if match:
                    own.append(schema)
            listed = listed or bool(own)
            found += own or ([part["additionalProperties"]] if "additionalProperties" in part else [])
        if False in found or (shape.is_closed and not listed):
            return None
        return self.conjunction(found)

    def item(self, shape: Disjunct, index: int) -> Schema | None:
        """What the shape says of an array entry; None when there cannot be one."""
        found: list[Schema] = []
        for part in shape.parts:
            prefix: list[Schema] = part.get("prefixItems", [])
            found.append(prefix[index] if index < len(prefix) else part.get("items", True))
        if False in found or any(most <= index for most in shape.keyword_values("maxItems")):
            return None
        return self.conjunction(found)

    def schemas_in_place(self, schema: Schema) -> list[dict[str, Any]]:
        """Every schema that looks at the same value, through any applicator and in any polarity."""
        reached: dict[int, dict[str, Any]] = {}
        pending = [schema]
        while pending:
            node = pending.pop()
            if isinstance(node, bool) or id(node) in reached:
                continue
            reached[id(node)] = node
            self.budget.steps -= 1
            for keyword, value in node.items():
                if keyword in ("allOf", "anyOf", "oneOf"):
                    pending.extend(reversed(value))
                elif keyword in ("not", "if", "then", "else"):
                    pending.append(value)
                elif keyword == "$ref":
                    pending.extend(found for found in [resolve_pointer(self.root, value)] if found is not None)
        return list(reached.values())


def is_bare(shape: Disjunct, kind: str) -> bool:
    """Say whether an `object` or `array` is only named and nothing is said of what is inside."""
    return not any(
        kind in kinds_of_keyword(keyword)
        and not (keyword in ("items", "additionalProperties") and accepts_anything(value))
        for part in shape.parts
        for keyword, value in part.items()
    )
