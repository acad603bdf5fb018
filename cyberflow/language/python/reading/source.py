"""One Python file as text and tree: which node stands where. `ast` is known here and in `body`."""

from __future__ import annotations

import ast
from collections.abc import Callable, Container, Iterator
from inspect import unwrap
from typing import Any

from cyberflow.language.python.reading.string_offsets import StringOffsets, map_constant, scan_string_literal
from cyberflow.language.python.tracing.frames import Position
from cyberflow.late import cached_property, dataclass
from cyberflow.source import LineIndex, Place

Function = ast.FunctionDef | ast.AsyncFunctionDef
Range = tuple[int, int]


@dataclass(frozen=True)
class PythonSource:
    """A file of the project. Ranges are half-open intervals of characters of `text`."""

    path: str
    text: str
    tree: ast.Module

    @cached_property
    def lines(self) -> LineIndex:
        return LineIndex(self.path, self.text)

    def offset(self, line: int, column: int) -> int:
        """Turn a line from 1 and a column in bytes of UTF-8 into an offset."""
        return self.lines.byte_offset(line, column)

    def range(self, node: Any) -> Range:
        """The interval of a node."""
        end_line, end_column = node.end_lineno, node.end_col_offset
        return self.offset(node.lineno, node.col_offset), self.offset(end_line, end_column)

    def line(self, number: int) -> Range:
        """The text of a line, without its indentation."""
        start, end = self.lines.range(number)
        text = self.text[start:end]
        return start + len(text) - len(text.lstrip()), start + len(text.rstrip())

    def at(self, position: Position | None) -> Place:
        """The place of a position; of a statement that decides, the part it decides by."""
        if position is None or position.column is None or position.end_line is None or position.end_column is None:
            return Place(self.path, range=self.line(position.line if position else 1))
        node = self._deciding_expression(position)
        if node is not None:
            return Place(self.path, range=self.range(node))
        end = self.offset(position.end_line, position.end_column)
        return Place(self.path, range=(self.offset(position.line, position.column), end))

    def _deciding_expression(self, position: Position) -> ast.expr | None:
        node = self._statements.get((position.line, position.column))
        return node.iter if isinstance(node, ast.For) else getattr(node, "test", None)

    @cached_property
    def _statements(self) -> dict[tuple[int, int | None], ast.If | ast.While | ast.IfExp | ast.Assert | ast.For]:
        deciding = (ast.If, ast.While, ast.IfExp, ast.Assert, ast.For)
        found = (node for node in ast.walk(self.tree) if isinstance(node, deciding))
        return {(node.lineno, node.col_offset): node for node in found}

    def call(self, position: Position | None) -> ast.Call | None:
        """The call that a frame stands at: no two calls end at one place."""
        return self._calls.get((position.end_line, position.end_column)) if position else None

    @cached_property
    def _calls(self) -> dict[tuple[int | None, int | None], ast.Call]:
        calls = (node for node in ast.walk(self.tree) if isinstance(node, ast.Call))
        return {(node.end_lineno, node.end_col_offset): node for node in calls}

    def function(self, function: Callable[..., Any]) -> Function | None:
        """Find the definition of a function of this file."""
        original = unwrap(function)
        return self._functions.get((original.__name__, original.__code__.co_firstlineno))

    @cached_property
    def _functions(self) -> dict[tuple[str, int], Function]:
        found = (node for node in ast.walk(self.tree) if isinstance(node, Function))
        return {(node.name, min([node.lineno, *(one.lineno for one in node.decorator_list)])): node for node in found}

    def name(self, function: Function | None) -> Range:
        """Where the name of a function stands."""
        if function is None:
            return 0, 0
        keyword = self.text.index("def", self.offset(function.lineno, function.col_offset))
        start = self.text.index(function.name, keyword + len("def"))
        return start, start + len(function.name)

    def field(self, qualname: str, name: str) -> ast.AnnAssign | None:
        """The declaration of a field in a class of this file."""
        owner: ast.AST | None = self.tree
        for part in qualname.split("."):
            body: Iterator[Any] = iter(getattr(owner, "body", ()))
            owner = next((node for node in body if isinstance(node, ast.ClassDef) and node.name == part), None)
        for node in getattr(owner, "body", ()):
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id == name:
                return node
        return None

    def fields(self, position: Position) -> dict[str, Range]:
        """The replacement fields of an f-string that stands at a position, by what is written in them."""
        node = self._fstrings.get((position.line, position.column))
        inside = scan_string_literal(self.text, *self.range(node)) if node is not None else None
        found = [letter for letter in inside or () if letter.field]
        return {_field_expression(self.text[one.start + 1 : one.end - 1]): (one.start, one.end) for one in found}

    @cached_property
    def _fstrings(self) -> dict[tuple[int, int | None], ast.JoinedStr]:
        found = (node for node in ast.walk(self.tree) if isinstance(node, ast.JoinedStr))
        return {(node.lineno, node.col_offset): node for node in found}

    @cached_property
    def strings(self) -> list[Range]:
        """Where the texts of the file stand."""
        found = (node for node in ast.walk(self.tree) if isinstance(node, ast.Constant | ast.JoinedStr))
        return [self.range(node) for node in found if not isinstance(node, ast.Constant) or isinstance(node.value, str)]

    def secret_literals(self, names: Container[str]) -> Iterator[tuple[int, int, str]]:
        """Texts that are handed to one of these parameters, or to `Secret`, whatever is called."""
        for node in ast.walk(self.tree):
            if not isinstance(node, ast.Call):
                continue
            held = node.args if isinstance(node.func, ast.Name) and node.func.id == "Secret" else ()
            for value in (*held, *(one.value for one in node.keywords if one.arg in names)):
                for part in ast.walk(value):
                    if isinstance(part, ast.Constant) and isinstance(part.value, str):
                        yield (*self.range(part), part.value)

    def string_offsets(self, node: ast.expr) -> StringOffsets | None:
        """The characters of a constant string."""
        if not (isinstance(node, ast.Constant) and isinstance(node.value, str)):
            return None
        return map_constant(self.text, *self.range(node), node.value)


def _field_expression(field: str) -> str:
    return field.partition(":")[0].partition("!")[0].strip()
