"""Where each character of a Python string stands in the source: prefixes, quotes, escapes, joined literals, and the
fields of f-strings. It reads source text; it evaluates nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from cyberflow.late import dataclass, expression

_OPENING = expression(r"""([A-Za-z]{0,2})('{3}|"{3}|'|")""")
_BETWEEN = expression(r"(?:\s|\\\n|#[^\n]*|[()])+")
_ESCAPE = expression(r"\\(?:\n|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|N\{[^}]*\}|[0-7]{1,3}|[\\'\"abfnrtv])")
_NESTING = {"(": ")", "[": "]", "{": "}"}


@dataclass(frozen=True, slots=True)
class CharacterSpan:
    """One character of the value, or one replacement field (`field`), and the interval of the source it stands for."""

    start: int
    end: int
    field: bool = False


def scan_string_literal(source: str, start: int, end: int) -> list[CharacterSpan] | None:
    """Read the string literal, or the joined ones, in an interval of the source; None when it is something else."""
    found: list[CharacterSpan] = []
    position = start
    while position < end:
        if between := _BETWEEN.match(source, position, end):
            position = between.end()
            continue
        opening = _OPENING.match(source, position, end)
        if opening is None:
            return None
        prefix, quote = opening[1].lower(), opening[2]
        position = opening.end()
        for letter in _scan_body(source, position, quote, prefix):
            found.append(letter)
            position = letter.end
        if not source.startswith(quote, position := _skip_line_joins(source, position, prefix)):
            return None
        position += len(quote)
    return found


def _skip_line_joins(source: str, position: int, prefix: str) -> int:
    """Go over line ends that a backslash hides just before the closing quote."""
    while "r" not in prefix and source.startswith("\\\n", position):
        position += 2
    return position


def _scan_body(source: str, position: int, quote: str, prefix: str) -> Iterator[CharacterSpan]:
    while position < len(source) and not source.startswith(quote, position):
        start, position = position, position + 1
        sign = source[start]
        if sign == "\\":
            if "r" in prefix:
                yield CharacterSpan(start, start + 1)
                if position < len(source):
                    yield CharacterSpan(position, position + 1)
                    position += 1
                continue
            escape = _ESCAPE.match(source, start)
            position = escape.end() if escape else position
            if escape and escape[0] == "\\\n":
                continue
        elif "f" in prefix and sign in "{}":
            if source.startswith(sign, position):
                position += 1
            elif sign == "{":
                position = _field_end(source, position)
                yield CharacterSpan(start, position, field=True)
                continue
        yield CharacterSpan(start, position)


def _field_end(source: str, position: int) -> int:
    """The end of a replacement field that was opened just before `position`."""
    waiting = ["}"]
    while position < len(source):
        sign = source[position]
        if sign == waiting[-1]:
            waiting.pop()
            if not waiting:
                return position + 1
        elif sign in _NESTING:
            waiting.append(_NESTING[sign])
        elif sign in "'\"":
            closing = source.find(sign, position + 1)
            position = closing if closing > 0 else position
        position += 1
    return position


@dataclass(frozen=True)
class StringOffsets:
    """For each character of a text, the interval of the source that it stands for."""

    intervals: tuple[tuple[int, int], ...]

    def range(self, start: int, end: int) -> tuple[int, int] | None:
        """The interval of the source for an interval of the text; None where the text is not in the source."""
        if not self.intervals:
            return None
        first = self.intervals[min(start, len(self.intervals) - 1)]
        last = self.intervals[min(max(start, end - 1), len(self.intervals) - 1)]
        return first[0], max(last[1], first[1])


def map_constant(source: str, start: int, end: int, value: str) -> StringOffsets | None:
    """The characters of a constant string with this value."""
    found = scan_string_literal(source, start, end)
    if found is None or len(found) != len(value) or any(letter.field for letter in found):
        return None
    return StringOffsets(tuple((letter.start, letter.end) for letter in found))


def map_fstring(source: str, start: int, end: int, parts: list[str | int]) -> StringOffsets | None:
    """The characters of an f-string whose value is `parts`: texts, and for each field the length of what it gave."""
    found = scan_string_literal(source, start, end)
    if found is None:
        return None
    made: list[tuple[int, int]] = []
    fields = iter([letter for letter in found if letter.field])
    texts = iter([letter for letter in found if not letter.field])
    for part in parts:
        for _ in range(1 if isinstance(part, int) else len(part)):
            letter = next(fields if isinstance(part, int) else texts, None)
            if letter is None:
                return None
            made += [(letter.start, letter.end)] * (part if isinstance(part, int) else 1)
    return StringOffsets(tuple(made)) if next(fields, None) is next(texts, None) else None


def dedent_docstring(text: str) -> tuple[str, list[int]]:
    """A docstring without its indentation, as `inspect.cleandoc` has it, and the offset of each character that stays.

    Tabs are left as they are.
    """
    lines = text.split("\n")
    rest = [line for line in lines[1:] if line.strip()]
    margin = min((len(line) - len(line.lstrip()) for line in rest), default=0)
    cuts = [len(lines[0]) - len(lines[0].lstrip()), *(min(margin, len(line)) for line in lines[1:])]
    kept = list(range(len(lines)))
    while kept and not lines[kept[-1]].strip():
        kept.pop()
    while kept and not lines[kept[0]].strip():
        kept.pop(0)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)
    offsets: list[int] = []
    for index in kept:
        offsets += range(starts[index] + cuts[index], starts[index] + len(lines[index]))
        offsets.append(starts[index] + len(lines[index]))
    offsets = offsets[:-1]
    return "\n".join(lines[index][cuts[index] :] for index in kept), offsets
