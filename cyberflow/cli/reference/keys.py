"""The keys of every file, with the words of `schemas/`: where a key stands, what it takes, and an example."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cyberflow.cli.reference.topic import Topic
from cyberflow.language.editor.json_schemas import Kind, editor_schema
from cyberflow.language.yaml.writing.one_line import write_value

FILES: dict[Kind, str] = {
    "project": "`cyberflow.yaml`",
    "declarations": "Files of declarations, and `cyberflow.yaml`",
    "tests": "Files of tests",
}
_ANY = frozenset({"Expression", "Value", "Values", "Type", "Types", "Secrets", "SecretTokens", "JsonSchema"})
"""Definitions that are described as words, not key by key."""


def key_topics() -> Iterator[Topic]:
    """Every key once, under the first file that it belongs to."""
    told: set[str] = set()
    for kind in ("declarations", "project", "tests"):
        for topic in keys_of(kind):
            if topic.name not in told:
                told.add(topic.name)
                yield topic


def keys_of(kind: Kind) -> Iterator[Topic]:
    """The keys of one kind of file, by their paths: names of one's own are left out, so `workflows.prompt`."""
    schema = editor_schema(kind)
    yield from _walk(schema, "", schema["definitions"], ())


def _walk(schema: Mapping[str, Any], path: str, known: Mapping[str, Any], above: tuple[str, ...]) -> Iterator[Topic]:
    required = schema.get("required", ())
    for key, body in schema.get("properties", {}).items():
        name = f"{path}{key}"
        needed = " Required." if key in required else ""
        examples = [f"{key}: {write_value(example)}" for example in body.get("examples", ())]
        yield Topic("key", name, f"{body.get('description', '')}{needed}", "\n".join(examples))
        for inner in _inner_models(body):
            if inner not in above and inner not in _ANY:
                yield from _walk(known[inner], f"{name}.", known, (*above, inner))


def _inner_models(body: Any) -> list[str]:
    """The mappings of ours that a value may hold, at whatever depth of lists and names."""
    found: dict[str, None] = {}
    waiting = [body]
    while waiting:
        node = waiting.pop(0)
        if isinstance(node, list):
            waiting += node
        elif isinstance(node, dict):
            if "$ref" in node:
                found[str(node["$ref"]).rpartition("/")[2]] = None
            waiting += [node[key] for key in ("anyOf", "oneOf", "items", "additionalProperties") if key in node]
            waiting += list(node.get("patternProperties", {}).values())
            waiting += [] if "properties" not in node else list(node["properties"].values())
    return [*found]
