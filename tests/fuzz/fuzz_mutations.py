"""How the fuzzer changes a project: its bytes, its lines, its tokens, and the nodes of its YAML. A function of the
random generator it is given, so that a seed names an input for ever.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random

import yaml

from cyberflow.compiler.rules import RULES
from tests.fuzz.fuzz_pieces import HOSTILE, MARKS, SCALARS, TEMPLATES

Project = dict[str, bytes]
"""Paths with `/` and contents."""
SUFFIXES = (".yaml", ".yml", ".md", ".html", ".txt", ".json", ".wire")
"""What is changed. Python modules are run, so a change of theirs can be a program that does anything at all."""
_SKIPPED = (".cyberflow", "dist", "__pycache__", "expected.txt", "README.md")
_LONG = 20_000


def load(folder: Path) -> Project:
    """Read a project's files, but for what cyberflow or a test put there."""
    paths = (path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink())
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in paths
        if not set(path.relative_to(folder).parts) & set(_SKIPPED)
    }


def mutate(project: Project, random: Random) -> Project:
    """The files of a project that change, with what they hold then: one to four changes, most in one file."""
    names = [name for name in project if name.endswith(SUFFIXES)]
    changed: Project = {}
    if not names:
        return changed
    name = random.choice(names)
    for _ in range(random.choice((1, 1, 2, 2, 3, 4))):
        if random.random() < 0.2:
            name = random.choice(names)
        data = changed.get(name, project[name])
        changed[name] = random.choice(_CHANGES)(data, random)
    return changed


def _cut_and_put(data: bytes, random: Random) -> bytes:
    start = random.randrange(len(data) + 1)
    cut = random.choice((0, 0, 1, 2, 5, 30, 400))
    return data[:start] + random.choice(MARKS) + data[start + cut :]


def _flip(data: bytes, random: Random) -> bytes:
    made = bytearray(data)
    for _ in range(random.choice((1, 1, 3, 10))):
        if made:
            made[random.randrange(len(made))] = random.randrange(256)
    return bytes(made)


def _lines(data: bytes, random: Random) -> bytes:
    lines = data.split(b"\n")
    one, other = random.randrange(len(lines)), random.randrange(len(lines))
    match random.randrange(6):
        case 0:
            lines[one], lines[other] = lines[other], lines[one]
        case 1:
            lines.insert(other, lines[one])
        case 2:
            del lines[one]
        case 3:
            lines[one] = random.choice((b" ", b"  ", b"\t", b"- ")) + lines[one]
        case 4:
            lines[one] = lines[one].lstrip()
        case _:
            lines[one : one + 1] = [lines[one]] * random.choice((2, 20, 300))
    return random.choice((b"\n", b"\n", b"\n", b"\r\n", b"\r")).join(lines)


def _long(data: bytes, random: Random) -> bytes:
    start = random.randrange(len(data) + 1)
    return data[:start] + random.choice(HOSTILE) * random.randrange(1, _LONG) + data[start:]


def _deep(data: bytes, random: Random) -> bytes:
    start, times = random.randrange(len(data) + 1), random.choice((50, 101, 300, 5000))
    before, after = random.choice(
        ((b"[", b"]"), (b"{a: ", b"}"), (b"- ", b""), (b"> ", b""), (b"? ", b""), (b"<b>", b"</b>"))
    )
    return data[:start] + before * times + b"x" + after * times + data[start:]


def _template(data: bytes, random: Random) -> bytes:
    start = random.randrange(len(data) + 1)
    return data[:start] + random.choice(TEMPLATES) + data[start:]


def _nodes(data: bytes, random: Random) -> bytes:
    """Change a node of the YAML, where the text still parses; else its bytes."""
    text = data.decode("utf-8", "replace")
    try:
        spans = sorted(set(_spans(yaml.compose(text, Loader=yaml.CSafeLoader), set())))
    except (yaml.YAMLError, RecursionError, ValueError):
        return _cut_and_put(data, random)
    if not spans:
        return data
    low, high = random.choice(spans)
    first, last = random.choice(spans)
    node, other = text[low:high], text[first:last]
    match random.randrange(7):
        case 0 | 1 | 2:
            text = text[:low] + random.choice(SCALARS) + text[high:]
        case 3:
            text = text[:low] + other + text[high:]
        case 4:
            text = text[:low] + text[high:]
        case 5 if high <= first:
            text = text[:low] + other + text[high:first] + node + text[last:]
        case _ if high <= first:
            text = text[:low] + "&a " + text[low:first] + random.choice(("*a", "{<<: *a}", "[*a, *a]")) + text[last:]
        case _:
            text = text[:low] + "&a " + random.choice(("*a", "[*a]", "{<<: *a, b: *a}", node)) + text[high:]
    return text.encode("utf-8", "replace")


def _spans(node: yaml.Node | None, seen: set[int]) -> list[tuple[int, int]]:
    if node is None or id(node) in seen:
        return []
    seen.add(id(node))
    found = [(node.start_mark.index, node.end_mark.index)]
    if not isinstance(node, yaml.ScalarNode):
        for entry in node.value:
            for one in entry if isinstance(entry, tuple) else (entry,):
                found += _spans(one, seen)
    return found


def _silenced(data: bytes, random: Random) -> bytes:
    """Silence every rule on some lines, so that what is broken is built all the same."""
    comment = f"# cyberflow: ignore[{', '.join(RULES)}] fuzz".encode()
    lines = data.split(b"\n")
    for _ in range(random.choice((1, 5, 20))):
        line = random.randrange(len(lines))
        lines.insert(line, b" " * (len(lines[line]) - len(lines[line].lstrip())) + comment)
    return b"\n".join(lines)


def _encoding(data: bytes, random: Random) -> bytes:
    text = data.decode("utf-8", "replace")
    return random.choice(
        (
            text.encode("utf-16"),
            text.encode("utf-8-sig"),
            text.replace("e", "\u0435").encode(),
            text.encode("latin-1", "replace"),
            data.replace(b" ", b"\xc2\xa0"),
            data.replace(b"\n", b"\xe2\x80\xa8"),
            data[: random.randrange(len(data) + 1)],
            b"",
        )
    )


_CHANGES: tuple[Callable[[bytes, Random], bytes], ...] = (
    *(_nodes,) * 8,
    *(_cut_and_put,) * 5,
    *(_lines,) * 3,
    *(_template,) * 2,
    *(_flip,) * 2,
    *(_silenced,) * 2,
    _long,
    _deep,
    _encoding,
)
