"""pydantic's form of the closed models: it says what is wrong with a body, and makes the JSON Schemas. It is loaded
where one of these is asked for, and takes what the models take.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from operator import or_
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    WithJsonSchema,
    create_model,
    model_validator,
)
from pydantic_core import PydanticCustomError

from cyberflow.language.closed_model import After, Before, ClosedModel, Length, Shape, TextOr, fields_of, once_each
from cyberflow.language.value_readers import Misfit

TEXT_TAG = "<text>"


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True, populate_by_name=False)

    @model_validator(mode="before")
    @classmethod
    def _close(cls, data: Any) -> Any:
        is_mapping = isinstance(data, dict)
        return {key: value for key, value in data.items() if not key.startswith("x-")} if is_mapping else data


@once_each
def pydantic_model(model: type[ClosedModel]) -> type[BaseModel]:
    """What pydantic knows of a closed model."""
    fields: dict[str, Any] = {}
    for name, one in fields_of(model).items():
        alias = one.key if one.key != name else None
        if one.is_required:
            made = Field(alias=alias)
        elif one.default in ({}, []) or isinstance(one.default, ClosedModel):
            made = Field(default_factory=one.make_default, alias=alias)
        else:
            made = Field(default=one.default, alias=alias)
        fields[name] = (_translate(one.annotation), made)

    def check(self: Any) -> Any:
        _refusing(model.check)(self)
        return self

    validators: dict[str, Any] = {"check": model_validator(mode="after")(check)}
    return create_model(model.__name__, __base__=_Closed, __doc__=model.__doc__, __validators__=validators, **fields)


def _refusing(convert: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The same, refusing in pydantic's way."""

    def convert_or_refuse(value: Any) -> Any:
        try:
            return convert(value)
        except Misfit as error:
            raise PydanticCustomError(error.kind, error.message, error.context) from None

    return convert_or_refuse


def _translate(annotation: Any) -> Any:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if isinstance(annotation, type) and issubclass(annotation, ClosedModel):
        return pydantic_model(annotation)
    if origin is Annotated:
        kind, *markers = arguments
        for one in markers:
            if isinstance(one, TextOr):
                text, mapping = map(_translate, get_args(kind))
                return _union(text, mapping, one)
        made = _translate(kind)
        for one in markers:
            made = Annotated[made, _translate_marker(one)]
        return made
    if origin in (Union, UnionType):
        return reduce(or_, map(_translate, arguments))
    if origin in (list, dict):
        return origin[tuple(map(_translate, arguments))]
    return annotation


def _translate_marker(marker: Any) -> Any:
    if isinstance(marker, Before):
        return BeforeValidator(_refusing(marker.convert))
    if isinstance(marker, After):
        return AfterValidator(_refusing(marker.convert))
    if isinstance(marker, Shape):
        return WithJsonSchema({"type": "string", marker.keyword: marker.value})
    if isinstance(marker, Length):
        return Field(min_length=marker.least or None, max_length=marker.most)
    raise TypeError(marker)


def _union(text: Any, mapping: type[BaseModel], form: TextOr) -> Any:
    def choose(value: Any) -> str | None:
        return TEXT_TAG if isinstance(value, str) else form.tag if isinstance(value, dict | mapping) else None

    return Annotated[
        Annotated[text, Tag(TEXT_TAG)] | Annotated[mapping, Tag(form.tag)],
        Discriminator(choose, custom_error_type="wrong-type", custom_error_message=form.message),
    ]
