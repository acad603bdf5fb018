"""Data that does not fit its model. pydantic says what is wrong; here it becomes findings with places, and what can be
saved is: a misspelt key is read as the one it meant, a broken field is left out and remembered.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from cyberflow.diagnostics import Diagnostic, did_you_mean, nearest
from cyberflow.language.closed_model import ClosedModel
from cyberflow.language.project.list_moves import ListMoves
from cyberflow.language.project.naming import bad_name, repeated_name
from cyberflow.language.project.routes import remove_at, replace_at, value_at
from cyberflow.language.pydantic_models import pydantic_model
from cyberflow.source import Place, Route

_MISSING_HELP = {
    "prompt": "write `prompt:` and a text, or `prompt: {file: PATH}`",
    "steps": "write `steps:` and a list of `{id: NAME, workflow: NAME}`",
    "run": "write `run:` and the name of a chain, workflow, task or pipeline",
    "project": "write `project:` and a name",
    "id": "write `id:` and a name for this step",
    "workflow": "write `workflow:` and the name of one",
    "name": "write `name:` and a text",
    "type": "write `type:` and the kind of check",
    "file": "write `file:` and a path",
}
_ALSO_CALLED = {"name": "id", "alias": "id", "uses": "workflow", "title": "name", "prompt_file": "prompt"}
_ALSO_CALLED |= dict.fromkeys(("workflow", "chain", "task", "pipeline"), "run")
_ALSO_CALLED |= dict.fromkeys(("with", "args", "arguments", "parameters", "variables"), "inputs")
_ALSO_CALLED |= {"if": "when", "foreach": "each", "for_each": "each", "desc": "description", "returns": "outputs"}
"""What other languages call a key, where what is spelt alike means something else."""
_ELSEWHERE = {"tests": "tests stand in files of their own, below `tests/`"}
"""Keys of other files of a project."""
_ARMS = ("<text>", "<file>", "<mapping>")
"""Tags of the arms of a union."""
_MOST_ROUNDS = 20
_STAND_INS: dict[str, Any] = {
    "prompt": "",
    "steps": [],
    "run": "",
    "call": "",
    "wait": "0s",
    "signal": "",
    "times": 1,
    "project": "unnamed",
    "id": "unnamed",
    "workflow": "",
    "name": "unnamed",
    "type": "run_attachment_exists",
}
"""What stands for a required field that is missing or broken; no rule speaks of a broken field."""
_Notes = tuple[set[str], list[tuple[Route, str]], ListMoves]


@dataclass(frozen=True)
class _Fault:
    """What pydantic says of data, with the route in the data as it was then and as it is written."""

    detail: ErrorDetails
    route: Route
    written: Route
    data: Any


def mend(
    closed: type[ClosedModel], data: Any, place: Place
) -> tuple[Any, tuple[Diagnostic, ...], frozenset[str], tuple[tuple[Route, str | int], ...]]:
    """Say what is wrong with data of a model, and give what is left that fits (None when it is beyond saving), the keys
    that were left out, and the routes that are read otherwise than they are written: misspelt keys, and entries of
    lists of which one before was left out.
    """
    model = pydantic_model(closed)
    faults: list[_Fault] = []
    broken: set[str] = set()
    renamed: list[tuple[Route, str]] = []
    moves = ListMoves()
    for _ in range(_MOST_ROUNDS):
        try:
            model.model_validate(data)
        except ValidationError as error:
            details = error.errors(include_url=False)
        else:
            break
        misspelt = [detail for detail in details if detail["type"] == "extra_forbidden"]
        for detail in reversed(misspelt or details):
            route = _route(detail)
            faults.append(_Fault(detail, route, moves.route_in_file(route), data))
            data = _mend(model, detail, route, data, (broken, renamed, moves))
    else:
        data = None
    problems = tuple(_findings(model, faults, place, moves))
    otherwise: list[tuple[Route, str | int]] = [(moves.route_in_data(route), spelt) for route, spelt in renamed]
    otherwise += moves.pairs()
    return data, problems, frozenset(broken), tuple(((*place.route, *route), step) for route, step in otherwise)


def _findings(model: type[BaseModel], faults: list[_Fault], place: Place, moves: ListMoves) -> Iterator[Diagnostic]:
    for index, fault in enumerate(faults):
        written = fault.written
        follows = any(one.written[: len(written)] == written != one.written for one in faults[:index])
        if not (follows and fault.detail["type"] == "wrong-type"):  # from what was left out below it
            yield _finding(model, fault, place, place.at(*moves.route_in_data(written)))


def _route(detail: ErrorDetails) -> Route:
    """Where in the data it is wrong; pydantic's words for an arm of a union and for a key are not steps."""
    *above, last = detail["loc"] or ("",)
    kept = [step for step in above if step not in _ARMS]
    if detail["type"] == "extra_forbidden" or last not in (*_ARMS, "[key]", ""):
        kept.append(last)
    return tuple(kept)


def _mend(model: type[BaseModel], detail: ErrorDetails, route: Route, data: Any, notes: _Notes) -> Any:
    """Take what is wrong out of the data, or put a stand-in for what is missing, so that the rest can be read."""
    broken, renamed, moves = notes
    if not route:
        broken.update(_list_keys(model, ()))
        needed = [field.alias or key for key, field in model.model_fields.items() if field.is_required()]
        return {key: _STAND_INS[key] for key in needed}
    parent = value_at(data, route[:-1])
    if detail["type"] == "extra_forbidden":
        meant = _find_intended_key(str(route[-1]), _list_keys(model, route[:-1]), parent)
        if meant and isinstance(parent, dict) and meant not in parent:
            renamed.append((moves.route_in_file((*route[:-1], meant)), str(route[-1])))
            mended = {meant if key == route[-1] else key: value for key, value in parent.items()}
            if route[-1] == "prompt_file":
                mended[meant] = {"file": mended[meant]}
            return replace_at(data, route[:-1], mended)
        return remove_at(data, route)
    broken.add(str(route[0]))
    if len(route) > 1 and isinstance(route[1], int):  # which entry, as long as none is taken out
        broken.add(f"{route[0]}[{route[1] if route[2:] else ''}]")
    name = str(route[-1])
    if name in _STAND_INS and isinstance(parent, dict) and "[key]" not in detail["loc"]:
        return replace_at(data, route[:-1], {**parent, name: _STAND_INS[name]})
    if isinstance(parent, list):
        moves.leave_out(route, len(parent))
    return remove_at(data, route)


def _find_intended_key(key: str, known: list[str], beside: Any) -> str | None:
    also = _ALSO_CALLED.get(key)
    if also in known:
        return None if also in beside else also
    return None if key in _ELSEWHERE else nearest(key, known)


def _finding(model: type[BaseModel], fault: _Fault, place: Place, at: Place) -> Diagnostic:
    """The finding about a fault, at its place in the data."""
    from cyberflow.language.project.decode_fixes import fix_key
    from cyberflow.language.project.wrong_types import wrong_type

    detail, route, data, kind = fault.detail, fault.route, fault.data, fault.detail["type"]
    written = (*place.route, *fault.written)
    name = _display_name(written)
    if kind == "extra_forbidden":
        known = _list_keys(model, route[:-1])
        meant = _find_intended_key(str(route[-1]), known, value_at(data, route[:-1]))
        help = f"did you mean `{meant}`?" if meant else did_you_mean(str(route[-1]), known)
        if route[-1] == "prompt_file":
            help = "write `prompt: {file: PATH}`"
        help = _ELSEWHERE.get(str(route[-1]), help)
        beside = value_at(data, route[:-1])
        fix = fix_key(at, meant, known, beside) if meant else None
        return Diagnostic("unknown-key", f"there is no key {name} here", at.at_key(), help=help, fix=fix)
    if kind == "missing":
        message, owner = f"{_display_name(written[:-1])} has no {name}", replace(at, route=at.route[:-1])
        return Diagnostic("missing-key", message, owner.at_key(), help=_MISSING_HELP.get(str(route[-1])))
    if kind == "secret-in-source":
        help = "name where it is found: `{env: NAME}`, `{file: PATH}` or `{keyring: SERVICE/USER}`"
        return Diagnostic(kind, f"{name} holds a literal secret", at, note="this is in git for ever", help=help)
    if kind == "secret-in-test":
        help = "write `any`: a test needs no secret"
        message, note = f"{name} holds a literal secret", "this is in git for ever"
        return Diagnostic("secret-in-source", message, at, note=note, help=help)
    if kind == "duplicate-name":
        return repeated_name([name.removesuffix("?") for name in detail["input"]], at)
    if kind in ("bad-name", "bad-project-name", "bad-duration"):
        return _bad_word(kind, detail, at)
    return wrong_type(name, detail, at, value_at(data, route))


def _bad_word(kind: str, detail: ErrorDetails, at: Place) -> Diagnostic:
    if "[key]" in detail["loc"]:
        return bad_name(str(at.route[-1]), at.at_key())
    value = detail["input"]
    if kind == "bad-duration":
        return Diagnostic(
            "wrong-type", f"`{value}` is not a duration", at, help="write a number and `s`, `m` or `h`: `20m`"
        )
    return bad_name(str(value), at, project=kind == "bad-project-name")


def _display_name(route: Route) -> str:
    if not route:
        return "the file"
    if isinstance(route[-1], int):
        return f"item {route[-1] + 1} of {_display_name(route[:-1])}"
    return f"`{route[-1]}`"


def _list_keys(model: Any, route: Route) -> list[str]:
    """The keys that the model allows at a route, for suggestions."""
    for step in route:
        model = _child_annotation(model, step)
    model = _strip_annotation(model)
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        return []
    return [field.alias or name for name, field in model.model_fields.items()]


def _child_annotation(model: Any, step: str | int) -> Any:
    model = _strip_annotation(model)
    if isinstance(model, type) and issubclass(model, BaseModel):
        by_key = {field.alias or name: field for name, field in model.model_fields.items()}
        return by_key[str(step)].annotation if step in by_key else None
    arguments = get_args(model)
    return arguments[-1] if arguments and get_origin(model) in (dict, list) else None


def _strip_annotation(model: Any) -> Any:
    """Take `Annotated`, `None` and the text form of a prompt off an annotation."""
    while True:
        origin = get_origin(model)
        if origin is Annotated:
            model = get_args(model)[0]
        elif origin in (Union, UnionType):
            model = [arm for arm in get_args(model) if arm is not type(None)][-1]
        else:
            return model
