r"""The one engine for patterns: ECMA-262 with the `u` flag. Says whether a text is a pattern, whether another matches
it, and makes texts that match. What costs too much, or needs data of Unicode that is not here, is answered by None.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import field
from functools import lru_cache
from typing import Final

from cyberflow.late import dataclass
from cyberflow.schema.regex.automaton import Automaton
from cyberflow.schema.regex.backtrack import Backtracker
from cyberflow.schema.regex.parser import parse_pattern
from cyberflow.schema.regex.syntax import (
    Alternation,
    BackReference,
    Capture,
    CharSet,
    Concatenation,
    InvalidPattern,
    Look,
    OutOfReach,
    ParsedPattern,
    PatternNode,
    Repetition,
)
from cyberflow.schema.values import Ternary

MAX_SAMPLE: Final = 4000
SAMPLE_CHARS: Final = "xaA0 -_.:/@"


def pattern_problem(pattern: str) -> str | None:
    """Say why a text is not a pattern."""
    try:
        parse_pattern(pattern)
    except InvalidPattern as problem:
        return str(problem)
    except OutOfReach:
        return None
    return None


@lru_cache(maxsize=512)
def _compile(pattern: str) -> tuple[ParsedPattern, Automaton | None] | None:
    try:
        parsed = parse_pattern(pattern)
    except (InvalidPattern, OutOfReach):
        return None
    automaton = Automaton()
    try:
        automaton.start = automaton.add(parsed.root, 0)
    except (OutOfReach, RecursionError):
        return parsed, None
    return parsed, automaton


def automaton_of(pattern: str) -> Automaton | None:
    """Give the automaton of a pattern that has one."""
    compiled = _compile(pattern)
    return None if compiled is None else compiled[1]


@lru_cache(maxsize=4096)
def matches(pattern: str, text: str) -> Ternary:
    """Search `text` for `pattern` as the `pattern` keyword does: anchored only where it says so."""
    compiled = _compile(pattern)
    if compiled is None:
        return None
    parsed, automaton = compiled
    if automaton is not None:
        try:
            return automaton.search(text)
        except OutOfReach:
            pass
    try:
        return Backtracker(parsed, text).search()
    except OutOfReach:
        return None


def sample_texts(pattern: str, lengths: tuple[int, ...] = ()) -> list[str]:
    """Give a few texts that are built after the pattern, short ones first; `lengths` are tried as repeat counts."""
    compiled = _compile(pattern)
    if compiled is None:
        return []
    parsed = compiled[0]
    counts = dict.fromkeys((0, 1, *(length for length in lengths if 0 < length <= 200)))  # noqa: PLR2004
    made: list[str] = []
    for count, option in ((count, option) for count in counts for option in range(3)):
        with suppress(OutOfReach):
            text = _Sampler(parsed, count, option).text(parsed.root)
            looks = [(look.behind, _Sampler(parsed, 1, option).text(look.item)) for look in _looks(parsed.root)]
            ahead = "".join(seen for behind, seen in looks if not behind)
            before = "".join(seen for behind, seen in looks if behind)
            made += [before + text]
            made += [before + near for near in (ahead + text[len(ahead) :], ahead + text, text + ahead) if ahead]
    return [text for text in dict.fromkeys(made) if matches(pattern, text)]


def _looks(node: PatternNode) -> list[Look]:
    match node:
        case Look(_, _, False):
            return [node]
        case Concatenation(items) | Alternation(items):
            return [look for item in items for look in _looks(item)]
        case Capture(item) | Repetition(item):
            return _looks(item)
    return []


@dataclass(slots=True)
class _Sampler:
    """Builds one text: `count` times what may repeat, and the alternative `option`."""

    pattern: ParsedPattern
    count: int
    option: int
    held: dict[int, str] = field(default_factory=dict)

    def text(self, node: PatternNode) -> str:
        match node:
            case CharSet():
                return sample_char(node)
            case Concatenation(items):
                return "".join(map(self.text, items))
            case Alternation(options):
                return self.text(options[min(self.option, len(options) - 1)])
            case Capture(item, number):
                self.held[number] = self.text(item)
                return self.held[number]
            case BackReference(index):
                return self.held.get(self.pattern.references[index - 1], "")
            case Repetition(item, low, high):
                text = self.text(item)
                times = max(low, self.count if high is None else min(self.count, high))
                if low * len(text) > MAX_SAMPLE:
                    raise OutOfReach
                return text * min(times, MAX_SAMPLE // max(1, len(text)))
        return ""


@lru_cache(maxsize=512)
def sample_char(node: CharSet) -> str:
    """Give one plain character of a set."""
    chars = [*SAMPLE_CHARS, *(chr(low) for low, _ in node.ranges), *map(chr, range(33, 0x500))]
    try:
        return next((char for char in chars if char in node), "x")
    except OutOfReach:
        return "x"
