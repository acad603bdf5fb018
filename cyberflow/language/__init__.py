"""What people write, read into a `Project`. Knows files, YAML, templates and the prompt language; knows no service."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cyberflow.language.model import Chain, Cyberun, File, FileText, ProjectFile, Step, Target, Task, Workflow
    from cyberflow.language.project import Definition, Project, Sourced, decode_for, read, target_of
    from cyberflow.language.prompt_texts import PromptText
    from cyberflow.language.walking import find_root

_HOMES = {
    "model": (
        "Chain",
        "Cyberun",
        "File",
        "FileText",
        "ProjectFile",
        "Step",
        "Target",
        "Task",
        "Workflow",
    ),
    "project": (
        "Definition",
        "Project",
        "Sourced",
        "decode_for",
        "read",
        "target_of",
    ),
    "prompt_texts": ("PromptText",),
    "walking": ("find_root",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "Chain",
    "Cyberun",
    "Definition",
    "File",
    "FileText",
    "Project",
    "ProjectFile",
    "PromptText",
    "Sourced",
    "Step",
    "Target",
    "Task",
    "Workflow",
    "decode_for",
    "find_root",
    "read",
    "target_of",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
    globals()[name] = value
    return value
