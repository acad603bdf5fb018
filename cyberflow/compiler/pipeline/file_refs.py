"""References to files of a step: `{$ref: "banner.files['9.images.0']"}`, which the `files` of a later step may hold."""

from __future__ import annotations

from typing import Any

from cyberflow.compiler.refs import is_ref
from cyberflow.language.prompt.paths import TokenPath, format_path
from cyberflow.late import dataclass


@dataclass(frozen=True, slots=True)
class FileRef:
    """One file of one step: an output of a task by its key, an attachment of a chain or workflow by its name."""

    step: str
    key: str

    def __str__(self) -> str:
        return format_path(f"{self.step}.files", (self.key,))


def read_file_ref(value: Any) -> FileRef | str:
    """Read a ref object under `files`; what is wrong with it is said in words."""
    if not is_ref(value) or len(value) != 1:
        return "a file of a step is `{$ref: \"STEP.files['NAME']\"}`"
    path = TokenPath.parse(value["$ref"]) if isinstance(value["$ref"], str) else None
    if path is None or path.keys[:1] != ("files",):
        return "a ref under `files` is `STEP.files['NAME']`"
    if len(path.keys) != 2 or not isinstance(path.keys[1], str):  # noqa: PLR2004 - `files` and the name
        return "a ref under `files` names one file of a step"
    return FileRef(path.root, path.keys[1])
