"""Suggestions: names that may be written somewhere, and how each is written there."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cyberflow.compiler.graph import Graph
from cyberflow.compiler.interface import FieldSet
from cyberflow.compiler.lookup.lookup import Lookup
from cyberflow.language.project.load import Project, target_of
from cyberflow.language.prompt.paths import TokenPath
from cyberflow.schema.describe import describe
from cyberflow.schema.paths import FoundType, MissingMember, lookup

_TOKEN = re.compile(r"(?<!\\)<(?P<dollar>\$?)(?P<above>(?:[A-Za-z_][\w-]*(?:\[[^\]\s]*\])?\.)*)(?P<word>[\w-]*)$")
_IMAGE = re.compile(r"(?:!\[[^\]\n]*\]\(<?|<img\b[^>\n]*\bsrc=[\"'])(?P<word>[^()<>\"'\s]*)$")
_IMAGES = (".png", ".jpg", ".jpeg", ".gif", ".webp")
_MOST_FILES = 5_000
_NOWHERE = "\0"


@dataclass(frozen=True)
class Suggestion:
    """One name. `kind` is that of an entity, or `rule`, `var`, `member`, `key`; `insert` is what is written for it."""

    label: str
    kind: str
    insert: str
    detail: str = ""
    text: str = ""
    order: str = ""


@dataclass(frozen=True)
class Names:
    """What may stand in place of a word that is begun."""

    word: str
    items: Iterable[Suggestion]


def prompt_names(
    found: Lookup, path: str, inputs: FieldSet, secrets: FieldSet, before: str, after: str
) -> Names | None:
    """What may be written in a prompt: a placeholder behind `<`, an image behind `![…](`."""
    if names := token_names(inputs, secrets, before, after):
        return names
    if match := _IMAGE.search(before):
        return file_names(found.graph.project, path, match["word"], _IMAGES)
    return None


def token_names(inputs: FieldSet, secrets: FieldSet, before: str, after: str) -> Names | None:
    """The placeholder that is begun at the end of a text: inputs behind `<`, secrets behind `<$`, members behind."""
    match = _TOKEN.search(before)
    if match is None:
        return None
    fields, kind = (secrets, "secret") if match["dollar"] else (inputs, "input")
    close = "" if re.match(r"[\w.\[\]'-]*>", after) else ">"
    above = TokenPath.parse(match["above"].removesuffix("."))
    if above is None:
        items = (field_suggestion(one, kind, close) for one in fields.fields.values())
        return Names(match["word"], items)
    if above.root not in fields:
        return None
    schema = fields.fields[above.root].schema
    return Names(match["word"], member_suggestions(schema, above.keys, lambda type: "" if members(type) else close))


def field_suggestion(field: Any, kind: str, close: str = "") -> Suggestion:
    """A declared name; what is required comes first."""
    end = "" if close and members(field.schema) else close
    order = f"{'0' if field.required else '1'}{field.name}"
    text = str(field.schema.get("description", ""))
    detail = describe(field.schema) + ("" if field.required else ", optional")
    return Suggestion(field.name, kind, field.name + end, detail, text, order)


def members(schema: Any, keys: tuple[str | int, ...] = ()) -> tuple[str, ...]:
    """The members that a value of a type has, below some keys."""
    found = lookup(schema, (*keys, _NOWHERE))
    return found.known if isinstance(found, MissingMember) and found.key_index == len(keys) else ()


def member_suggestions(schema: Any, keys: tuple[str | int, ...], close: Callable[[Any], str]) -> Iterator[Suggestion]:
    """The members of a type below some keys, with what closes each behind it."""
    for name in members(schema, keys):
        found = lookup(schema, (*keys, name))
        type = found.schema if isinstance(found, FoundType) else {}
        yield Suggestion(name, "member", name + close(type), describe(type))


def file_names(project: Project, path: str, word: str, endings: tuple[str, ...] = ()) -> Names:
    """Files of the project as they are named from a file of it."""
    folder = posixpath.dirname(path) or "."
    found = (one for one in project.files.walk.any_files(_MOST_FILES) if not endings or one.lower().endswith(endings))
    shown = (f"/{one}" if word.startswith("/") else posixpath.relpath(one, folder) for one in found)
    names = (f"./{one}" if word.startswith("./") and not one.startswith(".") else one for one in shown)
    return Names(word, (Suggestion(one, "file", one, order=_file_order(one)) for one in names))


def _file_order(name: str) -> str:
    """Files near by first."""
    return f"{name.count('/') + 5 * name.count('..'):03}{name}"


def vars_names(project: Project, word: str, *, members: bool) -> Names:
    """What a template may name: `vars`, `target` and `image`, or the members of `vars`."""
    if not members:
        words = {"vars": "values of the project and the target", "target": "its name", "image": "image(path, alt)"}
        return Names(word, (Suggestion(name, "var", name, detail) for name, detail in words.items()))
    settings = project.settings
    known: dict[str, Any] = {}
    for name in ("local", *settings.targets):
        known |= target_of(settings, name).vars
    known |= settings.vars
    return Names(word, (Suggestion(name, "var", name, describe_value(value)) for name, value in known.items()))


def describe_value(value: Any) -> str:
    """A value of a template in a few characters."""
    text = str(value).replace("\n", " ")
    return text if len(text) <= 40 else f"{text[:39]}…"  # noqa: PLR2004 - as much as a list shows


def known_names(graph: Graph, kind: str) -> list[Suggestion]:
    """Names of the platform that the project uses: tags, pools, machines, models."""
    found: dict[str, None] = {}
    for workflow in graph.workflows.values():
        body = workflow.body
        if kind == "tag":
            found |= dict.fromkeys(body.tags or ())
        if kind == "model" and body.models is not None:
            models = (body.models.main, body.models.cache_detection, *body.models.fallbacks)
            found |= dict.fromkeys(one for one in models if one)
    for chain in graph.chains.values():
        if kind == "pool":
            found |= dict.fromkeys(chain.body.pools)
        if kind == "machine" and chain.body.machine:
            found[chain.body.machine] = None
    return [Suggestion(name, kind, name) for name in found]


def declaration_suggestions(group: Mapping[str, Any], kind: str) -> Iterator[Suggestion]:
    """Declared names, with what each is for."""
    for name, node in group.items():
        yield Suggestion(name, kind, name, kind, node.body.description or "")
