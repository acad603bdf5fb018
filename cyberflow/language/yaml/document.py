"""YAML text to plain data whose every route knows its span: 1.2 scalars, duplicate keys, anchors, merge keys.
With `composing`, the one room that knows yaml. It knows nothing of workflows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from cyberflow.diagnostics import Diagnostic, Label, Severity
from cyberflow.language.document import DeclarationDocument
from cyberflow.language.merge_conflict import find_conflict
from cyberflow.language.yaml.bounds import COLLECTION, PLAIN, QUOTED, YamlTooLarge
from cyberflow.language.yaml.compose import compose
from cyberflow.language.yaml.json_nodes import JsonError, JsonReader
from cyberflow.language.yaml.scalars import resolve_scalar, source_offsets, source_width
from cyberflow.language.yaml.syntax_errors import explain_yaml_error
from cyberflow.source import Place, Route, Span

_DEEPEST = 100
_MOST_BY_ALIASES = 100_000
_ALIAS = re.compile(r"\*[^\s,\[\]{}]+")
_TAG = re.compile(r"![^\s,\[\]{}]*")


@dataclass
class YamlDocument(DeclarationDocument):
    """One YAML file, which finds the span of each route among the parser's nodes."""

    _offsets: dict[int, tuple[str, list[int]]] = field(default_factory=dict)
    _members: dict[int, dict[str, tuple[Node, Node]]] = field(default_factory=dict)
    _root: Node | None = None

    @property
    def is_json(self) -> bool:
        return self.path.endswith(".json")

    def span(self, place: Place) -> Span:
        if place.range and not place.route:
            return self.lines.span(*place.range)
        node, key, alias = self._find(place.route)
        if node is None:
            return Span(self.path, 1, 1, 1, 2)
        if place.part == "key" and key is not None:
            return self._node_span(key)
        if place.range and isinstance(node, ScalarNode):
            return self._range_span(node, place.range)
        return self.lines.span(*alias) if alias else self._node_span(node)

    def node(self, route: Route) -> Any:
        """The parser's own node at a route, for readers of what was written; None when the text does not parse."""
        return self._find(route)[0]

    def _find(self, route: Route) -> tuple[Node | None, Node | None, tuple[int, int] | None]:
        """The node at a route, its key, and the alias that stands for it; the nearest parent when it is not there."""
        node, alias = self._root, None
        key: Node | None = None
        for step in self.written_route(route):
            child = self._child(node, step)
            if child is None:
                break
            before = key
            key, node = child[0], child[1]
            start = key.end_mark.index if key is not None else (before.end_mark.index if before is not None else 0)
            alias = self._alias(start) if node.start_mark.index < start else None
        return node, key, alias

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
        return self.lines.span(start, start + len(written))

    def _range_span(self, node: ScalarNode, wanted: tuple[int, int]) -> Span:
        if id(node) not in self._offsets:
            written = self.text[node.start_mark.index : node.end_mark.index]
            self._offsets[id(node)] = written, source_offsets(written, node.value, node.style or None)
        raw, offsets = self._offsets[id(node)]
        start, end = (min(index, len(offsets) - 1) for index in wanted)
        low, last = offsets[start], offsets[end - 1]
        high = last + source_width(raw, last, node.style or None) if end > start else low
        base = node.start_mark.index
        return self.lines.span(base + low, base + max(high, low))


def parse_yaml(text: str, path: str) -> YamlDocument:
    """Read one YAML document, or a `.json` file as JSON. Every mistake is in `problems`; what could be made of the rest
    is in `data`.
    """
    document = YamlDocument(path, text)
    if (conflict := find_conflict(text, path)) is not None:
        document.problems.append(conflict)
        return document
    try:
        root = JsonReader(text).read() if document.is_json else compose(text)
        if root is not None:
            document.data = _DataBuilder(document).build(root)
            document._root = root  # noqa: SLF001 - a document is filled by the function that makes it
    except yaml.YAMLError as error:
        document.problems.append(explain_yaml_error(error, text, path))
    except JsonError as error:
        place = Place(path, (), "value", (error.start, error.end))
        document.problems.append(Diagnostic("yaml-syntax", str(error), place, note="read as JSON", help=error.help))
    except YamlTooLarge as error:
        document.problems.append(Diagnostic("yaml-syntax", str(error), Place(path)))
    return document


class _BuiltCollection(NamedTuple):
    """Data of a collection, and what it comes to with every alias written out: how many nodes, how deep."""

    data: Any
    size: int
    height: int


@dataclass
class _DataBuilder:
    """Nodes to data. An alias shares the data of its anchor, so a bomb of aliases costs nothing until measured."""

    document: YamlDocument
    built: dict[int, _BuiltCollection] = field(default_factory=dict)
    open: set[int] = field(default_factory=set)
    nodes: int = 0
    """How many nodes were visited, each alias as one."""
    size: int = 0
    """How many nodes there are with every alias written out."""
    height: int = 0
    """Of what was built last."""

    def build(self, root: Node) -> Any:
        """Raises YamlTooLarge for what is too deep or too large with its aliases."""
        data = self._build(root, ())
        if self.size > _MOST_BY_ALIASES + 2 * self.nodes:
            raise YamlTooLarge(f"aliases expand this file to {self.size:,} nodes")
        return data

    def _build(self, node: Node, route: Route) -> Any:
        self.nodes += 1
        if isinstance(node, ScalarNode):
            self.size += 1
            self.height = 1
            return self._scalar(node, route)
        if known := self.built.get(id(node)):
            self.size += known.size
            self.height = known.height
            return known.data
        if id(node) in self.open:
            self._report("yaml-syntax", "this alias stands inside its own anchor", route)
            return None
        self.open.add(id(node))
        before = self.size
        self.size += 1
        data = self._mapping(node, route) if isinstance(node, MappingNode) else self._sequence(node, route)
        self.height += 1
        self.open.discard(id(node))
        if self.height > _DEEPEST:
            raise YamlTooLarge("the file is nested too deeply")
        if node.tag != COLLECTION:
            self._report_tag(node, route)
        self.built[id(node)] = _BuiltCollection(data, self.size - before, self.height)
        return data

    def _scalar(self, node: ScalarNode, route: Route) -> Any:
        if node.tag == PLAIN:
            return resolve_scalar(node.value)
        if node.tag not in (QUOTED, "!", "tag:yaml.org,2002:str"):
            self._report_tag(node, route)
        return node.value

    def _sequence(self, node: Node, route: Route) -> list[Any]:
        items, highest = [], 0
        for index, item in enumerate(node.value):
            items.append(self._build(item, (*route, index)))
            highest = max(highest, self.height)
        self.height = highest
        return items

    def _mapping(self, node: MappingNode, route: Route) -> dict[str, Any]:
        data: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        places: dict[str, Node] = {}
        valueless, highest = False, 0
        for key_node, value_node in node.value:
            key = self._key(key_node)
            if key is None:
                self.document.broken.add(route)
                continue
            if key == "<<" and key_node.tag == PLAIN:
                merged = {**self._merge(value_node, (*route, "<<")), **merged}
                highest = max(highest, self.height)
                continue
            value = self._build(value_node, (*route, key))
            highest = max(highest, self.height)
            if key in data:
                self._report_duplicate(key, key_node, places[key])
                continue
            if node.flow_style and _is_missing(value_node):
                if not valueless:
                    self._report_valueless(key, key_node, node)
                valueless = True
                self.document.broken.add(route)
                continue
            data[key], places[key] = value, key_node
        self.height = highest
        return {**merged, **data} if merged else data

    def _key(self, node: Node) -> str | None:
        if isinstance(node, ScalarNode):
            return str(node.value)
        span = self._place_of(node)
        help = "quote a text that holds braces or brackets, and write an input as `<name>`"
        self._add(
            Diagnostic(
                "wrong-type",
                "a key must be text",
                span,
                note=f"this is {'a list' if isinstance(node, SequenceNode) else 'a mapping'}",
                help=help,
            )
        )
        return None

    def _merge(self, node: Node, route: Route) -> dict[str, Any]:
        merged: dict[str, Any] = {}
        highest = 0
        for one in node.value if isinstance(node, SequenceNode) else [node]:
            made = self._build(one, route)
            highest = max(highest, self.height)
            if isinstance(made, dict):
                merged = {**made, **merged}
            else:
                self._report("wrong-type", "`<<` merges mappings only", route)
        self.height = highest
        return merged

    def _report_duplicate(self, key: str, node: Node, first: Node) -> None:
        label = Label(self._place_of(first), "first given here")
        found = Diagnostic("duplicate-key", f"`{key}` is given twice", self._place_of(node), labels=(label,))
        severity: Severity = "warning" if self.document.is_json else "error"  # JSON allows it
        self._add(replace(found, help="keep one of the two", severity=severity))

    def _report_valueless(self, key: str, node: Node, mapping: MappingNode) -> None:
        note, help = "read as a key of a mapping", "a comma inside `{ }` splits; quote a text that holds one"
        if self.document.text[node.end_mark.index :].lstrip("\"' ").startswith(":"):
            note, help = "", f"write a value after `{key}:`, or take the key away"
        elif len(mapping.value) == 1:
            help = f'quote the text: "{{{key}}}", or write an input as `<{key}>`'
        self._add(Diagnostic("wrong-type", f"`{key}` has no value", self._place_of(node), note=note, help=help))

    def _report_tag(self, node: Node, route: Route) -> None:
        if node.tag in ("tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"):
            return
        written = _TAG.search(self.document.text, node.start_mark.index, node.end_mark.index)
        place = Place(self.document.path, () if written else route, "value", written.span() if written else None)
        help = "take the tag away, or quote a text that begins with `!`"
        self._add(Diagnostic("yaml-syntax", "tags have no meaning here", place, help=help))

    def _place_of(self, node: Node) -> Place:
        """A place by offsets: duplicate keys and keyless nodes have no route of their own."""
        start = node.start_mark.index
        end = start + len(self.document.text[start : node.end_mark.index].rstrip())
        return Place(self.document.path, (), "value", (start, end))

    def _report(self, rule: str, message: str, route: Route, help: str | None = None) -> None:
        self._add(Diagnostic(rule, message, Place(self.document.path, route), help=help))

    def _add(self, diagnostic: Diagnostic) -> None:
        self.document.problems.append(diagnostic)


def _is_missing(node: Node) -> bool:
    return isinstance(node, ScalarNode) and node.value == "" and node.start_mark.index == node.end_mark.index
