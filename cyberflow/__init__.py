"""Workflow-as-code and chain orchestration for Cyberdesk. Importing this package costs next to nothing."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cyberflow.language.python import Chain, Secret, Workflow, chain, workflow, workflow_ref

__version__ = "0.1.0"
__all__ = ["Chain", "Secret", "Workflow", "__version__", "chain", "workflow", "workflow_ref"]

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        if name in __all__:
            from cyberflow.language import python

            return getattr(python, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__() -> list[str]:
        return sorted(__all__)
