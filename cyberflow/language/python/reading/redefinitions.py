"""Declarations of a module that nobody would find: a later function of the same name replaces them, or they stand in a
class.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from cyberflow.diagnostics import Diagnostic
from cyberflow.language.project.naming import duplicate_name
from cyberflow.language.python.declarations import FunctionDeclaration
from cyberflow.language.python.reading.source import Function, PythonSource
from cyberflow.source import Place

_PACKAGE = __name__.partition(".")[0]


def find_redefinitions(module: ModuleType, source: PythonSource) -> Iterator[Diagnostic]:
    """Say which declarations at the top of a module are replaced; under a condition two may be meant."""
    declared = [one for one in vars(module).values() if isinstance(one, FunctionDeclaration)]
    kept = [source.function(one.function) for one in declared]  # under another name, too
    standing: dict[str, Function] = {}
    for node in source.tree.body:
        if isinstance(node, ast.ClassDef):
            yield from _find_methods(module, source, node, kept)
        if not isinstance(node, Function):
            continue
        before = standing.get(node.name)
        if before is not None and before not in kept and any(_is_ours(module, one) for one in before.decorator_list):
            here, first = (Place(source.path, range=source.name(one)) for one in (node, before))
            help = "rename one of the two functions: Python forgets the first"
            yield duplicate_name(node.name, here, first, "first declared here", help)
        standing[node.name] = node


def _find_methods(
    module: ModuleType, source: PythonSource, owner: ast.ClassDef, kept: list[Function | None]
) -> Iterator[Diagnostic]:
    for node in owner.body:
        if not isinstance(node, Function) or node in kept:
            continue
        if any(_is_ours(module, one) for one in node.decorator_list):
            message = f"`{node.name}` stands in the class `{owner.name}`, where nobody finds it"
            help = "declare it at the top of the module, without `self`"
            yield Diagnostic("python-error", message, Place(source.path, range=source.name(node)), help=help)


def _is_ours(module: ModuleType, decorator: ast.expr) -> bool:
    written = ast.unparse(decorator.func if isinstance(decorator, ast.Call) else decorator)
    found: Any = module
    for name in written.split("."):
        found = getattr(found, name, None)
    return str(getattr(found, "__module__", "")).partition(".")[0] == _PACKAGE
