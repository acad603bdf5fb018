"""Matches a pattern by trying: for look-around and back references, which no automaton has. Its work is bounded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

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
    ParsedPattern,
    PatternNode,
    Repetition,
)

MAX_STEPS: Final = 60_000
Captures: TypeAlias = dict[int, tuple[int, int]]
Then: TypeAlias = Callable[[int, Captures], bool]


@dataclass(slots=True)
class Backtracker:
    """One search. `back`: what is looked at stands before the place, and is read from right to left."""

    pattern: ParsedPattern
    text: str
    steps: int = MAX_STEPS

    def search(self) -> bool:
        """Raises `OutOfReach` when the work is spent."""
        try:
            return any(
                self._match(self.pattern.root, at, {}, lambda _at, _held: True, back=False)
                for at in range(len(self.text) + 1)
            )
        except RecursionError:
            raise OutOfReach from None

    def _match(self, node: PatternNode, at: int, held: Captures, then: Then, *, back: bool) -> bool:
        self.steps -= 1
        if self.steps < 0:
            raise OutOfReach
        match node:
            case CharSet():
                place = at - 1 if back else at
                found = 0 <= place < len(self.text) and self.text[place] in node
                return found and then(place if back else at + 1, held)
            case Anchor():
                return node.holds(self.text, at) and then(at, held)
            case Concatenation(items):
                return self._sequence(items[::-1] if back else items, at, held, then, back=back)
            case Alternation(options):
                return any(self._match(option, at, held, then, back=back) for option in options)
            case Repetition():
                return self._repeat(node, at, held, then, 0, back=back)
            case Capture(item, number):
                return self._match(
                    item, at, held, lambda end, now: then(end, {**now, number: (min(at, end), max(at, end))}), back=back
                )
            case BackReference(index):
                return self._again(self.pattern.references[index - 1], at, held, then, back=back)
            case Look():
                return self._look(node, at, held, then)

    def _sequence(self, items: tuple[PatternNode, ...], at: int, held: Captures, then: Then, *, back: bool) -> bool:
        if not items:
            return then(at, held)
        rest = items[1:]
        return self._match(
            items[0], at, held, lambda end, now: self._sequence(rest, end, now, then, back=back), back=back
        )

    def _repeat(self, node: Repetition, at: int, held: Captures, then: Then, done: int, *, back: bool) -> bool:
        if isinstance(node.item, CharSet):
            return self._run(node, node.item, at, held, then, back=back)

        def again() -> bool:
            if node.high is not None and done >= node.high:
                return False
            return self._match(
                node.item,
                at,
                held,
                lambda end, now: (
                    (end != at or done < node.low) and self._repeat(node, end, now, then, done + 1, back=back)
                ),
                back=back,
            )

        if done < node.low:
            return again()
        return then(at, held) or again() if node.lazy else again() or then(at, held)

    def _run(self, node: Repetition, item: CharSet, at: int, held: Captures, then: Then, *, back: bool) -> bool:
        """Repeat one character: how often it stands there, and then every number that is allowed."""
        most = 0
        while (node.high is None or most < node.high) and (place := at - 1 - most if back else at + most) >= 0:
            self.steps -= 1
            if place >= len(self.text) or self.text[place] not in item:
                break
            most += 1
        counts = range(node.low, most + 1) if node.lazy else range(most, node.low - 1, -1)
        return any(then(at - count if back else at + count, held) for count in counts)

    def _again(self, number: int, at: int, held: Captures, then: Then, *, back: bool) -> bool:
        start, end = held.get(number, (0, 0))
        word = self.text[start:end]
        place = at - len(word) if back else at
        return place >= 0 and self.text.startswith(word, place) and then(place if back else at + len(word), held)

    def _look(self, node: Look, at: int, held: Captures, then: Then) -> bool:
        kept: list[Captures] = []

        def keep(_at: int, now: Captures) -> bool:
            kept.append(now)
            return True

        found = self._match(node.item, at, held, keep, back=node.behind)
        if node.negated:
            return not found and then(at, held)
        return found and then(at, kept[0])
