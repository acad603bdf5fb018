"""Answers of queries over a graph or one of its nodes, which never change: many rules ask, and each is found once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

O = TypeVar("O")  # noqa: E741 - the owner
P = ParamSpec("P")
T = TypeVar("T")


def keep_answer(query: Callable[Concatenate[O, P], T]) -> Callable[Concatenate[O, P], T]:
    """Have a query keep its answer with what it is asked of. Further arguments are words such as `input`."""
    name = f"{query.__module__}.{query.__name__}"

    def answer(owner: O, /, *words: P.args, **named: P.kwargs) -> T:
        key = " ".join((name, *map(str, words))) if words else name
        kept = vars(owner)
        if key not in kept:
            kept[key] = query(owner, *words, **named)
        made: T = kept[key]
        return made

    return answer
