"""References to outputs: `{$ref: <alias>.outputs.<path>}`, read from values and from text. A ref's path is one of the
prompt language, whose first key is `outputs`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cyberflow.language.prompt.paths import TokenPath, format_path
from cyberflow.late import dataclass

Keys = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Ref:
    """A reference that parses. `indexed` says that it uses `[0]` or `['k']`, which the service documents for prompts
    only.
    """

    alias: str
    keys: Keys
    indexed: bool = False

    @property
    def output(self) -> str:
        """The output that it reads, or reads a part of."""
        return str(self.keys[0])

    def __str__(self) -> str:
        return format_path(f"{self.alias}.outputs", self.keys)


def is_ref(value: Any) -> bool:
    """Whether a JSON value is a ref object, well formed or not."""
    return isinstance(value, dict) and "$ref" in value


def parse_ref(text: Any) -> Ref | str:
    """Read a ref; what is wrong with it is said in words."""
    if not isinstance(text, str):
        return "a ref is text"
    path = TokenPath.parse(text)
    if path is None:
        return "a ref is `STEP.outputs.NAME`, with dots and no blanks"
    if path.keys[:1] != ("outputs",):
        return "a ref reads the `outputs` of a step"
    if len(path.keys) == 1:
        return "a ref reads one output, not all of them"
    return Ref(path.root, path.keys[1:], "[" in text)


def read_ref(value: dict[str, Any]) -> Ref | str:
    """Read a ref object; what is wrong with it is said in words."""
    return parse_ref(value["$ref"]) if len(value) == 1 else "a ref has no key beside `$ref`"


def walk_leaves(value: Any, keys: Keys = ()) -> Iterator[tuple[Keys, Any]]:
    """The texts, numbers and ref objects in a JSON value, with the keys that lead to them."""
    if isinstance(value, dict) and not is_ref(value):
        for key, item in value.items():
            yield from walk_leaves(item, (*keys, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from walk_leaves(item, (*keys, index))
    else:
        yield keys, value


def find_refs(value: Any) -> Iterator[tuple[Keys, dict[str, Any]]]:
    """The ref objects in a JSON value, with the keys that lead to them."""
    return ((keys, leaf) for keys, leaf in walk_leaves(value) if is_ref(leaf))
