"""The inputs of a chain or workflow as they are given: `-i key=value`, a JSON file, one row of a table. Checked whole
before anything is sent; every problem is found, none is raised here.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from cyberflow.diagnostics import did_you_mean, nearest
from cyberflow.hidden import reveal
from cyberflow.run.inputs.hints import Hint, HintedText
from cyberflow.run.inputs.pairs import INPUT, ArgumentProblem, read_pairs
from cyberflow.schema.describe import describe
from cyberflow.schema.read_value import (
    HALF_CHARACTER,
    Keys,
    UnreadableValue,
    faults,
    is_encodable,
    read_json,
    read_value,
    value_path,
)
from cyberflow.schema.values import EMPTY


class Runnable(Protocol):
    """What `run` asks of a bundled chain or workflow: its `inputs` and `secrets` are `{name: {schema, required}}`."""

    @property
    def name(self) -> str: ...
    @property
    def inputs(self) -> Mapping[str, Any]: ...
    @property
    def secrets(self) -> Mapping[str, Any]: ...
    @property
    def from_machine(self) -> Sequence[str]: ...


@dataclass(frozen=True)
class CheckedInputs:
    """Values by name, defaults included, and everything that is wrong with them."""

    values: Mapping[str, Any]
    problems: tuple[ArgumentProblem, ...] = ()


def read_inputs(what: Runnable, pairs: Sequence[str] = (), document: Mapping[str, Any] | None = None) -> CheckedInputs:
    """Merge `-i` texts over a document of JSON values, apply defaults, and hold everything against its type.

    A name that `from_machine` supplies may be absent, and then gets no default: a value of the run would win over the
    machine's own.
    """
    values = {name: value for name, value in (document or {}).items() if name in what.inputs}
    problems = [unknown_input(what, name) for name in document or {} if name not in what.inputs]
    problems += _read_texts(what, pairs, values)
    told = {problem.about for problem in problems}
    for name, declared in what.inputs.items():
        if name in told:
            continue
        if name not in values and "default" in declared["schema"] and name not in what.from_machine:
            values[name] = copy.deepcopy(declared["schema"]["default"])
        problems += (ArgumentProblem(name, text) for text in _check(what, name, values))
    return CheckedInputs(values, tuple(problems))


def _read_texts(what: Runnable, texts: Sequence[str], values: dict[str, Any]) -> Iterator[ArgumentProblem]:
    """Read `-i` texts into `values`, over what is there."""
    pairs, problems = read_pairs(INPUT, texts, what.inputs, lambda name: unknown_input(what, name))
    yield from problems
    for name, text in pairs.items():
        schema = what.inputs[name]["schema"]
        try:
            values[name] = read_value(schema, text)
        except UnreadableValue as error:
            yield ArgumentProblem(name, f"input `{name}` must be `{describe(schema)}`; what was given {error}")


def texts_like_json(declared: Mapping[str, Any], texts: Sequence[str]) -> list[str]:
    """The inputs whose `-i` text is taken as text, and would be JSON of another kind that their type takes as well."""
    return [name for text in texts for name, _, value in [text.partition("=")] if _is_like_json(declared, name, value)]


def _is_like_json(declared: Mapping[str, Any], name: str, text: str) -> bool:
    try:
        schema = declared[name]["schema"]
        value = read_json(text)
        return read_value(schema, text) is text and not isinstance(value, str) and not any(faults(schema, value))
    except (KeyError, UnreadableValue):
        return False


def unknown_input(what: Runnable, name: str) -> ArgumentProblem:
    """What to say of a name that is not an input."""
    secret = name.removeprefix("$")
    if secret in what.secrets:
        lead = f"`{secret}` is a secret and is given by where to find it: "
        text = HintedText(lead, Hint("secret", secret, "env:VARIABLE"))
        return ArgumentProblem(f"${secret}", text)
    root = name.replace("[", ".").partition(".")[0]
    if root in what.inputs:
        return ArgumentProblem(root, HintedText(f"`{root}` is given as a whole: ", Hint("whole", root)))
    help = did_you_mean(name, what.inputs) or "it takes none"
    return ArgumentProblem(nearest(name, what.inputs) or name, f"`{what.name}` has no input `{name}`: {help}")


def _check(what: Runnable, name: str, values: Mapping[str, Any]) -> Iterator[str]:
    declared = what.inputs[name]
    value = values.get(name, EMPTY)
    if not is_encodable(value):
        yield f"input `{name}` {HALF_CHARACTER}"
    elif value != EMPTY:
        yield from describe_faults("input", name, declared["schema"], value)
    elif declared["required"] and name in values:
        yield f"input `{name}` is required, and `{EMPTY}` counts as not given"
    elif declared["required"] and name not in what.from_machine:
        lead, type = f"input `{name}` is missing: give it with ", describe(declared["schema"])
        yield HintedText(lead, Hint("input", name), f", a `{type}`")


def describe_faults(
    noun: str, name: str, schema: Any, value: Any, *, secret: bool = False, refs: Sequence[Keys] = ()
) -> Iterator[str]:
    """What does not fit, in words: of a secret neither keys nor values. `refs` are places whose values come later."""
    found = faults(schema, reveal(value) if secret else value, secret=secret, refs=refs)
    yield from dict.fromkeys(f"{noun} `{name if secret else value_path(name, keys)}` {how}" for keys, how in found)
