"""Classes of data and expressions: what is made when it is first called is what the standard library makes at once."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import re
from collections.abc import Callable
from dataclasses import field
from functools import cached_property
from typing import Any

import pytest

from cyberflow.late import dataclass, expression


def make_classes(kind: Callable[..., Any], **options: bool) -> list[type[Any]]:
    @kind(**options)
    class Point:
        x: int
        y: int = 2
        held: list[int] = field(default_factory=list, compare=False)
        secret: str = field(default="s", repr=False)

    @kind(**options)
    class Deep(Point):
        z: tuple[int, ...] = ()

    @kind(**options)
    class Empty:
        """It holds nothing."""

    return [Point, Deep, Empty]


@pytest.mark.parametrize(
    "options",
    [
        *({}, {"frozen": True}, {"frozen": True, "slots": True}, {"slots": True}),
        *({"eq": False}, {"repr": False}, {"order": True, "frozen": True}),
    ],
)
def test_they_are_what_the_standard_library_makes(options: dict[str, bool]) -> None:
    pairs = zip(make_classes(dataclass, **options), make_classes(dataclasses.dataclass, **options), strict=True)
    for mine, theirs in pairs:
        asked: list[tuple[tuple[Any, ...], dict[str, Any]]] = [((), {}), ((1,), {}), ((1, 5), {"secret": "t"})]
        asked += [((1,), {"held": [4]}), ((1,), {"z": (3,)}), ((), {"x": 1, "nothing": 2}), ((1, 2, [], "", (), 9), {})]
        for arguments, named in asked:
            outcomes = [describe(one, arguments, named, options) for one in (mine, theirs)]
            assert outcomes[0] == outcomes[1], (mine, arguments, named)


def describe(kind: type[Any], arguments: tuple[Any, ...], named: dict[str, Any], options: dict[str, bool]) -> Any:
    try:
        made, again = kind(*arguments, **named), kind(*arguments, **named)
    except TypeError:
        return "refused"
    said: list[Any] = [dataclasses.asdict(made), made == again, made != again, made == 1, [*kind.__match_args__]]
    said += [repr(made)] if options.get("repr", True) else []
    said += [dataclasses.asdict(copy.deepcopy(made)), hasattr(made, "__dict__")]
    try:
        said.append(hash(made) == hash(again))
    except TypeError:
        said.append("no hash")
    try:
        made.x = 7
        said.append(dataclasses.asdict(made))
    except (AttributeError, TypeError):  # the standard library trips over a frozen class with slots and a strange name
        said.append("frozen")
    return said


@dataclass(frozen=True)
class Text:
    value: str
    length: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "length", len(self.value))

    @cached_property
    def upper(self) -> str:
        return self.value.upper()


@dataclass(frozen=True, slots=True)
class Narrow:
    value: str


def test_what_is_worked_out_afterwards_is_kept() -> None:
    text = Text("abc")
    assert (text.length, text.upper, dataclasses.replace(Narrow("a"), value="b")) == (3, "ABC", Narrow("b"))
    assert pickle.loads(pickle.dumps(Narrow("a"))) == Narrow("a")
    assert [one.name for one in dataclasses.fields(Text)] == ["value", "length"]


def test_an_expression_answers_as_a_compiled_one() -> None:
    late = expression(r"(?P<word>a+)b?", re.IGNORECASE)
    made = re.compile(late.pattern, late.flags)
    assert late.sub("-", "xAAby") == made.sub("-", "xAAby") == "x-y"
    assert late.findall("ab AA") == made.findall("ab AA")
    assert late.groupindex == made.groupindex
    with pytest.raises(re.error):
        expression("(").search("")
    with pytest.raises(AttributeError):
        _ = late.unheard_of  # type: ignore[attr-defined]
