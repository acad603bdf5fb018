"""YAML text to plain data whose every route knows its span: 1.2 scalars, duplicate keys, anchors, merge keys.
With `composing`, the one room that knows yaml. It knows nothing of workflows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from cyberflow.diagnostics import Diagnostic, replace_text
from cyberflow.language.characters import describe_character
from cyberflow.language.document import DeclarationDocument, DocumentOutline, outline_of
from cyberflow.language.merge_conflict import find_conflict
from cyberflow.language.yaml.bounds import YamlTooLarge
from cyberflow.language.yaml.build_data import JSON_SUFFIX, DataBuilder, InvisibleSeparator
from cyberflow.language.yaml.compose import compose
from cyberflow.language.yaml.plain_data import Unusual, read_plain
from cyberflow.language.yaml.scalars import properties_width, source_offsets, source_width
from cyberflow.late import expression
from cyberflow.source import Place, Route, Span

_SAID = frozenset({"text", "data", "problems", "broken", "_root"})
_ALIAS = expression(r"\*[^\s,\[\]{}]+")


class YamlDocument(DeclarationDocument):
    """One YAML file, which finds the span of each route among the parser's nodes. It is parsed when what it says is
    first asked for, and a text that must be read is read then.
    """

    _root: Node | None

    def __init__(self, path: str, text: str | Callable[[], str], outline: DocumentOutline | None = None) -> None:
        self.path = path
        if isinstance(text, str):
            self.text = text
        else:
            self._read_text = text
        self._outline = outline
        self.literals: tuple[Any, list[tuple[int, int, str]]] | None = None
        self._renamed: dict[Route, str | int] = {}
        self._offsets: dict[int, tuple[str, list[int]]] = {}
        self._members: dict[int, dict[str, tuple[Node, Node]]] = {}

    def __getattr__(self, name: str) -> Any:
        if name not in _SAID:
            raise AttributeError(name)
        if name == "text":
            self.text = self._read_text()
        elif name == "_root" and "data" in self.__dict__:
            self._root = compose(self.text)  # places are asked for, and its data was read without nodes
        elif not self._read_plain():
            self.data, self._root, self.problems, self.broken = None, None, [], set()
            self._parse()
        return getattr(self, name)

    @property
    def outline(self) -> DocumentOutline | None:
        """Its outline, which may be known without parsing it."""
        if self._outline is None and not self.problems and isinstance(self.data, dict):
            self._outline = outline_of(self.data, self.text)
        return self._outline

    @property
    def faults(self) -> list[Diagnostic]:
        return [] if self._outline is not None else self.problems

    @property
    def is_unread(self) -> bool:
        """Whether nobody has asked for its text."""
        return "text" not in self.__dict__

    @property
    def is_json(self) -> bool:
        return self.path.endswith(JSON_SUFFIX)

    def span(self, place: Place) -> Span:
        if place.range and not place.route:
            return self.lines.span(*place.range)
        node, key, alias = self._find(place.route)
        if node is None:
            return Span(self.path, 1, 1, 1, 2)
        of_key = place.part == "key" and key is not None
        part = key if of_key else node
        if place.range and isinstance(part, ScalarNode):
            return self.lines.span(*self.written_range(part, place.range))
        if key is not None and of_key:
            return self._node_span(key)
        return self.lines.span(*alias) if alias else self._node_span(node)

    def node(self, route: Route) -> Any:
        """The parser's own node at a route, for readers of what was written; None when the text does not parse."""
        return self._find(route)[0]

    def written_node(self, place: Place) -> Any:
        """The node of a key or value that is written out at its place; None for what an alias stands for."""
        node, key, alias, missing = self._walk(place.route)
        return None if missing or alias else key if place.part == "key" else node

    def written_range(self, node: ScalarNode, wanted: tuple[int, int]) -> tuple[int, int]:
        """Where characters of a scalar's text stand in the file."""
        if id(node) not in self._offsets:
            written = self.text[node.start_mark.index : node.end_mark.index]
            self._offsets[id(node)] = written, source_offsets(written, node.value, node.style or None)
        raw, offsets = self._offsets[id(node)]
        start, end = (min(index, len(offsets) - 1) for index in wanted)
        low, last = offsets[start], offsets[end - 1]
        high = last + source_width(raw, last, node.style or None) if end > start else low
        base = node.start_mark.index
        return base + low, base + max(high, low)

    def _find(self, route: Route) -> tuple[Node | None, Node | None, tuple[int, int] | None]:
        """The node at a route, its key, and the alias that stands for it; the nearest parent when it is not there."""
        return self._walk(route)[:3]

    def _walk(self, route: Route) -> tuple[Node | None, Node | None, tuple[int, int] | None, int]:
        """What `_find` gives, and how many steps of the route are not there."""
        node, alias = self._root, None
        key: Node | None = None
        steps = self.written_route(route)
        for depth, step in enumerate(steps):
            child = self._child(node, step)
            if child is None:
                return node, key, alias, len(steps) - depth
            before = key
            key, node = child[0], child[1]
            start = key.end_mark.index if key is not None else (before.end_mark.index if before is not None else 0)
            alias = self._alias(start) if node.start_mark.index < start else None
        return node, key, alias, 0

    def _child(self, node: Node | None, step: str | int) -> tuple[Node | None, Node] | None:
        if isinstance(node, SequenceNode) and isinstance(step, int) and step < len(node.value):
            return None, node.value[step]
        if isinstance(node, MappingNode) and isinstance(step, str):
            if id(node) not in self._members:
                members = {key.value: (key, value) for key, value in reversed(node.value) if isinstance(key.value, str)}
                self._members[id(node)] = members
            return self._members[id(node)].get(step) or next(self._merge_candidates(node, step), None)
        return None

    def _merge_candidates(self, node: MappingNode, step: str) -> Iterator[tuple[Node | None, Node]]:
        for key, value in node.value if "<<" in self._members[id(node)] else ():
            if key.value == "<<":
                for one in value.value if isinstance(value, SequenceNode) else [value]:
                    found = self._child(one, step) if isinstance(one, MappingNode) else None
                    if found:
                        yield found

    def _alias(self, start: int) -> tuple[int, int] | None:
        match = _ALIAS.search(self.text, start)
        return match.span() if match else None

    def _node_span(self, node: Node) -> Span:
        start, end = node.start_mark.index, node.end_mark.index
        written = self.text[start:end].rstrip()
        return self.lines.span(start + properties_width(written), start + len(written))

    def _read_plain(self) -> bool:
        """Read its data alone, of which most files have nothing that must be said."""
        if self.is_json or find_conflict(self.text, self.path) is not None:
            return False
        try:
            self.data = read_plain(self.text)
        except Unusual:
            return False
        self.problems, self.broken = [], set()
        return True

    def _parse(self) -> None:
        """Every mistake is noted in `problems`; what could be made of the rest in `data`."""
        path, text, problems = self.path, self.text, self.problems
        if (conflict := find_conflict(text, path)) is not None:
            problems.append(conflict)
            return
        try:
            root = self._read_json() if self.is_json else compose(text)
            if root is not None:
                self.data = DataBuilder(path, text, problems, self.broken).build(root)
                self._root = root
        except yaml.YAMLError as error:
            from cyberflow.language.yaml.syntax_errors import explain_yaml_error

            problems.append(explain_yaml_error(error, text, path))
        except InvisibleSeparator as error:
            place, help = Place(path, (), "value", (error.at, error.at + 1)), "write a plain space"
            message = f"{describe_character(error.sign)} stands where YAML needs a space"
            fix = replace_text(place, error.sign, " ", safe=True)
            problems.append(Diagnostic("yaml-syntax", message, place, help=help, fix=fix))
        except YamlTooLarge as error:
            problems.append(Diagnostic("yaml-syntax", str(error), Place(path)))

    def _read_json(self) -> Node | None:
        from cyberflow.language.yaml.json_nodes import JsonError, JsonReader

        try:
            return JsonReader(self.text).read()
        except JsonError as error:
            place = Place(self.path, (), "value", (error.start, error.end))
            self.problems.append(Diagnostic("yaml-syntax", str(error), place, note="read as JSON", help=error.help))
            return None


def parse_yaml(text: str, path: str) -> YamlDocument:
    """Read one YAML document, or a `.json` file as JSON. Every mistake is in `problems`; what could be made of the rest
    is in `data`.
    """
    return YamlDocument(path, text)
