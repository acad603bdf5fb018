"""`typing.TypedDict` on Python 3.11: pydantic takes the one of `typing_extensions` there, which is made of it here."""

from __future__ import annotations

import sys
from functools import reduce
from operator import or_
from types import UnionType
from typing import Annotated, Any, NotRequired, Required, Union, get_args, get_origin, get_type_hints, is_typeddict

import typing_extensions

_KEPT = (Annotated, Required, NotRequired)


def make_portable(annotation: Any) -> Any:
    """Give an annotation whose TypedDicts pydantic reads."""
    if sys.version_info >= (3, 12):
        return annotation
    if is_typeddict(annotation):
        return _rewrite(annotation) if type(annotation).__module__ == "typing" else annotation
    origin: Any = get_origin(annotation)
    arguments = get_args(annotation)
    if origin in (Union, UnionType):
        return reduce(or_, map(make_portable, arguments))
    if origin in _KEPT:
        inner = (make_portable(arguments[0]), *arguments[1:])
        return origin[inner if len(inner) > 1 else inner[0]]
    if arguments and any(make_portable(one) is not one for one in arguments):
        return origin[tuple(make_portable(one) for one in arguments)]
    return annotation


def _rewrite(owner: Any) -> Any:
    fields = {}
    for name, written in get_type_hints(owner, include_extras=True).items():
        plain = make_portable(written)
        said = get_origin(written) in (Required, NotRequired)
        fields[name] = plain if said or name in owner.__required_keys__ else NotRequired[plain]
    return typing_extensions.TypedDict(owner.__name__, fields)  # type: ignore[operator]
