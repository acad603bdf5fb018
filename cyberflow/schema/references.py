"""References inside one schema document: JSON pointers, `$anchor` and `$id`, each read from the base URI where it
stands. Nothing outside the document is ever fetched.
"""

from __future__ import annotations

from dataclasses import field
from typing import Any
from urllib.parse import unquote, urldefrag, urljoin

from cyberflow.late import dataclass
from cyberflow.schema.keywords import DIALECT, keywords_fit, subschemas
from cyberflow.schema.values import MAX_DEPTH, Schema

UNREAD = frozenset({"$dynamicRef", "$recursiveRef"})


def resolve_pointer(root: Schema, ref: str) -> Schema | None:
    """Follow a `$ref` that is a JSON pointer into its own document; None for every other one."""
    if ref != "#" and not ref.startswith("#/"):
        return None
    node: Any = root
    for token in unquote(ref).split("/")[1:]:
        key = token.replace("~1", "/").replace("~0", "~")
        if isinstance(node, dict) and key in node:
            node = node[key]
        elif isinstance(node, list) and key.isascii() and key.isdigit() and int(key) < len(node):
            node = node[int(key)]
        else:
            return None
    return node if isinstance(node, (dict, bool)) else None


@dataclass(eq=False)
class SchemaDocument:
    """A schema with what its references can reach. Schemas are told apart by identity, so it keeps its root alive."""

    root: Schema
    _names: dict[str, Schema] = field(default_factory=dict)
    _all_bases: dict[int, str] = field(default_factory=dict)

    @property
    def _named(self) -> dict[str, Schema]:
        if not self._names:
            self._index()
        return self._names

    @property
    def _bases(self) -> dict[int, str]:
        return self._all_bases if self._named else {}

    def _index(self) -> None:
        """Find what has a name, once somebody asks for one: most schemas refer to nothing."""
        pending: list[tuple[Any, str]] = [(self.root, "")]
        while pending:
            node, base = pending.pop()
            if not isinstance(node, dict) or id(node) in self._all_bases:
                continue
            base = self._name(node, base)
            self._all_bases[id(node)] = base
            pending.extend((child, base) for child in _children(node))
        self._names.setdefault("", self.root)

    def _name(self, node: dict[str, Any], base: str) -> str:
        if isinstance(node.get("$id"), str):
            base = urldefrag(_join(base, node["$id"])).url
            self._names.setdefault(base, node)
        for keyword in ("$anchor", "$dynamicAnchor"):
            if isinstance(node.get(keyword), str):
                self._names.setdefault(f"{base}#{node[keyword]}", node)
        return base

    def resolve(self, schema: dict[str, Any]) -> Schema | None:
        """Follow the `$ref` of a schema that stands in this document; None when it leads nowhere inside it."""
        base, ref = self._bases.get(id(schema), self._bases.get(id(self.root), "")), schema["$ref"]
        uri, fragment = urldefrag(_join(base, ref))
        if fragment and not fragment.startswith("/"):
            return self._named.get(f"{uri}#{unquote(fragment)}")
        resource = self._named.get(uri) if uri != base else self._resource(base)
        return None if resource is None else resolve_pointer(resource, f"#{fragment}")

    def _resource(self, base: str) -> Schema:
        return self._named.get(base, self.root)


def _join(base: str, ref: str) -> str:
    """As `urljoin`, which does not know that a URN has fragments."""
    try:
        return urldefrag(base).url + ref if ref.startswith("#") else urljoin(base, ref)
    except ValueError:
        return ref


def _children(schema: dict[str, Any]) -> list[Any]:
    try:
        return list(subschemas(schema))
    except (TypeError, AttributeError):
        return []


def has_refs(schema: Schema) -> bool:
    """Say whether any reference is written in this schema."""
    if isinstance(schema, bool):
        return False
    return "$ref" in schema or not UNREAD.isdisjoint(schema) or any(map(has_refs, subschemas(schema)))


def is_well_formed(schema: Any) -> bool:
    """Say whether the schema, with all that its pointers reach, can be read at all: forms, depth, dialect."""
    if not isinstance(schema, (dict, bool)):
        return False
    pending: list[tuple[Schema, int]] = [(schema, 0)]
    seen: set[int] = set()
    while pending:
        node, depth = pending.pop()
        if isinstance(node, bool) or id(node) in seen:
            continue
        seen.add(id(node))
        if depth > MAX_DEPTH or not keywords_fit(node) or not _is_known_dialect(node):
            return False
        pending.extend((child, depth + 1) for child in subschemas(node))
        target = resolve_pointer(schema, node["$ref"]) if "$ref" in node else None
        if target is not None:
            pending.append((target, 1))
    return True


def has_names(schema: Schema) -> bool:
    """Say whether a schema, or one written in it, has an `$id` or an anchor."""
    pending: list[Any] = [schema]
    seen: set[int] = set()
    while pending:
        node = pending.pop()
        if not isinstance(node, dict) or id(node) in seen:
            continue
        seen.add(id(node))
        if any(name in node for name in ("$id", "$anchor", "$dynamicAnchor")):
            return True
        pending.extend(_children(node))
    return False


def _is_known_dialect(schema: dict[str, Any]) -> bool:
    return str(schema.get("$schema", DIALECT)).removesuffix("#") == DIALECT
