"""A decorated function to the body that its YAML would have, with the place of every part of it."""

from __future__ import annotations

import ast
import os
from collections.abc import Callable, Mapping, Sequence
from inspect import unwrap
from typing import Any

from cyberflow.language.python import signature
from cyberflow.language.python.declarations import FunctionDeclaration, WorkflowReference
from cyberflow.language.python.reading.document import Mark, PythonDocument
from cyberflow.language.python.reading.source import Function, PythonSource, Range
from cyberflow.language.python.reading.string_offsets import StringOffsets, dedent_docstring
from cyberflow.language.python.signature import FunctionParameter, UnreadableAnnotation
from cyberflow.source import Place, Route

_ENDINGS = (".md", ".html", ".txt", ".wire")


class DeclarationBody:
    """The part that workflows and chains share: name, keywords, docstring, inputs and secrets."""

    def __init__(
        self, document: PythonDocument, sources: Mapping[str, PythonSource], one: FunctionDeclaration[..., Any]
    ) -> None:
        self.declaration = one
        self.section = f"{one.kind}s"
        self.route: Route = (self.section, one.name)
        self.document = document
        self.sources = sources
        self.source = sources[unwrap(one.function).__code__.co_filename]
        self.node = self.source.function(one.function)
        self.name: Range = self._find_name_range() if self.node else (0, 0)
        self.data: dict[str, Any] = {}
        self.parameters: list[FunctionParameter] = []

    def place(self, *keys: str | int) -> Place:
        return Place(self.document.path, (*self.route, *keys))

    def read(self) -> None:
        """Read everything but the steps of a chain."""
        self.document.mark_range(self.route, self.source, self.name)
        self._read_keywords()
        self._read_docstring()
        self.read_parameters()
        if self.declaration.kind == "workflow":
            self.read_outputs()
        self.document.functions[self.route] = function_identity(self.declaration.function)
        section = self.document.data.setdefault(self.section, {})
        section[self.declaration.name] = self.data

    def _find_name_range(self) -> Range:
        """Where the name is written: as `name=`, or in the `def`."""
        calls = (one for one in self.node.decorator_list if isinstance(one, ast.Call)) if self.node else ()
        given = (keyword.value for call in calls for keyword in call.keywords if keyword.arg == "name")
        named = next(given, None)
        return self.source.range(named) if named is not None else self.source.name(self.node)

    def _read_keywords(self) -> None:
        for decorator in self.node.decorator_list if self.node else ():
            if isinstance(decorator, ast.Call):
                self.document.mark_keywords(self.route, self.source, decorator.keywords)
        self.data = {key: _to_data(value) for key, value in self.declaration.keywords.items()}
        prompt = self.data.get("prompt")
        if isinstance(prompt, str) and _is_text(prompt):
            help = 'write the text as the docstring; `prompt="prompts/a.md"` names a file'
            message = "`prompt=` names a file, and this is a text"
            self.document.report(message, self.place("prompt"), help)
            self.document.broken.add((*self.route, "prompt"))
            self.data["prompt"] = ""
        elif isinstance(prompt, str):
            self.data["prompt"] = {"file": prompt}
            if (mark := self.document.marks.get((*self.route, "prompt"))) is not None:
                self.document.marks[(*self.route, "prompt", "file")] = mark

    def _read_docstring(self) -> None:
        node = _docstring_node(self.node)
        text = node.value if node is not None else self.declaration.function.__doc__
        if text is None:
            if self.declaration.kind == "workflow" and "prompt" not in self.data:
                help = 'write it as the docstring, or name its file: `@workflow(prompt="prompts/x.md")`'
                self.document.report(f"`{self.declaration.name}` has no `prompt`", self.place(), help, "missing-key")
                self.document.broken.add((*self.route, "prompt"))
                self.data["prompt"] = ""
            return
        key = "prompt" if self.declaration.kind == "workflow" and "prompt" not in self.data else "description"
        if key in self.data:
            return
        self.data[key], offsets = dedent_docstring(text)
        if node is None:
            return
        written = self.source.string_offsets(node)
        letters = written.intervals if written else ()
        characters = StringOffsets(tuple(letters[offset] for offset in offsets)) if letters else None
        self.document.marks[(*self.route, key)] = Mark(self.source, self.source.range(node), None, characters)

    def read_parameters(self) -> None:
        nodes = {argument.arg: argument for argument in _arguments(self.node)}
        defaults = _defaults(self.node)
        for kind in ("inputs", "secrets"):
            self.document.mark_range((*self.route, kind), self.source, self.name)
        for name, one in signature.read_parameters(self.declaration.function):
            kind, written = "inputs", name
            if isinstance(one, FunctionParameter):
                kind, written = f"{one.kind}s", one.yaml_name
                self.data.setdefault(kind, {})[written] = one.schema
                self.parameters.append(one)
            if (node := nodes.get(name)) is not None:
                start = self.source.offset(node.lineno, node.col_offset)
                value = self.source.range(node.annotation or node)
                self.document.marks[(*self.route, kind, written)] = Mark(self.source, value, (start, start + len(name)))
                if name in defaults:
                    self.document.mark((*self.route, kind, written, "default"), self.source, defaults[name])
            if isinstance(one, FunctionParameter) and one.literal:
                help = "a secret is found when the chain runs; `= None` makes it optional"
                at = self.place(kind, written, "default")
                self.document.report(f"the secret `{name}` has a literal default", at, help, "secret-in-source")
            if isinstance(one, UnreadableAnnotation):
                self.parameters.append(FunctionParameter(name, "input", {}, True, None))
                self.report_unreadable(one, kind, written)

    def read_outputs(self) -> None:
        returns = self.node.returns if self.node else None
        at = self.source.range(returns) if returns is not None else self.name
        self.document.mark_range((*self.route, "outputs"), self.source, at)
        try:
            annotation, declared = signature.read_outputs(self.declaration.function)
        except UnreadableAnnotation as problem:
            self.report_unreadable(problem, "outputs")
            return
        if declared:
            self.data["outputs"] = declared
            self._mark_fields(signature.strip_annotation(annotation), declared)

    def _mark_fields(self, owner: Any, declared: Mapping[str, Any]) -> None:
        """Outputs are declared where the field is, when its class is in the project."""
        for written in declared:
            attribute = signature.attribute_name(owner, written.removesuffix("?"))
            for kind in getattr(owner, "__mro__", (owner,)):
                source = self.sources.get(_module_file(kind))
                node = source.field(kind.__qualname__, attribute) if source else None
                if source is not None and node is not None:
                    key = source.range(node.target)
                    mark = Mark(source, source.range(node.annotation), key)
                    self.document.marks[(*self.route, "outputs", written)] = mark
                    break

    def report_unreadable(self, problem: UnreadableAnnotation, *keys: str) -> None:
        """Say what is wrong with an annotation."""
        self.document.report(problem.message, self.place(*keys), problem.help)
        self.document.broken.add((*self.route, keys[0]))


def function_identity(function: Callable[..., Any]) -> tuple[str, str]:
    """The file of a function, as the disk has it, and its qualified name: what stays the same over two imports."""
    original = unwrap(function)
    return os.path.realpath(original.__code__.co_filename), original.__qualname__


def _to_data(value: Any) -> Any:
    """A keyword's value as YAML data; a workflow stands for its name."""
    if isinstance(value, FunctionDeclaration | WorkflowReference):
        return value.name
    if isinstance(value, Mapping):
        return {key: _to_data(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [_to_data(item) for item in value]
    return value


def _is_text(prompt: str) -> bool:
    """Whether a `prompt=` is the prompt itself: no file is called with line ends, tokens, or words and a full stop."""
    return any(sign in prompt for sign in "\n<{") or (" " in prompt.strip() and not prompt.endswith(_ENDINGS))


def _docstring_node(node: Function | None) -> Any:
    first = node.body[0] if node else None
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
        return first.value
    return None


def _arguments(node: Function | None) -> list[ast.arg]:
    if node is None:
        return []
    found = node.args
    extra = [one for one in (found.vararg, found.kwarg) if one is not None]
    return [*found.posonlyargs, *found.args, *found.kwonlyargs, *extra]


def _defaults(node: Function | None) -> dict[str, ast.expr]:
    if node is None:
        return {}
    positional = [*node.args.posonlyargs, *node.args.args]
    last = positional[len(positional) - len(node.args.defaults) :]
    named = zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
    found = {one.arg: default for one, default in named if default is not None}
    return {**{one.arg: default for one, default in zip(last, node.args.defaults, strict=True)}, **found}


def _module_file(kind: Any) -> str:
    import sys

    return str(getattr(sys.modules.get(getattr(kind, "__module__", "")), "__file__", ""))
