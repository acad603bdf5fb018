"""The steps and outputs of a chain that was traced, written into its document."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from cyberflow.language.python.reading.body import DeclarationBody
from cyberflow.language.python.reading.document import Mark
from cyberflow.language.python.reading.source import PythonSource
from cyberflow.language.python.reading.string_offsets import map_fstring
from cyberflow.language.python.tracing.capture import DROPPED, CapturedValue
from cyberflow.language.python.tracing.frames import Position
from cyberflow.language.python.tracing.symbols import DECIDE, Origin
from cyberflow.language.python.tracing.trace import Trace, TracedStep, TraceRefusal
from cyberflow.source import Place, Route


def write_steps(body: DeclarationBody, trace: Trace) -> None:
    """Add what a trace found to the body of its chain."""
    written = _StepWriter(body, trace)
    body.document.mark_range((*body.route, "steps"), body.source, body.name)
    body.data["steps"] = [written.write_step(index, step) for index, step in enumerate(trace.steps)]
    written.write_outputs()
    written.report_identity_tests()
    if trace.broken:
        body.document.broken.add((*body.route, "steps"))
    for refusal in trace.refusals:
        body.document.report(refusal.message, written.place(refusal), refusal.help)


class _StepWriter:
    def __init__(self, body: DeclarationBody, trace: Trace) -> None:
        self._body = body
        self._trace = trace
        self._document = body.document

    def write_step(self, index: int, step: TracedStep) -> dict[str, Any]:
        route = (*self._body.route, "steps", index)
        source = self._source(step.position)
        place = source.at(step.position)
        call = source.call(step.position)
        at = place.range or self._body.name
        self._document.marks[route] = Mark(source, at)
        name = source.range(call.func) if call else at
        self._document.marks[(*route, step.key)] = Mark(source, name)
        for key in step.more:
            self._document.marks[(*route, key)] = Mark(source, _keyword_range(source, call, key) or at)
        referred = self._body.sources.get(step.named.filename) if step.named else None
        if referred is not None and (reference := referred.call(step.named)) is not None:
            mark = Mark(referred, referred.range(reference))
            self._document.references.append(((*route, step.key), step.workflow, mark))
        self._document.marks[(*route, "id")] = Mark(source, _alias_range(source, call) or name)
        nodes = _argument_nodes(call, step)
        made: dict[str, Any] = {"id": step.alias, **({step.key: step.workflow} if step.workflow else {}), **step.more}
        for name_, value in step.values.items():
            kind = "secrets" if name_ in step.secrets else "inputs"
            self._mark_value((*route, kind, name_), source, nodes.get(name_), value)
            if value.data is not DROPPED:
                made.setdefault(kind, {})[name_] = value.data
        return made

    def write_outputs(self) -> None:
        source, node = self._body.source, _last_return(self._body.node)
        at = source.range(node) if node is not None else self._body.name
        self._document.mark_range((*self._body.route, "outputs"), source, at)
        nodes = _output_nodes(node)
        made = {}
        for name, value in self._trace.outputs.items():
            self._mark_value((*self._body.route, "outputs", name), source, nodes.get(name), value)
            if value.data is not DROPPED:
                made[name] = value.data
        if made:
            self._body.data["outputs"] = made

    def report_identity_tests(self) -> None:
        """`is` cannot be refused by a symbol, and would silently be false: it is found by reading."""
        function = self._body.node
        calls = {id(self._source(step.position).call(step.position)) for step in self._trace.steps}
        names = {one.name for one in self._body.parameters}
        for node in ast.walk(function) if function else ():
            if isinstance(node, ast.Assign) and id(node.value) in calls:
                names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        for node in ast.walk(function) if function else ():
            if not (isinstance(node, ast.Compare) and any(isinstance(sign, ast.Is | ast.IsNot) for sign in node.ops)):
                continue
            for side in (node.left, *node.comparators):
                if isinstance(side, ast.Name) and side.id in names:
                    message = f"`{side.id}` is known only when the chain runs: `is` cannot compare it"
                    place = Place(self._body.source.path, range=self._body.source.range(node))
                    self._document.report(message, place, DECIDE)

    def _mark_value(
        self,
        route: Route,
        source: PythonSource,
        found: tuple[ast.expr, ast.keyword | None] | None,
        value: CapturedValue,
    ) -> None:
        if found is not None:
            node, keyword = found
            start = source.offset(keyword.lineno, keyword.col_offset) if keyword else 0
            key = (start, start + len(keyword.arg or "")) if keyword else None
            self._document.mark(route, source, node, key)
            self._mark_texts(route, source, node, value)
        for keys, origin in value.symbols.items():
            if origin.keys and origin.position is not None:
                self._mark_symbol((*route, *keys), origin.position)

    def _mark_symbol(self, route: Route, position: Position) -> None:
        """A path into outputs or inputs stands where it was written, be it passed on under another name."""
        source = self._source(position)
        old = self._document.marks.get(route)
        at = source.at(position).range
        if at is not None:
            self._document.marks[route] = (
                replace(old, source=source, value=at, characters=None)
                if old and old.source is source
                else Mark(source, at)
            )

    def _mark_texts(self, route: Route, source: PythonSource, node: ast.expr, value: CapturedValue) -> None:
        for keys, parts in value.texts.items():
            written = _node_at(node, keys)
            mark = self._document.marks.get((*route, *keys))
            if mark is not None and isinstance(written, ast.JoinedStr):
                characters = map_fstring(source.text, *source.range(written), parts)
                self._document.marks[(*route, *keys)] = replace(mark, characters=characters)

    def place(self, refusal: TraceRefusal) -> Place:
        where = refusal.where
        if not isinstance(where, Position):
            return self._body.place(*(where or ()))
        source = self._source(where)
        place = source.at(where)
        return place if refusal.origin is None else self._narrow(where, refusal.origin, place)

    def _narrow(self, where: Position, origin: Origin, place: Place) -> Place:
        """Inside an f-string, the field that is meant: Python 3.11 knows the whole of it only."""
        source = self._source(where)
        fields = source.fields(where)
        if (
            origin.position is not None
            and origin.position.line is not None
            and (at := source.at(origin.position).range)
        ):
            fields = {name: one for name, one in fields.items() if one[0] <= at[0] and at[1] <= one[1]}
            return Place(source.path, range=next(iter(fields.values()))) if fields else place
        return Place(source.path, range=fields[origin.root]) if origin.root in fields else place

    def _source(self, position: Position | None) -> PythonSource:
        return self._body.sources[position.filename] if position else self._body.source


def _alias_range(source: PythonSource, call: ast.Call | None) -> tuple[int, int] | None:
    """The text in `.step("again")(…)`."""
    function = call.func if call else None
    if isinstance(function, ast.Call) and isinstance(function.func, ast.Attribute) and function.func.attr == "step":
        return source.range(function.args[0]) if function.args else None
    return None


def _keyword_range(source: PythonSource, call: ast.Call | None, key: str) -> tuple[int, int] | None:
    """The value of a keyword of a call, or of the `.step(…)` that is called."""
    calls = [call, call.func if call is not None else None]
    keywords = [one for node in calls if isinstance(node, ast.Call) for one in node.keywords]
    return next((source.range(one.value) for one in keywords if one.arg == key), None)


def _argument_nodes(call: ast.Call | None, step: TracedStep) -> Mapping[str, tuple[ast.expr, ast.keyword | None]]:
    """The expression of each argument; none for what came by `*` or `**`."""
    if call is None or any(keyword.arg is not None and keyword.arg not in step.values for keyword in call.keywords):
        known = call.keywords if call else ()
        return {one.arg: (one.value, one) for one in known if one.arg is not None and one.arg in step.values}
    plain = [] if any(isinstance(one, ast.Starred) for one in call.args) else call.args
    found: dict[str, tuple[ast.expr, ast.keyword | None]] = {
        name: (node, None) for name, node in zip(step.positional, plain, strict=False)
    }
    return {**found, **{one.arg: (one.value, one) for one in call.keywords if one.arg is not None}}


def _last_return(function: Any) -> ast.expr | None:
    """What the last `return` of a function gives."""
    found = [node.value for node in ast.walk(function) if isinstance(node, ast.Return)] if function else []
    return found[-1] if found else None


def _output_nodes(node: ast.expr | None) -> Mapping[str, tuple[ast.expr, ast.keyword | None]]:
    if isinstance(node, ast.Dict):
        pairs = zip(node.keys, node.values, strict=True)
        return {str(key.value): (value, None) for key, value in pairs if isinstance(key, ast.Constant)}
    if isinstance(node, ast.Call):
        return {one.arg: (one.value, one) for one in node.keywords if one.arg is not None}
    return {}


def _node_at(node: ast.expr, keys: Route) -> ast.expr | None:
    """The expression inside a literal that a route leads to."""
    found: ast.expr | None = node
    for key in keys:
        if isinstance(found, ast.Dict):
            pairs = zip(found.keys, found.values, strict=True)
            found = next((value for at, value in pairs if isinstance(at, ast.Constant) and at.value == key), None)
        elif isinstance(found, ast.List | ast.Tuple) and isinstance(key, int) and key < len(found.elts):
            found = found.elts[key]
        else:
            return None
    return found
