"""The values of a step: tokens and refs of its compiled form with inputs, items and outputs in their place. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cyberflow.compiler.pipeline.form import BundledStep
from cyberflow.compiler.refs import Ref, walk_leaves
from cyberflow.language.prompt.strings import scan_string
from cyberflow.run.chain.interpolate import Interpolator, replace_refs
from cyberflow.schema.values import ABSENT

Lookup = Callable[[Ref], Any]
_ESCAPES = str.maketrans({"[": "%5B", "]": "%5D", "%": "%25", **{chr(code): f"%{code:02X}" for code in range(32)}})


@dataclass
class StepValues:
    """Fills values of a step. `problems` are what cannot be filled, naming places and kinds, never a value."""

    inputs: Mapping[str, Any]
    lookup: Lookup
    problems: list[str] = field(default_factory=list)

    def value(self, data: Any, at: str) -> Any:
        """A value with everything in its place; ABSENT when there is nothing for it."""
        filler = Interpolator(self.inputs)
        filled = replace_refs(filler.value(data, at), lambda ref, _: self.lookup(ref))
        self.problems += filler.problems
        return filled

    def text(self, data: str, at: str) -> str:
        """A text with its tokens in place."""
        filler = Interpolator(self.inputs)
        made = filler.text(data, at)
        self.problems += filler.problems
        return made

    def values(self, data: Mapping[str, Any], noun: str) -> dict[str, Any]:
        """Values by name; those that there is nothing for are left out."""
        filled = {name: self.value(value, f"{noun} `{name}`") for name, value in data.items()}
        return {name: value for name, value in filled.items() if value is not ABSENT}


def item_key(value: Any) -> str | None:
    """The text that names an item in its id, None for what is neither a text nor an integer."""
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        return None
    return str(value).translate(_ESCAPES)


def reads_item(step: BundledStep) -> bool:
    """Whether the condition of a step that runs for each item looks at the item."""
    if step.each is None or step.condition is None:
        return False
    texts = [leaf for _, leaf in walk_leaves(step.condition.value) if isinstance(leaf, str)]
    return any(token.path.root == step.each.name for text in texts for token in scan_string(text).tokens)
