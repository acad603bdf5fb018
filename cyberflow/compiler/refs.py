"""The grammar of `$ref`: `<alias>.outputs.<path>`, a path of the prompt language whose first key is `outputs`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cyberflow.language.prompt.paths import TokenPath


@dataclass(frozen=True, slots=True)
class Ref:
    """A reference that parses. `indexed` says that it uses `[0]` or `['k']`, which the service documents for prompts
    only.
    """

    alias: str
    keys: tuple[str | int, ...]
    indexed: bool = False

    def __str__(self) -> str:
        keys = (f"[{key}]" if isinstance(key, int) else f".{key}" for key in self.keys)
        return f"{self.alias}.outputs{''.join(keys)}"


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
