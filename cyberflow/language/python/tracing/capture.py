"""What a chain's function hands to a step, as data: symbols become refs and tokens, models become objects, and the
marks that f-strings hold become tokens again.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from typing import Any, Final

from pydantic import BaseModel
from pydantic_core import PydanticSerializationError, to_jsonable_python

from cyberflow.language.prompt.paths import WORD
from cyberflow.language.prompt.strings import scan_string
from cyberflow.language.python.signature import field_values
from cyberflow.language.python.tracing.symbols import BROKEN, MARK, Origin, Symbol, origin_of
from cyberflow.late import dataclass, expression
from cyberflow.source import Route

_OPEN, _SHUT = MARK.format("|").split("|")
_MARKED = expression(f"{_OPEN}([^{_OPEN}{_SHUT}]*){_SHUT}")
_WORD = expression(WORD)
_QUOTABLE = expression(r"[^'<>{}\r\n]*")
DROPPED: Final = object()
"""Stands for a value of which a finding was noted already."""


@dataclass(frozen=True)
class ValueProblem:
    """What is wrong with a value, and where inside it."""

    route: Route
    message: str
    help: str


@dataclass
class CapturedValue:
    """A value as data. `symbols` says which of its parts come from where, `texts` what the texts are made of: a number
    stands for the length of a token.
    """

    origin_of_mark: Callable[[str], Origin | None]
    members: Callable[[Origin], Sequence[str] | None]
    data: Any = None
    symbols: dict[Route, Origin] = field(default_factory=dict)
    texts: dict[Route, list[str | int]] = field(default_factory=dict)
    problems: list[ValueProblem] = field(default_factory=list)

    def capture(self, value: Any) -> Any:
        """Give the data of a value; DROPPED when some of it cannot be sent."""
        self.data = self._capture(value, ())
        return self.data

    def _capture(self, value: Any, route: Route) -> Any:
        if isinstance(value, Symbol):
            return self._capture_symbol(origin_of(value), route)
        if isinstance(value, str):
            return self._capture_text(str(value), route)
        if isinstance(value, Mapping):
            return self._capture_object(value, route)
        if isinstance(value, list | tuple):
            items = [self._capture(item, (*route, index)) for index, item in enumerate(value)]
            return DROPPED if any(item is DROPPED for item in items) else items
        if isinstance(value, BaseModel) or (dataclasses.is_dataclass(value) and not isinstance(value, type)):
            return self._capture_object(field_values(value), route)
        try:
            return to_jsonable_python(value, by_alias=True)
        except PydanticSerializationError:
            kind = type(value).__name__
            return self._add_problem(
                route, f"a value of the type `{kind}` cannot be sent", "pass text, numbers, lists, models"
            )

    def _capture_object(self, value: Mapping[Any, Any], route: Route) -> Any:
        made = {}
        for key, item in value.items():
            if not isinstance(key, str) or _OPEN in key:
                made[""] = self._add_problem(
                    route, "the keys of an object are texts without inputs in them", "name each key"
                )
            else:
                made[key] = self._capture(item, (*route, key))
        return DROPPED if any(item is DROPPED for item in made.values()) else made

    def _capture_symbol(self, origin: Origin, route: Route) -> Any:
        if origin.kind == "broken":
            return DROPPED
        if origin.kind == "output" and (names := self.members(origin)) is not None:
            if not names and not origin.keys:
                return self._add_problem(
                    route, f"`{origin.root}` has no outputs", "give its function a return type with fields"
                )
            made = {name: dataclasses.replace(origin, keys=(*origin.keys, name)) for name in names}
            self.symbols[route] = origin
            return {name: self._reference(one, (*route, name)) for name, one in made.items()}
        return self._reference(origin, route)

    def _reference(self, origin: Origin, route: Route) -> Any:
        path = _path_text(origin.keys)
        if path is None:
            return self._add_problem(
                route, f"`{origin.display_name}` cannot be written as a path", "hand on the object that holds it"
            )
        self.symbols[route] = origin
        if origin.kind == "output":
            self.symbols[(*route, "$ref")] = origin
            return {"$ref": f"{origin.root}.outputs{path}"}
        return f"<{'$' if origin.kind == 'secret' else ''}{origin.root}{path}>"

    def _capture_text(self, text: str, route: Route) -> Any:
        if _OPEN not in text and _SHUT not in text:
            return text
        parts: list[str | int] = []
        out, spans = "", []
        for index, piece in enumerate(_MARKED.split(text)):
            if index % 2 == 0:
                parts.append(piece)
                out += piece
                continue
            origin = self.origin_of_mark(piece)
            path = None if origin is None else _path_text(origin.keys)
            if origin is None or path is None:
                return DROPPED if f"{_OPEN}{piece}{_SHUT}" == BROKEN else self._report_changed_text(route)
            token = f"<{origin.root}{path}>"
            spans.append((len(out), len(out) + len(token)))
            parts.append(len(token))
            out += token
        if BROKEN[0] in out or _SHUT in out:
            return self._report_changed_text(route)
        if missing := set(spans) - {(token.start, token.end) for token in scan_string(out).tokens}:
            hidden = out[slice(*min(missing))]
            return self._add_problem(
                route, f"what stands around `{hidden}` hides it", "take the backslash before it away"
            )
        self.texts[route] = parts
        return out

    def _report_changed_text(self, route: Route) -> Any:
        help = "write the input plainly, as {name}, and leave the text as it is"
        return self._add_problem(route, "a text with an input in it was changed before it was passed on", help)

    def _add_problem(self, route: Route, message: str, help: str) -> Any:
        self.problems.append(ValueProblem(route, message, help))
        return DROPPED


def _path_text(keys: Sequence[str | int]) -> str | None:
    path = ""
    for key in keys:
        if isinstance(key, int):
            path += f"[{key}]"
        elif _WORD.fullmatch(key):
            path += f".{key}"
        elif _QUOTABLE.fullmatch(key):
            path += f"['{key}']"
        else:
            return None
    return path
