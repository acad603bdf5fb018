"""Plain data to models. pydantic says what is wrong; here it becomes findings with places, and what can be saved is:
a misspelt key is read as the one it meant, a broken field is left out and remembered.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import UnionType
from typing import Annotated, Any, Generic, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from cyberflow.diagnostics import Diagnostic, did_you_mean, nearest
from cyberflow.source import Place, Route

M = TypeVar("M", bound=BaseModel)

_EXPECTED = {
    "string_type": "text",
    "bool_type": "`true` or `false`",
    "int_type": "a whole number",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
}
_NAME_HELP = "a name is letters, digits, `_` and `-`, begins with a letter or `_`, and has at most 63 characters"
_MOST_ROUNDS = 20
_STAND_INS: dict[str, Any] = {
    "prompt": "",
    "steps": [],
    "project": "unnamed",
    "id": "unnamed",
    "workflow": "",
    "name": "unnamed",
    "type": "run_attachment_exists",
}
"""What stands for a required field that is missing or broken; no rule speaks of a broken field."""
_Notes = tuple[set[str], list[tuple[Route, str]], Place]


@dataclass(frozen=True)
class Decoded(Generic[M]):
    """What came of one body: the model (None when beyond saving), its findings, the keys that were left out, and
    misspelt keys with the ones they are read as.
    """

    model: M | None
    problems: tuple[Diagnostic, ...] = ()
    broken: frozenset[str] = frozenset()
    renamed: tuple[tuple[Route, str], ...] = ()


def decode(model: type[M], data: Any, place: Place) -> Decoded[M]:
    """Read `data`, written at `place`, as `model`."""
    problems: list[Diagnostic] = []
    broken: set[str] = set()
    renamed: list[tuple[Route, str]] = []
    for _ in range(_MOST_ROUNDS):
        try:
            return Decoded(model.model_validate(data), tuple(problems), frozenset(broken), tuple(renamed))
        except ValidationError as error:
            details = error.errors(include_url=False)
            misspelt = [detail for detail in details if detail["type"] == "extra_forbidden"]
            for detail in reversed(misspelt or details):
                route = _route(detail["loc"])
                problems.append(_finding(model, detail, route, place, data))
                data = _mend(model, detail, route, data, (broken, renamed, place))
    return Decoded(None, tuple(problems), frozenset(broken), tuple(renamed))


def _route(loc: tuple[int | str, ...]) -> Route:
    return tuple(step for step in loc if not (isinstance(step, str) and step.startswith(("<", "[key]"))))


def _mend(model: type[BaseModel], detail: ErrorDetails, route: Route, data: Any, notes: _Notes) -> Any:
    """Take what is wrong out of the data, or put a stand-in for what is missing, so that the rest can be read."""
    broken, renamed, place = notes
    if not route:
        return {}
    parent = _get(data, route[:-1])
    if detail["type"] == "extra_forbidden":
        meant = nearest(str(route[-1]), _fields(model, route[:-1]))
        if meant and isinstance(parent, dict) and meant not in parent:
            renamed.append(((*place.route, *route[:-1], meant), str(route[-1])))
            return _replaced(data, route[:-1], {meant if k == route[-1] else k: v for k, v in parent.items()})
        return _without(data, route)
    broken.add(str(route[0]))
    name = str(route[-1])
    if name in _STAND_INS and isinstance(parent, dict) and "[key]" not in detail["loc"]:
        return _replaced(data, route[:-1], {**parent, name: _STAND_INS[name]})
    return _without(data, route)


def _finding(model: type[BaseModel], detail: ErrorDetails, route: Route, place: Place, data: Any) -> Diagnostic:
    at, kind = place.at(*route), detail["type"]
    name = _shown(at.route)
    if kind == "extra_forbidden":
        known = _fields(model, route[:-1])
        return Diagnostic(
            "unknown-key", f"there is no key {name} here", at.key(), help=did_you_mean(str(route[-1]), known)
        )
    if kind == "missing":
        owner = place.at(*route[:-1])
        message = f"{_shown(owner.route)} has no {name}"
        return Diagnostic("missing-key", message, owner.key(), note=f"{name} is missing")
    if kind == "secret-in-source":
        help = "name where it is found: `{env: NAME}`, `{file: PATH}` or `{keyring: SERVICE/USER}`"
        return Diagnostic(kind, f"{name} holds a literal secret", at, note="this is in git for ever", help=help)
    if kind in ("bad-name", "bad-project-name", "bad-duration"):
        return _bad_word(kind, name, detail, at)
    message, note = _type_text(name, detail)
    return Diagnostic(
        "wrong-type",
        message,
        at,
        note=note,
        help=_type_help(str(at.route[-1:] and at.route[-1]), detail, _get(data, route)),
    )


def _bad_word(kind: str, name: str, detail: ErrorDetails, at: Place) -> Diagnostic:
    if "[key]" in detail["loc"]:
        return Diagnostic("bad-name", f"{name} is no name", at.key(), help=_NAME_HELP)
    value = detail["input"]
    if kind == "bad-duration":
        return Diagnostic(
            "wrong-type", f"`{value}` is no duration", at, help="write a number and `s`, `m` or `h`: `20m`"
        )
    help = _NAME_HELP
    if kind == "bad-project-name":
        help = "small letters, digits and `-`, a letter first, at most 63 characters"
    return Diagnostic("bad-name", f"`{value}` is no name", at, help=help)


def _type_text(name: str, detail: ErrorDetails) -> tuple[str, str]:
    kind, value = detail["type"], detail["input"]
    if kind == "literal_error":
        return f"{name} must be one of {detail.get('ctx', {}).get('expected', '')}", f"this is `{value}`"
    if kind in ("string_too_long", "too_long"):
        return f"{name} is too long", f"at most {detail.get('ctx', {}).get('max_length')}"
    if kind in _EXPECTED:
        return f"{name} must be {_EXPECTED[kind]}", f"this is {spoken_kind(value)}"
    return f"{name} {detail['msg']}", f"this is {spoken_kind(value)}"


def _type_help(name: str, detail: ErrorDetails, value: Any) -> str | None:
    if detail["type"] == "string_type" and isinstance(value, bool | int | float):
        return "put quotes around it"
    if detail["type"] == "bool_type" and value in ("yes", "no", "on", "off"):
        return f"in YAML 1.2 `{value}` is text: write `true` or `false`"
    if detail["type"] == "literal_error":
        known = [
            word.strip("'") for word in str(detail.get("ctx", {}).get("expected", "")).replace(" or ", ", ").split(", ")
        ]
        meant = nearest(str(value), known)
        return f"did you mean `{meant}`?" if meant else None
    if detail["type"] == "list_type" and isinstance(value, str):
        return f"write a list: `{name}: [{value}]`"
    return None


def _shown(route: Route) -> str:
    if not route:
        return "the file"
    if isinstance(route[-1], int):
        return f"item {route[-1] + 1} of {_shown(route[:-1])}"
    return f"`{route[-1]}`"


def spoken_kind(value: Any) -> str:
    """Say what kind of YAML value this is, as a person would."""
    if value is None:
        return "nothing"
    for kind, words in ((bool, "a boolean"), (int, "a number"), (float, "a number"), (str, "text"), (list, "a list")):
        if isinstance(value, kind):
            return words
    return "a mapping"


def _fields(model: Any, route: Route) -> list[str]:
    """The keys that the model allows at a route, for suggestions."""
    for step in route:
        model = _inner(model, step)
    model = _plain(model)
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        return []
    return [field.alias or name for name, field in model.model_fields.items()]


def _inner(model: Any, step: str | int) -> Any:
    model = _plain(model)
    if isinstance(model, type) and issubclass(model, BaseModel):
        by_key = {field.alias or name: field for name, field in model.model_fields.items()}
        return by_key[str(step)].annotation if step in by_key else None
    arguments = get_args(model)
    return arguments[-1] if arguments and get_origin(model) in (dict, list) else None


def _plain(model: Any) -> Any:
    """Take `Annotated`, `None` and the text form of a prompt off an annotation."""
    while True:
        origin = get_origin(model)
        if origin is Annotated:
            model = get_args(model)[0]
        elif origin in (Union, UnionType):
            model = [arm for arm in get_args(model) if arm is not type(None)][-1]
        else:
            return model


def _get(data: Any, route: Route) -> Any:
    for step in route:
        try:
            data = data[step]
        except (KeyError, IndexError, TypeError):
            return None
    return data


def _replaced(data: Any, route: Route, value: Any) -> Any:
    if not route:
        return value
    head, rest = route[0], route[1:]
    if isinstance(data, dict) and head in data:
        return {**data, head: _replaced(data[head], rest, value)}
    if isinstance(data, list) and isinstance(head, int) and head < len(data):
        return [*data[:head], _replaced(data[head], rest, value), *data[head + 1 :]]
    return data


def _without(data: Any, route: Route) -> Any:
    if not route:
        return data
    parent = _get(data, route[:-1])
    if isinstance(parent, dict):
        return _replaced(data, route[:-1], {key: value for key, value in parent.items() if key != route[-1]})
    if isinstance(parent, list) and isinstance(route[-1], int):
        kept = [item for index, item in enumerate(parent) if index != route[-1]]
        return _replaced(data, route[:-1], kept)
    return data
