"""The inputs of a chain, read back from what its steps got: the filling of strings turned round."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from cyberflow.language.prompt.paths import TokenPath
from cyberflow.language.prompt.strings import only_token, scan_string, substitute
from cyberflow.language.prompt.tokens import ScannedPrompt
from cyberflow.schema.paths import FoundType, lookup
from cyberflow.schema.validation.validate import accepts
from cyberflow.schema.values import ABSENT, EMPTY, follow_keys

_MOST_GAPS = 3
"""Each further one makes the search of a long text that much longer."""


def read_back(steps: Iterable[tuple[Any, Any]], types: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs that step inputs, as they are written and as they came, leave no doubt about, by name."""
    pairs = [(scan_string(text), got) for written, got in steps for text, got in _strings(written, got)]
    wholes: dict[TokenPath, Any] = {}
    for scanned, got in pairs:
        token = only_token(scanned)
        if token is not None and token.kind == "input" and got != EMPTY:
            wholes.setdefault(token.path, got)
    found = _assemble(wholes, types)
    for scanned, got in pairs:
        if isinstance(got, str) and only_token(scanned) is None:
            _assemble(_gaps(scanned, got, found, types), types, found)
    return found


def _strings(written: Any, got: Any) -> Iterator[tuple[str, Any]]:
    if got is ABSENT:
        return
    if isinstance(written, str):
        yield written, got
    elif isinstance(written, Mapping):
        for key, item in written.items():
            yield from _strings(item, follow_keys(got, (key,)))
    elif isinstance(written, list) and isinstance(got, list) and len(written) == len(got):
        for one, value in zip(written, got, strict=True):
            yield from _strings(one, value)


def _assemble(
    values: Mapping[TokenPath, Any], types: Mapping[str, Any], into: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Values by path as inputs: whole ones first, then members of what is not known whole."""
    found: dict[str, Any] = {} if into is None else into
    for path, value in sorted(values.items(), key=lambda one: len(one[0].keys)):
        keys = [path.root, *path.keys]
        if path.root not in types or not all(isinstance(key, str) for key in keys):
            continue
        holder: Any = found
        for key in keys[:-1]:
            holder = holder.setdefault(key, {}) if isinstance(holder, dict) else None
        if isinstance(holder, dict):
            holder.setdefault(keys[-1], value)
    return found


def _gaps(scanned: ScannedPrompt, got: str, known: Mapping[str, Any], types: Mapping[str, Any]) -> dict[TokenPath, Any]:
    """What stands in a text where its tokens were, if it can be cut in one way alone."""
    if any(token.kind != "input" for token in scanned.tokens):
        return {}
    paths = [token.path for token in scanned.tokens]
    values = {path: follow_keys(known, (path.root, *path.keys)) for path in paths}
    gaps = [path for path in dict.fromkeys(paths) if values[path] is ABSENT]
    if not 0 < len(gaps) <= _MOST_GAPS:
        return {}
    order = iter(paths)
    text = substitute(scanned, lambda _: f"\0{paths.index(next(order))}\0")
    parts = [paths[int(part)] if at % 2 else part for at, part in enumerate(re.split("\0([0-9]+)\0", text))]
    pieces = [values[one] if isinstance(one, TokenPath) and one not in gaps else one for one in parts]
    least, most = _match(pieces, ".*?", got), _match(pieces, ".*", got)
    if least is None or most is None or least.groups() != most.groups():
        return {}
    return {path: _typed(text, path, types) for path, text in zip(gaps, least.groups(), strict=True) if text}


def _match(pieces: Iterable[Any], gap: str, got: str) -> re.Match[str] | None:
    """A text held against its pieces, of which paths are gaps and everything else stands as it is."""
    names: dict[TokenPath, str] = {}
    pattern = ""
    for piece in pieces:
        if not isinstance(piece, TokenPath):
            pattern += re.escape(piece if isinstance(piece, str) else json.dumps(piece))
        elif piece in names:
            pattern += f"(?P={names[piece]})"
        else:
            names[piece] = f"gap{len(names)}"
            pattern += f"(?P<{names[piece]}>{gap})"
    return re.fullmatch(pattern, got, re.DOTALL)


def _typed(text: str, path: TokenPath, types: Mapping[str, Any]) -> Any:
    """A text as the type takes it: text where it may be, else the value that it writes."""
    found = lookup(types.get(path.root, True), path.keys)
    if not isinstance(found, FoundType) or accepts(found.schema, text, asserts_format=True) is not False:
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text
