"""Functions that pipelines call: found by the names that the YAML writes and the traces meet, and read as a workflow's
function is. What is wrong with one is said where it is called.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import FunctionType, ModuleType
from typing import Any

from cyberflow.diagnostics import Diagnostic
from cyberflow.language.python.declarations import FunctionDeclaration
from cyberflow.language.python.reading.body import DeclarationBody
from cyberflow.language.python.reading.document import CalledFunction, PythonDocument
from cyberflow.language.python.reading.source import PythonSource
from cyberflow.language.python.signature import UnreadableAnnotation
from cyberflow.language.yaml.document import YamlDocument
from cyberflow.source import Place

KEY = "key"
"""The parameter that gets the id of the item."""


class _CalledDeclaration(FunctionDeclaration[..., Any]):
    """A plain function, as the reader of decorated ones takes it."""

    kind = "function"


class _FunctionBody(DeclarationBody):
    """The types of a function, and what is wrong with them."""

    def __init__(self, document: PythonDocument, sources: Mapping[str, PythonSource], one: _CalledDeclaration) -> None:
        super().__init__(document, sources, one)
        self.problems: list[Diagnostic] = []

    def read(self) -> None:
        self.document.mark_range(self.route, self.source, self.name)
        self.read_parameters()
        self.read_outputs()
        if inspect.signature(self.declaration.function).return_annotation is inspect.Signature.empty:
            help = "annotate it: `-> None`, or a model with a field for each output"
            self.report_unreadable(UnreadableAnnotation("it does not say what it returns", help), "outputs")
        for name in self.data.get("secrets", {}):
            help = "let a workflow or chain take the secret: it stands in no ledger there"
            self.report_unreadable(
                UnreadableAnnotation(f"`{name}` is a secret, and a call takes none", help), "secrets"
            )

    def report_unreadable(self, problem: UnreadableAnnotation, *keys: str) -> None:
        self.problems.append(Diagnostic("call-untyped", problem.message, self.place(*keys), help=problem.help))


def read_function(
    name: str,
    function: Callable[..., Any],
    documents: Mapping[str, PythonDocument],
    sources: Mapping[str, PythonSource],
) -> None:
    """Read the types of a function, and keep them in the document of its file."""
    source = sources.get(inspect.unwrap(function).__code__.co_filename)
    if source is None or name in documents[source.path].called:
        return
    body = _FunctionBody(documents[source.path], sources, _CalledDeclaration(function, name, {}))
    body.read()
    inputs = {written: schema for written, schema in body.data.get("inputs", {}).items() if _plain(written) != KEY}
    takes_key = len(inputs) < len(body.data.get("inputs", {}))
    outputs = body.data.get("outputs", {})
    place = Place(source.path, body.route)
    body.document.called[name] = CalledFunction(name, place, inputs, outputs, takes_key, tuple(body.problems))


def _plain(written: str) -> str:
    return written.removesuffix("?")


def list_calls(documents: Iterable[YamlDocument]) -> Iterator[str]:
    """The functions that pipelines of the YAML name, as far as it can be read."""
    for document in documents:
        for body in _mapping(_mapping(document.data).get("pipelines")).values():
            steps = _mapping(body).get("steps")
            for step in steps if isinstance(steps, list) else ():
                if isinstance(name := _mapping(step).get("call"), str):
                    yield name


def functions_of(module: ModuleType) -> dict[str, FunctionType]:
    """The plain functions that a module has under names of its own."""
    return {name: one for name, one in vars(module).items() if isinstance(one, FunctionType)}


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
