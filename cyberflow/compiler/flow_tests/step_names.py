"""Names of steps in tests and simulations: `file`, one item of it `file[INV-7]`, and inside what a step runs
`ward[A]/file[INV-7]`. A name stands for every entry whose id ends so; a step without a key stands for all its items.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import TypeVar

from cyberflow.diagnostics import did_you_mean
from cyberflow.late import expression

Segment = tuple[str, str | None]
"""A step and the key of its item, None for all of them."""
T = TypeVar("T")
_SEGMENT = expression(r"([^\[\]/]+)(?:\[((?s:.*?))\])?(?:/(?=[A-Za-z_])|\Z)")


def parse_step_name(name: str) -> tuple[Segment, ...]:
    """The steps of a name from the outermost on; none for what is not such a name."""
    found: list[Segment] = []
    at = 0
    while at < len(name):
        match = _SEGMENT.match(name, at)
        if match is None:
            return ()
        found.append((match[1], match[2]))
        at = match.end()
    return tuple(found)


def stands_for(written: tuple[Segment, ...], id: tuple[Segment, ...]) -> bool:
    """Whether a name as it is written means an entry."""
    ending = id[len(id) - len(written) :] if 0 < len(written) <= len(id) else ()
    pairs = zip(written, ending, strict=False)
    return bool(ending) and all(step == own and key in (None, own_key) for (step, key), (own, own_key) in pairs)


def best_name(names: Iterable[str], id: str) -> str | None:
    """The name that says most of an entry: the one with most keys, then the longest."""
    entry = parse_step_name(id)
    found = [(parse_step_name(name), name) for name in names]
    fitting = [
        (sum(key is not None for _, key in steps), len(steps), name)
        for steps, name in found
        if stands_for(steps, entry)
    ]
    return max(fitting)[-1] if fitting else None


def find_by_name(name: str, known: Mapping[str, T]) -> T | None:
    """What is known of a step: `known` holds steps by their ids, and those inside others as `OUTER/INNER`."""
    steps = [step for step, _ in parse_step_name(name)]
    pairs = [f"{outer}/{inner}" for outer, inner in pairwise(steps)]
    if name in known or not steps:
        return known.get(name)
    return known.get((pairs or steps)[-1]) if all(one in known for one in (*steps[:1], *pairs)) else None


def explain_unknown(name: str, known: Iterable[str]) -> tuple[str, tuple[str, ...], str | None]:
    """The part of a name that is not known, what there is in its place, and the help that says so."""
    names = set(known)
    top = tuple(one for one in names if "/" not in one)
    steps = [step for step, _ in parse_step_name(name)] or [name]
    if steps[0] not in names:
        return steps[0], top, did_you_mean(steps[0], top)
    for outer, inner in pairwise(steps):
        if f"{outer}/{inner}" not in names:
            inside = tuple(one.removeprefix(f"{outer}/") for one in names if one.startswith(f"{outer}/"))
            return inner, inside, did_you_mean(inner, inside) or f"`{outer}` runs nothing that has steps"
    return name, top, did_you_mean(name, top)
