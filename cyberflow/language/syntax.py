"""YAML text to plain data whose every route knows its span: 1.2 scalars, duplicate keys, anchors, merge keys.
The one room that knows yaml. It knows nothing of workflows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from cyberflow.diagnostics import Diagnostic, Label
from cyberflow.language.scalars import resolve, source_offsets, written_width
from cyberflow.language.syntax_errors import explain
from cyberflow.source import Place, Route, Span, span_of

LIBYAML = hasattr(yaml, "CSafeLoader")
_PLAIN, _QUOTED, _COLLECTION = "plain", "quoted", "collection"
_MOST_NODES = 1_000_000
_DEEPEST = 100
_ALIAS = re.compile(r"\*[^\s,\[\]{}]+")
_TAG = re.compile(r"![^\s,\[\]{}]*")


class _Tags:
    """Leaves tags to us: implicit ones say only how the scalar was written, explicit ones come through."""

    def resolve(self, kind: type[Node], _value: str, implicit: Any) -> str:
        if kind is not ScalarNode:
            return _COLLECTION
        return _PLAIN if implicit[0] else _QUOTED

    def descend_resolver(self, *_: object) -> None: ...
    def ascend_resolver(self) -> None: ...
    def check_resolver_prefix(self, *_: object) -> bool:
        return False


if LIBYAML:
    from yaml.cyaml import CParser  # type: ignore[attr-defined]

    class _Loader(_Tags, CParser):
        def __init__(self, text: str) -> None:
            CParser.__init__(self, text)

else:  # pragma: no cover - exercised by the tests in a process of their own
    from yaml.composer import Composer
    from yaml.parser import Parser
    from yaml.reader import Reader
    from yaml.scanner import Scanner

    class _Loader(_Tags, Reader, Scanner, Parser, Composer):  # type: ignore[no-redef]
        def __init__(self, text: str) -> None:
            Reader.__init__(self, text)
            Scanner.__init__(self)
            Parser.__init__(self)
            Composer.__init__(self)


@dataclass
class YamlDocument:
    """One file: its data, what was wrong with it, and its spans. `data` is None when the text does not parse."""

    path: str
    text: str
    data: Any = None
    problems: list[Diagnostic] = field(default_factory=list)
    broken: set[Route] = field(default_factory=set)
    """Routes of which a problem has been reported, so that nothing else need be said of what is below them."""
    _renamed: dict[Route, str] = field(default_factory=dict)
    _offsets: dict[int, list[int]] = field(default_factory=dict)
    _root: Node | None = None

    def span(self, place: Place) -> Span:
        if place.range and not place.route:
            return span_of(self.path, self.text, *place.range)
        node, key, alias = self._find(place.route)
        if node is None:
            return Span(self.path, 1, 1, 1, 2)
        if place.part == "key" and key is not None:
            return self._node_span(key)
        if place.range and isinstance(node, ScalarNode):
            return self._range_span(node, place.range)
        return span_of(self.path, self.text, *alias) if alias else self._node_span(node)

    def node(self, route: Route) -> Any:
        """The parser's own node at a route, for readers of what was written; None when the text does not parse."""
        return self._find(route)[0]

    def rename(self, renamed: Iterable[tuple[Route, str]]) -> None:
        """Note that the key at the end of each route is spelt otherwise in the file."""
        self._renamed.update(renamed)

    def _find(self, route: Route) -> tuple[Node | None, Node | None, tuple[int, int] | None]:
        """The node at a route, its key, and the alias that stands for it; the nearest parent when it is not there."""
        node, alias = self._root, None
        key: Node | None = None
        for index, step in enumerate(route):
            child = _child(node, self._renamed.get(route[: index + 1], step))
            if child is None:
                break
            before = key
            key, node = child[0], child[1]
            start = key.end_mark.index if key is not None else (before.end_mark.index if before is not None else 0)
            alias = self._alias(start) if node.start_mark.index < start else None
        return node, key, alias

    def _alias(self, start: int) -> tuple[int, int] | None:
        match = _ALIAS.search(self.text, start)
        return match.span() if match else None

    def _node_span(self, node: Node) -> Span:
        start, end = node.start_mark.index, node.end_mark.index
        written = self.text[start:end].rstrip()
        return span_of(self.path, self.text, start, start + len(written))

    def _range_span(self, node: ScalarNode, wanted: tuple[int, int]) -> Span:
        raw = self.text[node.start_mark.index : node.end_mark.index]
        offsets = self._offsets.setdefault(id(node), [])
        offsets += () if offsets else source_offsets(raw, node.value, node.style or None)
        start, end = (min(index, len(offsets) - 1) for index in wanted)
        low, last = offsets[start], offsets[end - 1]
        high = last + written_width(raw, last, node.style or None) if end > start else low
        base = node.start_mark.index
        return span_of(self.path, self.text, base + low, base + max(high, low))


def parse(text: str, path: str) -> YamlDocument:
    """Read one YAML document. Every mistake is in `problems`; what could be made of the rest is in `data`."""
    document = YamlDocument(path, text)
    try:
        loader = _Loader(text)
        root = loader.get_single_node()
        document._root = root  # noqa: SLF001 - a document is filled by the function that makes it
        if root is not None:
            document.data = _Builder(document).build(root, ())
    except yaml.YAMLError as error:
        document.problems.append(explain(error, text, path))
    except RecursionError:
        document.problems.append(Diagnostic("yaml-syntax", "the file is nested too deeply", Place(path)))
    return document


@dataclass
class _Builder:
    """Nodes to data. An alias shares the data of its anchor, so a bomb of aliases costs nothing until measured."""

    document: YamlDocument
    built: dict[int, tuple[Any, int]] = field(default_factory=dict)
    open: set[int] = field(default_factory=set)

    def build(self, node: Node, route: Route) -> Any:
        data, size = self._build(node, route)
        if size > _MOST_NODES:
            self._report("yaml-syntax", f"aliases expand this file to {size:,} nodes", route)
            return None
        return data

    def _build(self, node: Node, route: Route) -> tuple[Any, int]:
        if isinstance(node, ScalarNode):
            return self._scalar(node, route), 1
        known = self.built.get(id(node))
        if known is not None:
            return known
        if len(route) > _DEEPEST:
            raise RecursionError
        if id(node) in self.open:
            self._report("yaml-syntax", "this alias stands inside its own anchor", route)
            return None, 1
        self.open.add(id(node))
        made = self._mapping(node, route) if isinstance(node, MappingNode) else self._sequence(node, route)
        self.open.discard(id(node))
        if node.tag != _COLLECTION:
            self._tag(node, route)
        self.built[id(node)] = made
        return made

    def _scalar(self, node: ScalarNode, route: Route) -> Any:
        if node.tag == _PLAIN:
            return resolve(node.value)
        if node.tag not in (_QUOTED, "!", "tag:yaml.org,2002:str"):
            self._tag(node, route)
        return node.value

    def _sequence(self, node: Node, route: Route) -> tuple[list[Any], int]:
        items = [self._build(item, (*route, index)) for index, item in enumerate(node.value)]
        return [item for item, _ in items], 1 + sum(size for _, size in items)

    def _mapping(self, node: MappingNode, route: Route) -> tuple[dict[str, Any], int]:
        data: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        places: dict[str, Node] = {}
        size = 1
        valueless = False
        for key_node, value_node in node.value:
            key = self._key(key_node)
            if key is None:
                self.document.broken.add(route)
                continue
            if key == "<<" and key_node.tag == _PLAIN:
                merged = {**self._merge(value_node, (*route, "<<")), **merged}
                continue
            value, grown = self._build(value_node, (*route, key))
            size += grown
            if key in data:
                self._duplicate(key, key_node, places[key])
                continue
            if node.flow_style and _is_missing(value_node):
                if not valueless:
                    self._valueless(key, key_node, node)
                valueless = True
                self.document.broken.add(route)
                continue
            data[key], places[key] = value, key_node
        return ({**merged, **data} if merged else data), size + len(merged)

    def _key(self, node: Node) -> str | None:
        if isinstance(node, ScalarNode):
            return str(node.value)
        span = self._range(node)
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
        nodes = node.value if isinstance(node, SequenceNode) else [node]
        merged: dict[str, Any] = {}
        for one in nodes:
            data, _ = self._build(one, route)
            if not isinstance(data, dict):
                self._report("wrong-type", "`<<` merges mappings only", route)
                continue
            merged = {**data, **merged}
        return merged

    def _duplicate(self, key: str, node: Node, first: Node) -> None:
        label = Label(self._range(first), "first given here")
        help = "keep one of the two"
        self._add(Diagnostic("duplicate-key", f"`{key}` is given twice", self._range(node), labels=(label,), help=help))

    def _valueless(self, key: str, node: Node, mapping: MappingNode) -> None:
        note, help = "read as a key of a mapping", "a comma inside `{ }` splits; quote a text that holds one"
        if self.document.text[node.end_mark.index :].lstrip("\"' ").startswith(":"):
            note, help = "", f"write a value after `{key}:`, or take the key away"
        elif len(mapping.value) == 1:
            help = f'quote the text: "{{{key}}}", or write an input as `<{key}>`'
        self._add(Diagnostic("wrong-type", f"`{key}` has no value", self._range(node), note=note, help=help))

    def _tag(self, node: Node, route: Route) -> None:
        if node.tag in ("tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"):
            return
        written = _TAG.search(self.document.text, node.start_mark.index, node.end_mark.index)
        place = Place(self.document.path, () if written else route, "value", written.span() if written else None)
        help = "take the tag away, or quote a text that begins with `!`"
        self._add(Diagnostic("yaml-syntax", "tags have no meaning here", place, help=help))

    def _range(self, node: Node) -> Place:
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


def _child(node: Node | None, step: str | int) -> tuple[Node | None, Node] | None:
    if isinstance(node, SequenceNode) and isinstance(step, int) and step < len(node.value):
        return None, node.value[step]
    if isinstance(node, MappingNode):
        own = next(((key, value) for key, value in node.value if key.value == step), None)
        return own or next(_merged(node, step), None)
    return None


def _merged(node: MappingNode, step: str | int) -> Iterator[tuple[Node | None, Node]]:
    for key, value in node.value:
        if key.value == "<<":
            for one in value.value if isinstance(value, SequenceNode) else [value]:
                found = _child(one, step) if isinstance(one, MappingNode) else None
                if found:
                    yield found
