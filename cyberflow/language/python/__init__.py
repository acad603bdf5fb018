"""The language for people who think in Python: decorators and annotations to the same documents as the YAML gives.
Knows the user's modules and functions; knows no rule and no service.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cyberflow.language.python.declare import (
        Chain,
        Declaration,
        Secret,
        Workflow,
        WorkflowRef,
        chain,
        workflow,
        workflow_ref,
    )
    from cyberflow.language.python.document import PythonDocument
    from cyberflow.language.python.load import read_modules
    from cyberflow.language.python.modules import is_reading
    from cyberflow.language.python.symbols import Misuse
    from cyberflow.language.python.task import TaskRef, task_ref

_HOMES = {
    "declare": ("Chain", "Declaration", "Secret", "Workflow", "WorkflowRef", "chain", "workflow", "workflow_ref"),
    "document": ("PythonDocument",),
    "load": ("read_modules",),
    "modules": ("is_reading",),
    "symbols": ("Misuse",),
    "task": ("TaskRef", "task_ref"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "Chain",
    "Declaration",
    "Misuse",
    "PythonDocument",
    "Secret",
    "TaskRef",
    "Workflow",
    "WorkflowRef",
    "chain",
    "is_reading",
    "read_modules",
    "task_ref",
    "workflow",
    "workflow_ref",
]

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        if name not in _HOME_OF:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)

    def __dir__() -> list[str]:
        return sorted(__all__)
