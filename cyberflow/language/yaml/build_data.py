"""The parser's nodes to plain data: 1.2 scalars, duplicate keys, anchors, merge keys, and what is wrong with them."""

from __future__ import annotations

from dataclasses import field
from typing import Any, NamedTuple

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from cyberflow.diagnostics import Diagnostic, Label, replace_text
from cyberflow.edits import Fix, Removal
from cyberflow.language.characters import INVISIBLE
from cyberflow.language.yaml.bounds import COLLECTION, PLAIN, QUOTED, YamlTooLarge
from cyberflow.language.yaml.scalars import resolve_scalar
from cyberflow.late import dataclass, expression
from cyberflow.source import Place, Route

JSON_SUFFIX = ".json"
_DEEPEST = 100
_SIMPLE = frozenset({PLAIN, QUOTED})
"""Tags of scalars of which nothing need be said."""
_NAME_ALONE = expression(r"\{\$?[A-Za-z_][A-Za-z0-9_-]*\}")
_MOST_BY_ALIASES = 100_000
_TAG = expression(r"![^\s,\[\]{}]*")
_INVISIBLE_START = expression(rf"(?:[a-z_]+:|-)?{INVISIBLE.pattern}")


class InvisibleSeparator(Exception):
    """A character that nobody sees stands in the place of a space that YAML would have read."""

    def __init__(self, sign: str, at: int) -> None:
        super().__init__(sign)
        self.sign, self.at = sign, at


class _BuiltCollection(NamedTuple):
    """Data of a collection, and what it comes to with every alias written out: how many nodes, how deep."""

    data: Any
    size: int
    height: int


@dataclass
class DataBuilder:
    """Nodes to data. An alias shares the data of its anchor, so a bomb of aliases costs nothing until measured."""

    path: str
    text: str
    problems: list[Diagnostic]
    broken: set[Route]
    built: dict[int, _BuiltCollection] = field(default_factory=dict)
    open: set[int] = field(default_factory=set)
    nodes: int = 0
    """How many nodes were visited, each alias as one."""
    size: int = 0
    """How many nodes there are with every alias written out."""
    height: int = 0
    """Of what was built last."""

    def __post_init__(self) -> None:
        self._is_ascii = self.text.isascii()

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
            if not self._is_ascii:
                self._refuse_invisible(node)
            return resolve_scalar(node.value)
        if node.tag not in (QUOTED, "!", "tag:yaml.org,2002:str"):
            self._report_tag(node, route)
        return node.value

    def _refuse_invisible(self, node: ScalarNode) -> None:
        """A plain text that begins its line with a character that nobody sees, or goes on with one after `key:`."""
        if node.tag != PLAIN or node.value.isascii():
            return
        start = node.start_mark.index
        if self.text[self.text.rfind("\n", 0, start) + 1 : start].strip():
            return
        if (found := _INVISIBLE_START.match(node.value)) is not None:
            raise InvisibleSeparator(found[0][-1], start + found.end() - 1)

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
            key = key_node.value if self._is_ascii and isinstance(key_node, ScalarNode) else self._key(key_node)
            if key is None:
                self.broken.add(route)
                continue
            if key == "<<" and key_node.tag == PLAIN:
                merged = {**self._merge(value_node, (*route, "<<")), **merged}
                highest = max(highest, self.height)
                continue
            if self._is_ascii and type(value_node) is ScalarNode and value_node.tag in _SIMPLE:
                self.nodes, self.size = self.nodes + 1, self.size + 1
                highest = highest or 1
                value = resolve_scalar(value_node.value) if value_node.tag == PLAIN else value_node.value
            else:
                value = self._build(value_node, (*route, key))
                highest = max(highest, self.height)
            if key in data:
                self._report_duplicate(key, (key_node, value_node), places[key], same=repr(value) == repr(data[key]))
                continue
            if node.flow_style and _is_missing(value_node):
                if not valueless:
                    self._report_valueless(key, key_node, node)
                valueless = True
                self.broken.add(route)
                continue
            data[key], places[key] = value, key_node
        self.height = highest
        return {**merged, **data} if merged else data

    def _key(self, node: Node) -> str | None:
        if isinstance(node, ScalarNode):
            self._refuse_invisible(node)
            return str(node.value)
        span = self._place_of(node)
        help = "quote a text that holds braces or brackets, and write an input as `<name>`"
        self.problems.append(
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

    def _report_duplicate(self, key: str, entry: tuple[Node, Node], first: Node, *, same: bool) -> None:
        node, value = entry
        label = Label(self._place_of(first), "first given here")
        fix = None
        if same and value.start_mark.line == value.end_mark.line:
            place = Place(self.path, (), "value", (node.start_mark.index, value.end_mark.index))
            fix = Fix("take the second one away", (Removal(place),))
        message, help = f"`{key}` is given twice", "keep one of the two"
        self.problems.append(
            Diagnostic("duplicate-key", message, self._place_of(node), labels=(label,), help=help, fix=fix)
        )

    def _report_valueless(self, key: str, node: Node, mapping: MappingNode) -> None:
        fix = self._quote_comma(node, mapping)
        note, help = "read as a key of a mapping", "a comma inside `{ }` splits; quote a text that holds one"
        if self.text[node.end_mark.index :].lstrip("\"' ").startswith(":"):
            fix, note, help = None, "", f"write a value after `{key}:`, or take the key away"
        elif len(mapping.value) == 1:
            help = f'quote the text: "{{{key}}}", or write an input as `<{key}>`'
            place, written = self._place_of(mapping), self.text[mapping.start_mark.index : mapping.end_mark.index]
            lone = _NAME_ALONE.fullmatch(written)
            fix = replace_text(place, written, f"<{key}>") if lone else None
        self.problems.append(
            Diagnostic("wrong-type", f"`{key}` has no value", self._place_of(node), note=note, help=help, fix=fix)
        )

    def _quote_comma(self, node: Node, mapping: MappingNode) -> Fix | None:
        """The fix that quotes the text before a comma together with what stands behind it."""
        index = next(index for index, (key, _) in enumerate(mapping.value) if key is node)
        before = mapping.value[index - 1][1] if index else None
        if not isinstance(before, ScalarNode) or before.tag != PLAIN or node.tag != PLAIN or not before.value:
            return None
        start, end = before.start_mark.index, node.end_mark.index
        written = self.text[start:end]
        quoted = "'" + written.replace("'", "''") + "'"
        return None if "\n" in written else replace_text(Place(self.path, (), "value", (start, end)), written, quoted)

    def _report_tag(self, node: Node, route: Route) -> None:
        if node.tag in ("tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"):
            return
        written = _TAG.search(self.text, node.start_mark.index, node.end_mark.index)
        place = Place(self.path, () if written else route, "value", written.span() if written else None)
        help = "take the tag away, or quote a text that begins with `!`"
        self.problems.append(Diagnostic("yaml-syntax", "tags have no meaning here", place, help=help))

    def _place_of(self, node: Node) -> Place:
        """A place by offsets: duplicate keys and keyless nodes have no route of their own."""
        start = node.start_mark.index
        end = start + len(self.text[start : node.end_mark.index].rstrip())
        return Place(self.path, (), "value", (start, end))

    def _report(self, rule: str, message: str, route: Route, help: str | None = None) -> None:
        self.problems.append(Diagnostic(rule, message, Place(self.path, route), help=help))


def _is_missing(node: Node) -> bool:
    return isinstance(node, ScalarNode) and node.value == "" and node.start_mark.index == node.end_mark.index
