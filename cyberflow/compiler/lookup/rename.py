"""Renaming: every text that names an entity is edited at once; what was handed on by its name is handed on still."""

from __future__ import annotations

from collections.abc import Iterator

from cyberflow.compiler.fixes.text_edits import write_edit
from cyberflow.compiler.graph import PYTHON_SUFFIX
from cyberflow.compiler.interface import NameKind
from cyberflow.compiler.lookup.callers import owner_of
from cyberflow.compiler.lookup.entities import Entity, EntityKind, Mention
from cyberflow.compiler.lookup.lookup import Hit, Lookup
from cyberflow.edits import Addition, Edit, Replacement, TextEdit
from cyberflow.language.model import NAME
from cyberflow.language.prompt.placeholders import placeholder
from cyberflow.late import dataclass
from cyberflow.schema.keywords import WORDS
from cyberflow.source import Span

_DECLARED: tuple[EntityKind, ...] = ("workflow", "chain", "task", "pipeline")
"""What shares one namespace."""
_OURS = frozenset({*_DECLARED, "type", "step", "item", "input", "secret", "output", "test"})
"""What a project gives its names to; all other names are another's: the platform's, the disk's, the agent's."""
_ON_TRIAL = "a-name-that-nothing-else-has"
_IN_PYTHON = "this name stands in Python, where more than cyberflow reads it: rename it there"


@dataclass(frozen=True)
class RenameRefusal:
    """Why a name cannot be changed, and the place that stands in the way."""

    message: str
    span: Span | None = None

    def __str__(self) -> str:
        where = f" ({self.span.path}:{self.span.line}:{self.span.column})" if self.span else ""
        return self.message + where


def _check_entity(lookup: Lookup, entity: Entity) -> RenameRefusal | None:
    """Why an entity cannot have another name at all."""
    if called := lookup.graph.functions.get(entity.owner):
        return RenameRefusal(_IN_PYTHON, lookup.sources.span(called.place))
    if entity.keys:
        return RenameRefusal(
            f"`{entity.path}` is a member of a type: rename it there, and in each place that `check` shows"
        )
    if entity.kind not in _OURS:
        return RenameRefusal(f"the name of a {entity.kind} is not given here")
    return None


def find_name(lookup: Lookup, hit: Hit) -> Span | RenameRefusal:
    """Where the name alone stands in what was hit, without its quotes and signs; or why it cannot be changed, whatever
    the new one is: it is changed on trial.
    """
    made = rename(lookup, hit.entity, _ON_TRIAL)
    if isinstance(made, RenameRefusal):
        return made
    span = hit.span
    start = lookup.sources.lines(span.path)[span.line - 1].find(hit.entity.name, span.column - 1) + 1
    end = start + len(hit.entity.name)
    if not start or span.end_line != span.line or end > span.end_column:
        return RenameRefusal(f"`{hit.entity.name}` is not written out here: rename it where it is", span)
    return Span(span.path, span.line, start, span.line, end)


def rename(lookup: Lookup, entity: Entity, new: str) -> tuple[TextEdit, ...] | RenameRefusal:
    """The edits of text that give an entity another name, or why there are none."""
    if refusal := _check_entity(lookup, entity) or _check_name(lookup, entity, new):
        return refusal
    mentions, renamed = _linked_mentions(lookup, entity)
    if not any(one.defines for one in mentions):
        return RenameRefusal(f"`{entity.name}` is declared nowhere that cyberflow writes")
    for one in mentions:
        if one.place.path.endswith(PYTHON_SUFFIX) and one.entity.kind not in ("input", "secret"):
            return RenameRefusal(_IN_PYTHON, lookup.sources.span(one.place))
    edits: list[Edit] = [Replacement(one.place, one.written, _rewrite(one, entity.name, new)) for one in mentions]
    for edit in _hand_on(lookup, renamed, entity, new):
        if isinstance(edit, RenameRefusal):
            return edit
        edits.append(edit)
    return _write(lookup, edits)


def _rewrite(mention: Mention, old: str, new: str) -> str:
    """The text of a mention with the new name in it; `?` and `$` stay."""
    start = mention.written.index(old) if old in mention.written else 0
    return mention.written[:start] + new + mention.written[start + len(old) :]


def _linked_mentions(lookup: Lookup, entity: Entity) -> tuple[list[Mention], set[Entity]]:
    """The mentions of an entity, one for each text, and of every other whose name stands in one of the same texts: two
    workflows that share a prompt, or their inputs by an alias. With them, all that get the new name.
    """
    by_entity: dict[Entity, list[tuple[Span, Mention]]] = {}
    by_span: dict[Span, set[Entity]] = {}
    for one in lookup.all_mentions():
        if one.entity.name == entity.name and not one.entity.keys:
            span = lookup.sources.span(one.place)
            by_entity.setdefault(one.entity, []).append((span, one))
            by_span.setdefault(span, set()).add(one.entity)
    waiting, done = [entity], {entity}
    once: dict[Span, Mention] = {}
    while waiting:
        for span, one in by_entity.get(waiting.pop(), ()):
            once.setdefault(span, one)
            others = {other for other in by_span[span] if other.kind in _OURS} - done
            waiting += sorted(others, key=repr)
            done |= others
    return list(once.values()), done


def _check_name(lookup: Lookup, entity: Entity, new: str) -> RenameRefusal | None:
    if not NAME.fullmatch(new):
        return RenameRefusal(f"`{new}` is not a name: letters, digits, `_` and `-`, and no digit first")
    if entity.kind == "type" and new in WORDS:
        return RenameRefusal(f"`{new}` is a type already")
    if new == entity.name:
        return RenameRefusal(f"this is called `{new}`")
    taken = Entity(entity.kind, new, entity.owner)
    for one in [Entity(kind, new) for kind in _DECLARED] if entity.kind in _DECLARED else [taken]:
        if spans := lookup.definitions(one):
            return RenameRefusal(f"the {one.kind} `{new}` is there already", spans[0])
    return None


def _hand_on(lookup: Lookup, renamed: set[Entity], entity: Entity, new: str) -> Iterator[Edit | RenameRefusal]:
    """What a chain handed to a step by its name alone is written out once one of the two has another name."""
    if entity.kind not in ("input", "secret"):
        return
    kind: NameKind = "input" if entity.kind == "input" else "secret"
    for graph in lookup.graphs:
        for chain in graph.callers:
            for step in chain.steps if chain.inherits else ():
                if step.callee is None:
                    continue
                gives = Entity(kind, entity.name, chain.name) in renamed
                takes = Entity(kind, entity.name, owner_of(chain, step.callee)) in renamed
                given, declared, set_ = chain.fields_of(kind), step.callee.fields_of(kind), step.values_of(kind)
                if gives == takes:
                    continue
                if entity.name in given and entity.name in declared and entity.name not in set_:
                    old, now = placeholder(kind, entity.name), placeholder(kind, new)
                    name, value = (entity.name, now) if gives else (new, old)
                    yield Addition(step.at(f"{kind}s"), name, f'"{value}"')
                elif new in (declared if gives else given) and new not in set_ and not (takes and entity.name in set_):
                    message = f"step `{step.id}` of `{chain.name}` would get the chain's `{new}` too"
                    yield RenameRefusal(message, lookup.sources.span(step.at("id")))


def _write(lookup: Lookup, edits: list[Edit]) -> tuple[TextEdit, ...] | RenameRefusal:
    made: dict[TextEdit, None] = {}
    for edit in dict.fromkeys(edits):
        document = lookup.sources.documents.get(edit.place.path)
        written = write_edit(edit, document) if document is not None else ()
        if not written:
            return RenameRefusal(_why_not(edit), lookup.sources.span(edit.place))
        made |= dict.fromkeys(written)
    return tuple(made)


def _why_not(edit: Edit) -> str:
    if edit.place.path.endswith(PYTHON_SUFFIX):
        return _IN_PYTHON
    return "this name is made by a template or an alias: rename it there first"
