"""Closed models: what people write as frozen data. A class is the one table of its keys: a body is read by it here, and
`pydantic_model` makes of it what says why a body does not fit, and the JSON Schemas.
"""

from __future__ import annotations

from collections.abc import Callable
from types import UnionType
from typing import (
    Annotated,
    Any,
    ClassVar,
    Literal,
    NamedTuple,
    Self,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from cyberflow.language.value_readers import (
    Misfit,
    Reader,
    choice_reader,
    dict_reader,
    length_reader,
    list_reader,
    optional_reader,
    read_bool,
    read_int,
    read_text,
)

T = TypeVar("T")
_REQUIRED = object()


def once_each(make: Callable[[type[ClosedModel]], T]) -> Callable[[type[ClosedModel]], T]:
    """What is made of each model, once."""
    made: dict[type[ClosedModel], T] = {}

    def find(model: type[ClosedModel]) -> T:
        if model not in made:
            made[model] = make(model)
        return made[model]

    return find


class Before(NamedTuple):
    """Changes or refuses a value before it is read."""

    convert: Reader


class After(NamedTuple):
    """Changes or refuses a value that was read."""

    convert: Reader


class Shape(NamedTuple):
    """The keyword of JSON Schema that says more of a text than its type."""

    keyword: str
    value: str


class Length(NamedTuple):
    """How long a text or a list may be."""

    least: int = 0
    most: int | None = None


class TextOr(NamedTuple):
    """Of two forms, the first is written as text and the second as a mapping, which has a tag in pydantic's words."""

    tag: str
    message: str


class ModelField(NamedTuple):
    """One key: its annotation, what it is called in the file, and what stands for it when it is left out."""

    annotation: Any
    key: str
    default: Any = _REQUIRED

    @property
    def is_required(self) -> bool:
        return self.default is _REQUIRED

    def make_default(self) -> Any:
        return self.default.copy() if isinstance(self.default, dict | list) else self.default


class ReadingPlan(NamedTuple):
    """How a model is read: the attribute and reader of each key, what must be there, and what stands for the rest."""

    readers: dict[str, tuple[str, Reader | None]]
    required: frozenset[str]
    constants: dict[str, Any]
    made: tuple[tuple[str, Callable[[], Any]], ...]


def default(value: T) -> T:
    """What stands for a key that is left out: each model has one of its own."""
    return value


class ClosedModel:
    """Unknown keys are errors; keys that begin with `x-` are free. No value is made another type's."""

    model_fields_set: frozenset[str]
    aliases: ClassVar[dict[str, str]] = {}
    """The key of each attribute that is not called as it."""

    def __init__(self, **values: Any) -> None:
        self._fill(plan_of(type(self)), values)

    def _fill(self, plan: ReadingPlan, values: dict[str, Any]) -> Self:
        if missing := plan.required - values.keys():
            raise Misfit("missing", f"has no {', '.join(sorted(missing))}")
        own = self.__dict__
        own.update(plan.constants)
        for name, make in plan.made:
            if name not in values:
                own[name] = make()
        own.update(values)
        own["model_fields_set"] = frozenset(values)
        self.check()
        return self

    def check(self) -> None:
        """Raise Misfit for values that do not go together."""

    @classmethod
    def read(cls, data: Any) -> Self:
        """The model of plain data. Raises Misfit, of which `pydantic_model` knows more."""
        if isinstance(data, cls):
            return data
        if not isinstance(data, dict):
            raise Misfit
        plan, values = plan_of(cls), {}
        readers = plan.readers
        for key, value in data.items():
            known = readers.get(key)
            if known is None:
                if not key.startswith("x-"):
                    raise Misfit
                continue
            name, read = known
            values[name] = value if read is None else read(value)
        return cls.__new__(cls)._fill(plan, values)  # noqa: SLF001 - what is made is of this class

    def model_dump(self, *, exclude_unset: bool = False, exclude_none: bool = False) -> dict[str, Any]:
        """The model as plain data, by its attributes."""
        values = ((name, self.__dict__[name]) for name in fields_of(type(self)))
        return {
            name: _dump(value, exclude_unset, exclude_none)
            for name, value in values
            if not (exclude_unset and name not in self.model_fields_set) and not (exclude_none and value is None)
        }

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"{type(self).__name__} is frozen: `{name}` stays what it is")

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self.model_dump() == other.model_dump()

    def __hash__(self) -> int:
        return hash(repr(self))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{key}={value!r}' for key, value in self.model_dump().items())})"


def _dump(value: Any, exclude_unset: bool, exclude_none: bool) -> Any:
    if isinstance(value, ClosedModel):
        return value.model_dump(exclude_unset=exclude_unset, exclude_none=exclude_none)
    if isinstance(value, list):
        return [_dump(item, exclude_unset, exclude_none) for item in value]
    if isinstance(value, dict):
        kept = (item for item in value.items() if not (exclude_none and item[1] is None))
        return {key: _dump(item, exclude_unset, exclude_none) for key, item in kept}
    return value


@once_each
def fields_of(model: type[ClosedModel]) -> dict[str, ModelField]:
    """The fields of a model by attribute, in order."""
    hints = get_type_hints(model, include_extras=True)
    names = [name for name in hints if name not in ("model_fields_set", "aliases")]
    return {
        name: ModelField(hints[name], model.aliases.get(name, name), getattr(model, name, _REQUIRED)) for name in names
    }


@once_each
def plan_of(model: type[ClosedModel]) -> ReadingPlan:
    """How a model is read."""
    fields = fields_of(model)
    optional = {name: one for name, one in fields.items() if not one.is_required}
    made = {name: one.default.copy for name, one in optional.items() if isinstance(one.default, dict | list)}
    return ReadingPlan(
        {one.key: (name, reader_of(one.annotation)) for name, one in fields.items()},
        frozenset(name for name, one in fields.items() if one.is_required),
        {name: one.default for name, one in optional.items() if name not in made},
        tuple(made.items()),
    )


def reader_of(annotation: Any) -> Reader | None:
    """What reads a value of a type, and raises Misfit for any other; None where every value will do."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if annotation is Any:
        return None
    if origin is Annotated:
        return _annotated_reader(arguments[0], arguments[1:])
    if origin in (Union, UnionType):
        (kind,) = (arm for arm in arguments if arm is not type(None))
        return optional_reader(reader_of(kind))
    if origin is list:
        return list_reader(reader_of(arguments[0]))
    if origin is dict:
        return dict_reader(reader_of(arguments[0]) or read_text, reader_of(arguments[1]))
    if origin is Literal:
        return choice_reader(frozenset(arguments))
    if isinstance(annotation, type) and issubclass(annotation, ClosedModel):
        return annotation.read
    return {str: read_text, bool: read_bool, int: read_int}[annotation]


def _annotated_reader(kind: Any, markers: tuple[Any, ...]) -> Reader | None:
    form = next((one for one in markers if isinstance(one, TextOr)), None)
    if form is not None:
        text, mapping = (reader_of(arm) for arm in get_args(kind))
        return lambda value: (text if isinstance(value, str) else mapping)(value)  # type: ignore[misc]
    steps = [one.convert for one in markers if isinstance(one, Before)]
    steps += [read] if (read := reader_of(kind)) is not None else []
    steps += [length_reader(one.least, one.most) for one in markers if isinstance(one, Length)]
    steps += [one.convert for one in markers if isinstance(one, After)]

    def read_all(value: Any) -> Any:
        for step in steps:
            value = step(value)
        return value

    return steps[0] if len(steps) == 1 else read_all
