"""Searches texts that match several patterns at once, the shortest first, along their automata."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

from cyberflow.schema.regex.automaton import Automaton
from cyberflow.schema.regex.pattern import SAMPLE_CHARS, automaton_of, matches, sample_char
from cyberflow.schema.regex.syntax import CharSet

MAX_TEXTS: Final = 4000
VISITS: Final = 6
States: TypeAlias = tuple[frozenset[int], ...]


def find_texts(patterns: Sequence[str], low: int = 0, high: int = 200) -> Iterator[str]:
    """Give texts of a length between two bounds; none where a pattern has no automaton, or the search gets too long."""
    automata = [automaton for automaton in map(automaton_of, patterns) if automaton is not None]
    if len(automata) < len(patterns):
        return
    pending: deque[tuple[str, States]] = deque([("", tuple(frozenset[int]() for _ in automata))])
    visits: Counter[tuple[States, int]] = Counter()
    for _ in range(MAX_TEXTS):
        if not pending:
            return
        text, states = pending.popleft()
        if len(text) >= low and all(matches(pattern, text) for pattern in patterns):
            yield text
        if len(text) >= high:
            continue
        for char in _chars(automata, states):
            after = tuple(
                frozenset(automaton.step({*each, automaton.start}, text + char))
                for automaton, each in zip(automata, states, strict=True)
            )
            key = (after, min(len(text), low))
            visits[key] += 1
            if visits[key] <= VISITS:
                pending.append((text + char, after))


def _chars(automata: Sequence[Automaton], states: States) -> list[str]:
    """Characters worth trying next: some of each set that any state can go on with."""
    chars: dict[str, None] = {}
    for automaton, each in zip(automata, states, strict=True):
        for state in automaton.reach({*each, automaton.start}):
            label = automaton.labels[state]
            if isinstance(label, CharSet):
                chars |= dict.fromkeys([sample_char(label), *(chr(low) for low, _ in label.ranges[:3])])
                chars |= dict.fromkeys(char for char in SAMPLE_CHARS if char in label)
    return list(chars)[:24]
