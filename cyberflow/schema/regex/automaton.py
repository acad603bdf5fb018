"""Matches ECMA patterns in linear time with an automaton, and makes texts that match. An irregular pattern answers
"cannot say", never a guess.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from cyberflow.schema.regex.parser import (
    Alternation,
    Anchor,
    CharSet,
    Concatenation,
    Irregular,
    PatternNode,
    Repetition,
    parse_pattern,
)
from cyberflow.schema.values import Ternary

MAX_STATES: Final = 3000
MAX_WORK: Final = 300_000
MAX_SAMPLE: Final = 4000
# Engines disagree whether `.` takes these line ends; `\n` is refused by all.
DISPUTED: Final = frozenset("\r\u2028\u2029")
SAMPLE_CHARS: Final = "xaA0 -_.:/@"


@dataclass(slots=True)
class _Automaton:
    """States with one labelled or several empty transitions; built back to front, so a state knows its successor."""

    labels: list[CharSet | Anchor | None] = field(default_factory=lambda: [None])
    following: list[tuple[int, ...]] = field(default_factory=lambda: [()])
    start: int = 0
    has_dot: bool = False

    def add_state(self, label: CharSet | Anchor | None, *following: int) -> int:
        if len(self.labels) >= MAX_STATES:
            raise Irregular
        self.labels.append(label)
        self.following.append(following)
        return len(self.labels) - 1

    def add(self, node: PatternNode, then: int) -> int:
        match node:
            case CharSet() | Anchor():
                self.has_dot |= isinstance(node, CharSet) and node.dot
                return self.add_state(node, then)
            case Concatenation(items):
                for item in reversed(items):
                    then = self.add(item, then)
                return then
            case Alternation(options):
                return self.add_state(None, *(self.add(option, then) for option in options))
            case Repetition(item, low, high):
                return self._repeat(item, low, high, then)

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

    def closure(self, states: set[int], text: str, at: int) -> set[int]:
        reached: set[int] = set()
        pending = list(states)
        while pending:
            state = pending.pop()
            if state in reached:
                continue
            reached.add(state)
            label = self.labels[state]
            if label is None or (isinstance(label, Anchor) and at == (len(text) if label.at_end else 0)):
                pending.extend(self.following[state])
        return reached

    def search(self, text: str) -> bool:
        states: set[int] = set()
        for at in range(len(text) + 1):
            states = self.closure(states | {self.start}, text, at)
            if 0 in states:
                return True
            if at < len(text):
                states = {self.following[s][0] for s in states if _accepts(self.labels[s], text[at])}
        return False


def _accepts(label: CharSet | Anchor | None, char: str) -> bool:
    return isinstance(label, CharSet) and char in label


@lru_cache(maxsize=512)
def _compile(pattern: str) -> tuple[PatternNode, _Automaton] | None:
    automaton = _Automaton()
    try:
        node = parse_pattern(pattern)
        automaton.start = automaton.add(node, 0)
    except Irregular:
        return None
    return node, automaton


def matches(pattern: str, text: str) -> Ternary:
    """Search `text` for `pattern` as the `pattern` keyword does: anchored only where it says so."""
    compiled = _compile(pattern)
    if compiled is None:
        return None
    automaton = compiled[1]
    if automaton.has_dot and not DISPUTED.isdisjoint(text):
        return None
    if (len(text) + 1) * len(automaton.labels) > MAX_WORK:
        return None
    return automaton.search(text)


def sample_texts(pattern: str, lengths: tuple[int, ...] = ()) -> list[str]:
    """Give a few texts that are built after the pattern, short ones first; `lengths` are tried as repeat counts."""
    compiled = _compile(pattern)
    if compiled is None:
        return []
    counts = dict.fromkeys((0, 1, *(length for length in lengths if 0 < length <= 200)))  # noqa: PLR2004
    texts = [_sample(compiled[0], count, option) for count in counts for option in range(3)]
    return [text for text in dict.fromkeys(texts) if matches(pattern, text)]


def _sample(node: PatternNode, count: int, option: int) -> str:
    match node:
        case CharSet():
            return next((char for char in SAMPLE_CHARS if char in node), chr(node.ranges[0][0]) if node.ranges else "x")
        case Anchor():
            return ""
        case Concatenation(items):
            return "".join(_sample(item, count, option) for item in items)
        case Alternation(options):
            return _sample(options[min(option, len(options) - 1)], count, option)
        case Repetition(item, low, high):
            text = _sample(item, count, option)
            times = max(low, count if high is None else min(count, high))
            return text * min(times, max(low, MAX_SAMPLE // max(1, len(text))))
