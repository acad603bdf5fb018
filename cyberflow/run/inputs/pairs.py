"""Reading options of the form `key=value`: what each says, what has no `=`, what is unknown and what is given twice."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple


class ArgumentProblem(NamedTuple):
    """Something that keeps a run from starting. `about` is the input, `$secret` or file that it speaks of, or was
    probably meant: one mistake is said once.
    """

    about: str
    text: str


@dataclass(frozen=True)
class PairOption:
    """An option as it is written. `sigil` may stand before its names, and stands before them in problems."""

    flag: str
    form: str
    noun: str
    sigil: str = ""


INPUT = PairOption("-i", "key=value", "input")
SECRET = PairOption("-s", "name=SOURCE", "secret", "$")
FILE = PairOption("--file", "name=PATH", "file")


def read_pairs(
    option: PairOption, texts: Sequence[str], known: Collection[str], unknown: Callable[[str], ArgumentProblem]
) -> tuple[Mapping[str, str], list[ArgumentProblem]]:
    """The texts by name; `unknown` has the words for a name that is not known. No problem repeats a value."""
    pairs: dict[str, str] = {}
    problems: list[ArgumentProblem] = []
    for number, text in enumerate(texts, 1):
        written, equals, value = text.partition("=")
        name = written.removeprefix(option.sigil)
        if not equals:
            problems.append(ArgumentProblem("", f"`{option.flag}` takes {option.form}; number {number} has no `=`"))
        elif name not in known:
            problems.append(unknown(name))
        elif name in pairs:
            problems.append(ArgumentProblem(f"{option.sigil}{name}", f"{option.noun} `{name}` is given twice"))
        else:
            pairs[name] = value
    return pairs, problems
