"""One thing that is wrong in what a test or a simulation says, with the keys that lead to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Literal

from cyberflow.diagnostics import did_you_mean
from cyberflow.language.project.naming import describe_kind
from cyberflow.late import dataclass
from cyberflow.schema.describe import format_literal
from cyberflow.schema.paths import FoundType, MissingMember, Scalar, lookup
from cyberflow.schema.subtype.assign import NotAssignable, check_value
from cyberflow.schema.values import Schema
from cyberflow.source import Route

_SHORT = 30


@dataclass(frozen=True)
class Fault:
    """What rule is broken at the end of `keys`, and in what words. `declared` is the name whose declaration says so."""

    keys: Route
    rule: str
    message: str
    part: Literal["key", "value"] = "value"
    note: str = ""
    notes: tuple[str, ...] = ()
    help: str | None = None
    declared: str | None = None
    word: str = ""
    """The part of the key or the value that is misspelt, when it is one of `known`."""
    known: tuple[str, ...] = ()

    def below(self, *keys: str | int) -> Fault:
        """The same, seen from further up."""
        return replace(self, keys=(*keys, *self.keys))


def value_faults(owner: str, name: str, value: Any, schema: Schema) -> Iterator[Fault]:
    """What keeps a value from being one of a type. Keys lead into the value."""
    answer = check_value(value, schema, required=False)
    if isinstance(answer, NotAssignable):
        keys, part = _faulty_part(value, answer.path)
        shown, path = format_literal(part), "".join(_step(key) for key in keys)
        text = shown if len(shown) <= _SHORT else "this value"
        where = f"  ({''.join(map(_step, answer.path))} {answer.reason})" if answer.path else f"  ({answer.reason})"
        notes = (f"witness: {answer.witness_text}{where if answer.reason else ''}",)
        message = f"`{name}{path}` of `{owner}` cannot be {text}"
        yield Fault(keys, "type-mismatch", message, notes=notes, declared=name)


def member_type(owner: str, name: str, schema: Schema, rule: str) -> Schema | Fault | None:
    """The type of a member, None where nothing is known of it; a fault at its key where no value has it."""
    found = lookup(schema, (name,))
    if isinstance(found, FoundType):
        return found.schema
    if isinstance(found, MissingMember):
        noun = {"unknown-output": "output", "unknown-input": "input"}.get(rule, "member")
        help = did_you_mean(name, found.known)
        return Fault(
            (), rule, f"`{owner}` has no {noun} `{name}`", "key", help=help, word=name, known=tuple(found.known)
        )
    if isinstance(found, Scalar):
        message = f"`{owner}` is {found.type_text}, which has nothing inside"
        return Fault((), "type-mismatch", message, "key")
    return None


def wrong_type(keys: Route, message: str, value: Any, help: str | None = None) -> Fault:
    """A value of another kind than the one that must stand there."""
    return Fault(keys, "wrong-type", message, note=f"this is {describe_kind(value)}", help=help)


def unknown_word(keys: Route, word: Any, known: tuple[str, ...]) -> Fault:
    """A word that is not one of a closed set."""
    near = did_you_mean(word, known) if isinstance(word, str) else None
    help = near if near and near.startswith("did") else f"one of {', '.join(f'`{one}`' for one in known)}"
    return Fault(
        keys, "wrong-type", f"`{keys[-1]}` cannot be {format_literal(word)}", help=help, word=str(word), known=known
    )


def _faulty_part(value: Any, path: Route) -> tuple[Route, Any]:
    """As much of a path as is there, and what stands at its end."""
    for index, key in enumerate(path):
        try:
            value = value[key]
        except (KeyError, IndexError, TypeError):
            return path[:index], value
    return path, value


def _step(key: str | int) -> str:
    return f"[{key}]" if isinstance(key, int) else f".{key}"
