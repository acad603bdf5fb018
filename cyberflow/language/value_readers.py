"""Readers of plain values for closed models: each gives what it takes, and raises Misfit for everything else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Reader = Callable[[Any], Any]


class Misfit(Exception):
    """A value that its model does not take: `kind` is a rule or a word for it, `message` goes on after a name."""

    def __init__(self, kind: str = "wrong-type", message: str = "", context: dict[str, Any] | None = None) -> None:
        super().__init__(kind, message)
        self.kind = kind
        self.message = message
        self.context = context


def optional_reader(read: Reader | None) -> Reader | None:
    """The same, for a value that may be missing."""
    return read and (lambda value: None if value is None else read(value))


def list_reader(read: Reader | None) -> Reader:
    """Reads a list, each item by a reader."""

    def read_list(value: Any) -> Any:
        if not isinstance(value, list):
            raise Misfit
        return [*value] if read is None else [read(item) for item in value]

    return read_list


def dict_reader(read_key: Reader, read: Reader | None) -> Reader:
    """Reads a mapping with texts for keys, each value by a reader."""

    def read_dict(value: Any) -> Any:
        if not isinstance(value, dict):
            raise Misfit
        for key in value:
            read_key(key)
        return {**value} if read is None else {key: read(item) for key, item in value.items()}

    return read_dict


def choice_reader(choices: frozenset[Any]) -> Reader:
    """Takes one of some texts."""

    def read_choice(value: Any) -> Any:
        if not isinstance(value, str) or value not in choices:
            raise Misfit
        return value

    return read_choice


def length_reader(least: int, most: int | None) -> Reader:
    """Takes what is not too short and not too long."""

    def read_length(value: Any) -> Any:
        if len(value) < least or (most is not None and len(value) > most):
            raise Misfit
        if isinstance(value, str) and not value.isascii() and value != value.encode(errors="ignore").decode():
            raise Misfit  # half an emoji has no length, says pydantic
        return value

    return read_length


def read_text(value: Any) -> Any:
    """Takes text."""
    if not isinstance(value, str):
        raise Misfit
    return value


def read_bool(value: Any) -> Any:
    """Takes true and false."""
    if not isinstance(value, bool):
        raise Misfit
    return value


def read_int(value: Any) -> Any:
    """Takes a whole number."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise Misfit
    return value
