"""The budget of a template: steps and characters, paid before they are made, so that none runs for ever or fills the
memory. What a value costs is its size written out, where what is named twice counts twice.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from cyberflow.language.template.values import TemplateFailure
from cyberflow.late import expression

MAX_STEPS = 500_000
_MAX_CHARACTERS = 10_000_000
_MAX_BITS = 100_000
_CHARACTERS_PER_STEP = 50
_WIDENING = expression(
    r"(sync_)?(do_)?(ljust|rjust|center|zfill|expandtabs|replace|join|translate|indent|wordwrap|batch|slice|tojson)"
)
"""Functions and filters whose result can be as long as their arguments multiplied."""
_FORMATS = frozenset({"format", "format_map", "do_format"})
_WIDTH = expression(r"[0-9]{5}|%[^a-zA-Z%]*\*|:[^}]*\{")
_OPERATORS: Mapping[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "*": operator.mul,
    "**": operator.pow,
    "%": operator.mod,
}


class TemplateBudget:
    """What is left to the template that is rendered."""

    def __init__(self) -> None:
        self._left = MAX_STEPS

    def renew(self) -> None:
        """Begin the next template: what one spends, no other lacks."""
        self._left = MAX_STEPS

    def spend(self, steps: int) -> bool:
        """Pay for steps. Raises TemplateFailure when nothing is left."""
        self._left -= steps
        if self._left < 0:
            raise _over_budget()
        return True

    def pay(self, value: Any) -> Any:
        """Pay for a value, and give it back."""
        self.spend(1 + size(value) // _CHARACTERS_PER_STEP)
        return value

    def join(self, *values: Any) -> str:
        """Write values one behind the other, as `~` does."""
        return str(self.pay("".join(str(self.pay(value)) for value in values)))

    def operate(self, sign: str, left: Any, right: Any) -> Any:
        """Work out `+`, `*`, `**` or `%`."""
        numbers = isinstance(left, int) and isinstance(right, int)
        if sign == "**" and numbers and left.bit_length() * abs(right) > _MAX_BITS:
            raise _over_budget()
        if sign == "*":
            if numbers and left.bit_length() + right.bit_length() > _MAX_BITS:
                raise _over_budget()
            if not numbers and _multiplier(left) * _multiplier(right) > _MAX_CHARACTERS:
                raise _over_budget()
        if sign == "%" and isinstance(left, str):
            _check_format_width(left)
        self.pay(left), self.pay(right)
        return self.pay(_OPERATORS[sign](left, right))

    def pay_for_call(self, function: Callable[..., Any], given: Sequence[Any]) -> None:
        """Pay for a call of a method or a filter before it is made."""
        name = getattr(function, "__name__", "")
        owner = getattr(getattr(function, "__wrapped__", function), "__self__", None)
        values = [*(() if owner is None or not isinstance(owner, str | list | tuple | dict) else (owner,)), *given]
        for value in values:
            self.pay(value)
        if name in _FORMATS and values and isinstance(values[0], str):
            _check_format_width(values[0])
        if _WIDENING.fullmatch(name):
            product = 1
            for value in values:
                product *= max(1, _multiplier(value))
            if product > _MAX_CHARACTERS:
                raise _over_budget()


def size(value: Any) -> int:
    """How many characters and entries a value has when it is written out."""
    return _size(value, {})


def _size(value: Any, known: dict[int, int]) -> int:
    if isinstance(value, str | bytes | range):
        return len(value)
    if isinstance(value, int):
        return 1 + value.bit_length() // 3
    if not isinstance(value, Mapping | list | tuple):
        return 1
    if id(value) not in known:
        known[id(value)] = 1
        inner = [*value.keys(), *value.values()] if isinstance(value, Mapping) else value
        known[id(value)] = 1 + sum(_size(item, known) for item in inner)
    return known[id(value)]


def _multiplier(value: Any) -> int:
    """What an argument multiplies a result by."""
    return abs(value) if isinstance(value, int) else size(value)


def _check_format_width(text: str) -> None:
    if _WIDTH.search(text):
        raise TemplateFailure("this format makes a text that is too wide", "write a width below 10,000 into it")


def _over_budget() -> TemplateFailure:
    return TemplateFailure("the template makes too much", "loop over less, and repeat less")
