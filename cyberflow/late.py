"""Classes of data, and regular expressions, that cost next to nothing until they are used: a command imports hundreds
and uses few. `dataclass` is that of the standard library, but each method is made when it is first called.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from reprlib import recursive_repr
from types import MemberDescriptorType
from typing import TYPE_CHECKING, Any, cast

__all__ = ["cached_property", "dataclass", "expression"]
Kind = type[Any]
_MISSING, _FEW = dataclasses.MISSING, 4
_METHODS = ("search", "match", "fullmatch", "split", "findall", "finditer", "sub", "subn", "groups", "groupindex")

if TYPE_CHECKING:
    from dataclasses import dataclass  # type checkers know what it makes
    from functools import cached_property
else:

    class cached_property:  # noqa: N801 - as the standard library has it, which takes a lock for each before 3.12
        """What a function makes of an object, once for each."""

        def __init__(self, make: Callable[[Any], Any]) -> None:
            self.make = make
            self.__doc__ = make.__doc__

        def __set_name__(self, _owner: Kind, name: str) -> None:
            self.name = name

        def __get__(self, owner: Any, _kind: Kind | None = None) -> Any:
            if owner is None:
                return self
            made = owner.__dict__[self.name] = self.make(owner)
            return made

    def dataclass(kind: Kind | None = None, /, **options: bool) -> Any:
        """Make a class one of data, with the options of the standard library."""
        return _make(options)(kind) if kind is not None else _make(options)


def _make(options: dict[str, bool]) -> Callable[[Kind], Kind]:
    def make(kind: Kind) -> Kind:
        if options.keys() & {"order", "kw_only", "unsafe_hash"}:
            return dataclasses.dataclass(**options)(kind)
        kind.__doc__ = kind.__doc__ or kind.__name__
        own, frozen = {*kind.__dict__}, options.get("frozen", False)
        made = dataclasses.dataclass(kind, init=False, repr=False, eq=False, slots=options.get("slots", False))
        methods: dict[str, Any] = {"__init__": _init_of_few(made, _first_call(made, "__init__", _make_init, frozen))}
        if options.get("repr", True):
            methods["__repr__"] = _repr
        if options.get("eq", True):
            methods["__eq__"] = _first_call(made, "__eq__", _make_eq, frozen)
            methods["__hash__"] = _first_call(made, "__hash__", _make_hash, frozen) if frozen else None
        if frozen:
            methods |= {"__setattr__": _refuse, "__delattr__": _refuse}
            methods |= {"__getstate__": _get_state, "__setstate__": _set_state} if options.get("slots") else {}
        for name in methods.keys() - own:
            setattr(made, name, methods[name])
        return made

    return make


def _first_call(kind: Kind, name: str, make: Callable[[Kind, bool], Any], frozen: bool) -> Any:
    """A method that puts the one that `make` gives in its place."""

    def call(self: Any, *arguments: Any, **named: Any) -> Any:
        made = make(kind, frozen)
        made.__qualname__ = f"{kind.__qualname__}.{name}"
        setattr(kind, name, made)
        return made(self, *arguments, **named)

    return call


def _init_of_few(kind: Kind, make_one: Any) -> Any:
    """The constructor of a class until it is known that there are many of it: one that is compiled costs as much as
    dozens of these. `make_one` puts that in its place, and says what is wrong with arguments.
    """
    fields = dataclasses.fields(kind)
    names = [one.name for one in fields if one.init]
    post_init = getattr(kind, "__post_init__", None)
    left = _FEW

    def __init__(self: Any, *arguments: Any, **named: Any) -> None:  # noqa: N807 - as the standard library has it
        nonlocal left
        left -= 1
        given = dict(zip(names, arguments, strict=False)) | named
        sure = len(given) == len(arguments) + len(named) and given.keys() <= {*names}
        if left < 0 or not sure or any(one.name not in given and _lacks_default(one) for one in fields):
            make_one(self, *arguments, **named)
            return
        for one in fields:
            if one.name in given:
                object.__setattr__(self, one.name, given[one.name])
            elif one.default_factory is not _MISSING:
                object.__setattr__(self, one.name, one.default_factory())
            elif one.init:
                object.__setattr__(self, one.name, one.default)
        if post_init is not None:
            self.__post_init__()

    __init__.__qualname__ = f"{kind.__qualname__}.__init__"
    return __init__


def _lacks_default(one: dataclasses.Field[Any]) -> bool:
    return one.init and one.default is _MISSING and one.default_factory is _MISSING


def _make_init(kind: Kind, frozen: bool) -> Any:
    """The constructor, which sets each field as the standard library does."""
    scope: dict[str, Any] = {"_missing": _MISSING, "_set": object.__setattr__}
    parameters, body = ["self"], []
    for one in dataclasses.fields(kind):
        value = one.name
        if one.default_factory is not _MISSING:
            scope[f"_make_{one.name}"] = one.default_factory
            made = f"_make_{one.name}()"
            value = f"{made} if {one.name} is _missing else {one.name}" if one.init else made
            parameters += [f"{one.name}=_missing"] * one.init
        elif one.default is not _MISSING:
            scope[f"_default_{one.name}"] = one.default
            parameters += [f"{one.name}=_default_{one.name}"] * one.init
        else:
            parameters += [one.name] * one.init
        if one.init or one.default_factory is not _MISSING:
            body.append(_assign(kind, one.name, value, scope) if frozen else f"self.{one.name} = {value}")
    if hasattr(kind, "__post_init__"):
        body.append("self.__post_init__()")
    return _compile("__init__", parameters, body or ["pass"], scope)


def _assign(kind: Kind, name: str, value: str, scope: dict[str, Any]) -> str:
    """The line that sets a field of a frozen class: by the descriptor of its slot, which is by far the fastest."""
    slot = getattr(kind, name, None)
    if not isinstance(slot, MemberDescriptorType):
        return f"_set(self, {name!r}, {value})"
    scope[f"_set_{name}"] = slot.__set__
    return f"_set_{name}(self, {value})"


def _make_eq(kind: Kind, _frozen: bool) -> Any:
    names = [one.name for one in dataclasses.fields(kind) if one.compare]
    mine, theirs = (f"({''.join(f'{owner}.{name},' for name in names)})" for owner in ("self", "other"))
    body = ["if other.__class__ is not self.__class__:", "    return NotImplemented", f"return {mine} == {theirs}"]
    return _compile("__eq__", ["self", "other"], body, {})


def _make_hash(kind: Kind, _frozen: bool) -> Any:
    hashed = (one for one in dataclasses.fields(kind) if (one.compare if one.hash is None else one.hash))
    return _compile("__hash__", ["self"], [f"return hash(({''.join(f'self.{one.name},' for one in hashed)}))"], {})


def _compile(name: str, parameters: list[str], body: list[str], scope: dict[str, Any]) -> Any:
    lines = "\n".join(f"    {line}" for line in body)
    exec(f"def {name}({', '.join(parameters)}):\n{lines}", scope)  # noqa: S102 - of the names of our own fields
    return scope[name]


@recursive_repr()
def _repr(self: Any) -> str:
    shown = (f"{one.name}={getattr(self, one.name)!r}" for one in dataclasses.fields(self) if one.repr)
    return f"{type(self).__qualname__}({', '.join(shown)})"


def _refuse(self: Any, name: str, *_value: Any) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r} of {type(self).__name__}")


def _get_state(self: Any) -> list[Any]:
    return [getattr(self, one.name) for one in dataclasses.fields(self)]


def _set_state(self: Any, state: list[Any]) -> None:
    for one, value in zip(dataclasses.fields(self), state, strict=True):
        object.__setattr__(self, one.name, value)


class _LateExpression:
    __slots__ = ("flags", "pattern", *_METHODS)

    def __init__(self, pattern: str, flags: int) -> None:
        self.pattern = pattern
        self.flags = flags

    def __getattr__(self, name: str) -> Any:
        if name not in _METHODS:
            raise AttributeError(name)
        made = re.compile(self.pattern, self.flags)
        for one in _METHODS:
            setattr(self, one, getattr(made, one))
        return getattr(made, name)


def expression(pattern: str, flags: int = 0) -> re.Pattern[str]:
    """What `re.compile` gives, but for the time: a mistake in it shows when it is first used."""
    return cast("re.Pattern[str]", _LateExpression(pattern, flags))
