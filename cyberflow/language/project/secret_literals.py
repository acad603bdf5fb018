"""Which characters of a file are a literal where a secret belongs. It goes by keys and brackets alone, so that neither
a broken declaration nor a file that does not parse can make one visible; rules say what is wrong with it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from functools import lru_cache
from typing import Any

from cyberflow.language.document import outline_of
from cyberflow.language.project.target_settings import userinfo
from cyberflow.language.prompt.paths import PATH
from cyberflow.language.python.reading.document import PythonDocument
from cyberflow.language.yaml.document import YamlDocument
from cyberflow.late import dataclass, expression
from cyberflow.source import Route, Span

MASK = "•••"
_SOURCES = ("env", "file", "keyring", "exec", "timeout")
_WORDS = frozenset({"string", "number", "integer", "boolean", "object", "array", "any", "null", "true", "false"})
_VALUES = frozenset({"default", "const", "enum", "examples"})
_ABOUT = expression(
    r"title|description|format|pattern|required|uniqueItems|multipleOf|\$\w+|(min|max|exclusive)[A-Z]\w+|x-.*"
)
"""Keywords of a schema that hold neither a type nor a value."""
_TOKEN = expression(rf"<\$?{PATH}>")
_ALIKE = 0.8
_KEYS = {"apikey": "source", "secrets": "declared", "targets": "target", "steps": "step"}
_INSIDE = {"target": "sources", "step": "given"}
"""What `secrets` means below each of them: a mapping to sources, a mapping to what is handed on."""
_GUARDED = expression(r"""(?:^|[\s{,"'])(api[-_ ]?keys?|secrets?|passwords?)["']?\s*:""", re.IGNORECASE)
_SHORTEST = 3


class SecretLiterals:
    """Literal secrets of a project: where they are written, and their texts by path. A file is looked through when
    somebody asks for those in it.
    """

    def __init__(self, read: Iterable[object] = ()) -> None:
        documents = [one for one in read if isinstance(one, YamlDocument | PythonDocument)]
        self._documents: dict[str, YamlDocument | PythonDocument] = {one.path: one for one in documents}
        self._known: tuple[frozenset[str], frozenset[str]] | None = None

    @property
    def spans(self) -> tuple[Span, ...]:
        """Where all of them are written."""
        return self.spans_in(self._documents)

    def spans_in(self, paths: Iterable[str]) -> tuple[Span, ...]:
        """Where those of some files are written."""
        documents = (self._documents[path] for path in paths if path in self._documents)
        return tuple(one.lines.span(start, end) for one in documents for start, end, _ in self._find(one))

    def texts(self, path: str) -> tuple[str, ...]:
        """The literals of a file, and the parts of addresses that are one."""
        if (document := self._documents.get(path)) is None:
            return ()
        parts = (part for _, _, text in self._find(document) for part in (text, *userinfo(text).split(":")))
        return tuple(part for part in parts if len(part) >= _SHORTEST)

    def hide(self, text: str, paths: Collection[str]) -> str:
        """The text without the literals of these files."""
        for secret in sorted({one for path in paths for one in self.texts(path)}, key=len, reverse=True):
            if secret in text:
                text = re.sub(rf"(?<!\w){re.escape(secret)}(?!\w)", MASK, text)
        return text

    def _find(self, document: YamlDocument | PythonDocument) -> list[tuple[int, int, str]]:
        if isinstance(document, PythonDocument):
            return document.secrets
        if self._known is None:
            self._known = _known_names(self._documents.values())
        if document.literals is None or document.literals[0] != self._known:
            document.literals = self._known, list(_literal_ranges(document, *self._known))
        return document.literals[1]


def _known_names(documents: Iterable[YamlDocument | PythonDocument]) -> tuple[frozenset[str], frozenset[str]]:
    """The types of a project, and the secrets that its chains declare."""
    types: set[str] = set()
    names: set[str] = set()
    for one in documents:
        if one.outline is None and not isinstance(one.data, dict):
            continue
        outline = one.outline or outline_of(one.data, one.text)
        types.update(outline.sections.get("types") or ())
        names.update(outline.secrets)
    return frozenset(types), frozenset(names)


def type_literals(notation: Any, types: Collection[str], route: Route = ()) -> Iterator[Route]:
    """Where the declared type of a secret holds a text that is not a type, or a value of the secret itself."""
    if isinstance(notation, dict):
        for key, value in notation.items():
            if key in _VALUES:
                yield (*route, key)
            elif not _ABOUT.fullmatch(key) or key == "$defs":
                yield from type_literals(value, types, (*route, key))
    elif isinstance(notation, list):
        for index, value in enumerate(notation):
            yield from type_literals(value, types, (*route, index))
    elif notation is not None and not isinstance(notation, bool) and not _is_type(str(notation), types):
        yield route


def _is_type(word: str, types: Collection[str]) -> bool:
    word = re.sub(r"(\[\])+$", "", word)
    return word in _WORDS or word in types


def _literal_ranges(
    document: YamlDocument, types: Collection[str], names: Collection[str]
) -> Iterator[tuple[int, int, str]]:
    lowered = document.text.lower()
    if not any(word in lowered for word in ("secr", "api", "password", "@")):
        return
    root = document.node(())
    if root is None:
        yield from ((start, end, "") for start, end in _guess_secret_ranges(document.text))
        return
    walk = _SecretWalk(types, names, set())
    for node in walk.visit(root, "free"):
        start, end = node.start_mark.index, node.end_mark.index
        written = document.text[start:end].rstrip()
        if written:
            yield start, start + len(written), str(node.value).strip()


@dataclass
class _SecretWalk:
    """Down the nodes of a file; the state says what the keys above make of a value."""

    types: Collection[str]
    names: Collection[str]
    seen: set[tuple[int, str]]

    def visit(self, node: Any, state: str) -> Iterator[Any]:
        if (id(node), state) in self.seen:
            return
        self.seen.add((id(node), state))
        if isinstance(node.value, str):
            if self._is_literal(node.value, state):
                yield node
            return
        for entry in node.value:
            if not isinstance(entry, tuple):
                is_name = state == "declared" and isinstance(entry.value, str)
                yield from () if is_name else self.visit(entry, state)
                continue
            key, value = entry
            name = key.value if isinstance(key.value, str) else ""
            if state == "source" and value.value == "":
                yield key
            yield from self.visit(value, self._next_state(state, name))

    def _is_literal(self, value: str, state: str) -> bool:
        match state:
            case "literal" | "source" | "sources":
                return True
            case "address":
                return bool(userinfo(value))
            case "value":
                return not _TOKEN.fullmatch(value) and value.strip() not in self.names
            case "given" | "declared":
                return not _TOKEN.fullmatch(value)
            case "type":
                return not _is_type(value, self.types)
        return False

    def _next_state(self, state: str, key: str) -> str:
        match state:
            case "literal":
                return "literal"
            case "source":
                return "nothing" if key in _SOURCES else "literal"
            case "sources":
                return "source"
            case "given":
                return "value"
            case "value":
                return "nothing" if key == "$ref" else "value"
            case "declared":
                return "type"
            case "type":
                return (
                    "literal" if key in _VALUES else "nothing" if _ABOUT.fullmatch(key) and key != "$defs" else "type"
                )
            case "nothing":
                return "nothing"
            case "target" if key == "url":
                return "address"
        return _state_of_key(state, key)


@lru_cache(maxsize=4096)
def _state_of_key(state: str, key: str) -> str:
    """What a key makes of its value, near misses included; a key without meaning keeps the state."""
    from difflib import SequenceMatcher

    folded = key.casefold().replace("-", "").replace("_", "").replace(" ", "")
    for known, meant in _KEYS.items():
        if folded == known or SequenceMatcher(None, folded, known).ratio() >= _ALIKE:
            return _INSIDE.get(state, meant) if meant == "declared" else meant
    return state


def _guess_secret_ranges(text: str) -> Iterator[tuple[int, int]]:
    """In a file that does not parse: what follows such a key on its line, on deeper lines, and up to the end of its
    brackets.
    """
    offset, block, depth = 0, -1, 0
    for line in text.split("\n"):
        indent = len(line) - len(line.lstrip())
        if block >= 0 and line.strip() and indent <= block and depth <= 0:
            block, depth = -1, 0
        match = _GUARDED.search(line)
        start = match.end() if match else None
        if block >= 0 and start is None:
            start = indent
        if start is not None:
            shown = line[start:].strip()
            first = start + len(line[start:]) - len(line[start:].lstrip())
            if shown:
                yield offset + first, offset + first + len(shown)
            depth += sum(shown.count(mark) for mark in "[{") - sum(shown.count(mark) for mark in "]}")
            block = indent if match and block < 0 else block
        offset += len(line) + 1
