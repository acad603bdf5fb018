"""Matches a pattern in linear time with an automaton, where it has neither look-around nor back references."""

from __future__ import annotations

from dataclasses import field
from typing import Final

from cyberflow.late import dataclass
from cyberflow.schema.regex.syntax import (
    Alternation,
    Anchor,
    BackReference,
    Capture,
    CharSet,
    Concatenation,
    Look,
    OutOfReach,
    PatternNode,
    Repetition,
)

MAX_STATES: Final = 3000
MAX_WORK: Final = 300_000


@dataclass(slots=True)
class Automaton:
    """States with one labelled or several empty transitions; built back to front, so a state knows its successor."""

    labels: list[CharSet | Anchor | None] = field(default_factory=lambda: [None])
    following: list[tuple[int, ...]] = field(default_factory=lambda: [()])
    start: int = 0

    def add_state(self, label: CharSet | Anchor | None, *following: int) -> int:
        if len(self.labels) >= MAX_STATES:
            raise OutOfReach
        self.labels.append(label)
        self.following.append(following)
        return len(self.labels) - 1

    def add(self, node: PatternNode, then: int) -> int:
        """Raises `OutOfReach` for what no automaton can do."""
        match node:
            case CharSet() | Anchor():
                return self.add_state(node, then)
            case Concatenation(items):
                for item in reversed(items):
                    then = self.add(item, then)
                return then
            case Alternation(options):
                return self.add_state(None, *(self.add(option, then) for option in options))
            case Capture(item):
                return self.add(item, then)
            case Repetition(item, low, high):
                return self._repeat(item, low, high, then)
            case Look() | BackReference():
                raise OutOfReach

    def _repeat(self, item: PatternNode, low: int, high: int | None, then: int) -> int:
        if high is None:
            loop = self.add_state(None)
            self.following[loop] = (self.add(item, loop), then)
            then = loop
        else:
            after = then
            for _ in range(high - low):
                then = self.add_state(None, self.add(item, then), after)
        for _ in range(low):
            then = self.add(item, then)
        return then

    def _closure(self, states: set[int], text: str, at: int) -> set[int]:
        reached: set[int] = set()
        pending = list(states)
        while pending:
            state = pending.pop()
            if state in reached:
                continue
            reached.add(state)
            label = self.labels[state]
            if label is None or (isinstance(label, Anchor) and label.holds(text, at)):
                pending.extend(self.following[state])
        return reached

    def step(self, states: set[int], text: str) -> set[int]:
        """Go over the last character of a text, from the states before it."""
        at = len(text) - 1
        return {self.following[s][0] for s in self._closure(states, text, at) if self._accepts(s, text[at])}

    def reach(self, states: set[int]) -> set[int]:
        """Every state that empty transitions and anchors of any kind may lead to."""
        reached: set[int] = set()
        pending = list(states)
        while pending:
            state = pending.pop()
            if state not in reached:
                reached.add(state)
                pending.extend(() if isinstance(self.labels[state], CharSet) else self.following[state])
        return reached

    def search(self, text: str) -> bool:
        """Raises `OutOfReach` when the text is too long for it."""
        if (len(text) + 1) * len(self.labels) > MAX_WORK:
            raise OutOfReach
        states: set[int] = set()
        for at in range(len(text) + 1):
            states = self._closure(states | {self.start}, text, at)
            if 0 in states:
                return True
            if at < len(text):
                states = {self.following[state][0] for state in states if self._accepts(state, text[at])}
        return False

    def _accepts(self, state: int, char: str) -> bool:
        label = self.labels[state]
        return isinstance(label, CharSet) and char in label
