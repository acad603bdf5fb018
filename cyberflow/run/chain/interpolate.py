"""Interpolation: chain strings with values in the place of their tokens. Pure; refs pass through: the service
resolves them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from cyberflow.compiler.refs import Ref, is_ref, parse_ref
from cyberflow.language.prompt.paths import TokenPath
from cyberflow.language.prompt.strings import only_token, scan_string, substitute
from cyberflow.language.prompt.tokens import Token
from cyberflow.schema.read_value import kind
from cyberflow.schema.values import ABSENT, EMPTY, follow_keys


@dataclass
class Interpolator:
    """Fills values from inputs, and where they are handed in, from secrets. What cannot be is in `problems`, which
    name places and kinds, never a value.
    """

    inputs: Mapping[str, Any]
    secrets: Mapping[str, Any] = field(default_factory=dict, repr=False)
    problems: list[str] = field(default_factory=list)

    def value(self, data: Any, at: str) -> Any:
        """Fill a JSON value; ABSENT when it is one token that nothing was given for.

        A string that is exactly one token keeps the value's type. Members and entries that are absent are left out.
        `at` says in a problem where the value stands.
        """
        if isinstance(data, str):
            return self._string(data, at)
        if isinstance(data, dict) and not is_ref(data):
            members = {key: self.value(item, at) for key, item in data.items()}
            return {key: item for key, item in members.items() if item is not ABSENT}
        if isinstance(data, list):
            return [item for entry in data if (item := self.value(entry, at)) is not ABSENT]
        return data

    def text(self, data: str, at: str) -> str:
        """Fill a string that stays text, even where it is one token."""
        return substitute(_scan(data), lambda token: self._token_text(token, at))

    def _string(self, data: str, at: str) -> Any:
        read = _scan(data)
        token = only_token(read)
        return self._lookup(token, at) if token else substitute(read, lambda inner: self._token_text(inner, at))

    def _lookup(self, token: Token, at: str) -> Any:
        values = self.secrets if token.kind == "secret" else self.inputs
        return self._follow_path(values.get(token.path.root, ABSENT), token.path, at)

    def _follow_path(self, value: Any, path: TokenPath, at: str) -> Any:
        """Follow a path. What is not there is ABSENT; nothing is below `__EMPTY__` but itself."""
        for key in path.keys:
            if value is ABSENT or value == EMPTY:
                return value
            if isinstance(value, dict) and isinstance(key, str):
                value = value.get(key, ABSENT)
            elif isinstance(value, list) and isinstance(key, int):
                value = value[key] if key < len(value) else ABSENT
            elif value is None:
                return ABSENT
            else:
                self.problems.append(f"{at}: `<{path}>` looks inside a value that is `{kind(value)}`")
                return ABSENT
        return value

    def _token_text(self, token: Token, at: str) -> str:
        value = self._lookup(token, at)
        if value is ABSENT or value is None or value == EMPTY:
            return ""
        if isinstance(value, dict | list):
            self.problems.append(f"{at}: `<{token.path}>` is `{kind(value)}` and cannot stand inside a longer text")
            return ""
        return value if isinstance(value, str) else json.dumps(value)


_scan = lru_cache(1024)(scan_string)
"""The strings of a chain are the same for every row of a batch."""


def resolve_refs(value: Any, known: Mapping[str, Any], *, keep: bool = False) -> Any:
    """Put what is known in the place of refs. One that leads nowhere is ABSENT; so is one to an alias that is not
    known, unless `keep` leaves it as it is.
    """

    def read(ref: Ref, written: Any) -> Any:
        return written if keep and ref.alias not in known else output_at(known.get(ref.alias), ref)

    return replace_refs(value, read)


def replace_refs(value: Any, read: Callable[[Ref, Any], Any]) -> Any:
    """Put what `read` finds in the place of refs, which it gets as they are meant and as they are written; members and
    entries that are absent are left out.
    """
    if is_ref(value):
        ref = parse_ref(value["$ref"])
        return read(ref, value) if isinstance(ref, Ref) else ABSENT
    if isinstance(value, dict):
        members = {key: replace_refs(item, read) for key, item in value.items()}
        return {key: item for key, item in members.items() if item is not ABSENT}
    if isinstance(value, list):
        return [item for entry in value if (item := replace_refs(entry, read)) is not ABSENT]
    return value


def output_at(outputs: Any, ref: Ref) -> Any:
    """What a ref reads in the outputs of a step, ABSENT where it leads nowhere."""
    found = follow_keys(outputs, ref.keys)
    return ABSENT if found == EMPTY else found
