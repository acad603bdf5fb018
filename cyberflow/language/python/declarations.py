"""Declarations as data: a decorated function, and references to what is declared elsewhere. What they do when they are
called is `sdk.decorators`; nothing is registered anywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Generic, Literal, ParamSpec, TypeAlias, TypeVar

from cyberflow.language.python.tracing.frames import Position

P = ParamSpec("P")
R = TypeVar("R")


class Secret:
    """The type of a secret parameter. `Secret(value)` holds a value for `run(secrets={...})` and never shows it."""

    __slots__ = ("__value",)

    def __init__(self, value: str) -> None:
        self.__value = value

    def reveal(self) -> str:
        return self.__value

    def __repr__(self) -> str:
        return "Secret(•••)"


class FunctionDeclaration(Generic[P, R]):
    """A decorated function under its name in the project; `keywords` are those of the decorator.

    One that only gives types to a workflow of YAML or of another module has its `reference_position`.
    """

    kind: ClassVar[Literal["workflow", "chain", "pipeline", "function"]]
    reference_position: Position | None = None

    def __init__(self, function: Callable[P, R], name: str, keywords: Mapping[str, Any]) -> None:
        self.name = name
        self.function = function
        self.keywords = keywords
        self.__doc__ = function.__doc__
        self.__wrapped__ = function

    def __repr__(self) -> str:
        return f"<{self.kind} {self.name}>"


class WorkflowReference:
    """A workflow that is declared elsewhere, by its name."""

    function: None = None

    def __init__(self, name: str, position: Position | None = None) -> None:
        self.name = name
        self.reference_position = position


CalledWorkflow: TypeAlias = "FunctionDeclaration[..., Any] | WorkflowReference"


class TaskReference:
    """A task by its name. It belongs to the project around `file`, else around the working directory."""

    function: None = None

    def __init__(self, name: str, file: str) -> None:
        self.name = name
        self.file = file

    def __repr__(self) -> str:
        return f"<task {self.name}>"
