"""Completion of names, wherever one may stand: in declarations, in prompts, in refs. Keys of the language are left to
the YAML language server.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from cyberflow.compiler.lookup.lookup import Lookup
from cyberflow.compiler.rules import RULES
from cyberflow.language.yaml.cursor import cursor_at
from cyberflow.lsp.completion.suggestions import Names, Suggestion, prompt_names, vars_names
from cyberflow.lsp.completion.yaml_names import complete_yaml

_IGNORE = re.compile(r"cyberflow:[ \t]*ignore\[(?:[\w-]+[ \t]*,[ \t]*)*(?P<word>[\w-]*)$")
_TEMPLATE = re.compile(r"\$\{\{(?:(?!\}\}).)*?(?P<vars>\bvars\.)?(?P<word>[A-Za-z_]?\w*)$")


@dataclass(frozen=True)
class Completion:
    """What may be written for the characters from `start` to `end`, offsets into the text."""

    items: tuple[Suggestion, ...]
    start: int
    end: int


def complete(lookup: Lookup, path: str, text: str, offset: int, *, keys: bool = False) -> Completion:
    """The names that may stand at an offset of a text that is being written; `keys` adds those of the language."""
    line = text[text.rfind("\n", 0, offset) + 1 : offset]
    found = _anywhere(lookup, line) or (
        complete_yaml(lookup, path, cursor_at(text, offset), keys=keys)
        if path.endswith((".yaml", ".yml", ".json"))
        else _in_prompt(lookup, path, text, offset)
    )
    word = len(found.word) if found else 0
    items = _unique(found.items) if found else ()
    return Completion(items, offset - word, offset)


def _anywhere(lookup: Lookup, line: str) -> Names | None:
    """Names that stand in every kind of file: rules in a comment that silences them, vars in a template."""
    if match := _IGNORE.search(line):
        return Names(match["word"], [Suggestion(rule, "rule", rule) for rule in RULES])
    if match := _TEMPLATE.search(line):
        return vars_names(lookup.graph.project, match["word"], members=bool(match["vars"]))
    return None


def _in_prompt(lookup: Lookup, path: str, text: str, offset: int) -> Names | None:
    """Names in a file that is the prompt of some workflows, or a part of it."""
    before, after = text[:offset], text[offset : offset + 200]
    for owner in lookup.owners(path):
        if owner.definition.place.path != path and (
            names := prompt_names(lookup, path, owner.inputs, owner.secrets, before, after)
        ):
            return names
    return None


def _unique(items: Any) -> tuple[Suggestion, ...]:
    return tuple({one.label: one for one in reversed(list(items))}.values())[::-1]
