"""Sets up Jinja2 for `templates`: our delimiters, the sandbox, keys before methods, and marks in the token stream.
Imported by `templates` alone, and only when a text holds a template.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial, wraps
from inspect import currentframe
from typing import Any

from jinja2 import FunctionLoader, StrictUndefined, TemplateSyntaxError, nodes, pass_context
from jinja2.lexer import TokenStream
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import missing as not_given
from jinja2.visitor import NodeTransformer

from cyberflow.language.template.budget import TemplateBudget
from cyberflow.language.template.values import SELF, TemplateFailure, to_text, unknown_name

_Raw = tuple[int, str, str]
_CAPTURES = ("macro", "call", "filter", "set")


class _Undefined(StrictUndefined):
    def _fail_with_undefined_error(self, *_: Any, **__: Any) -> Any:
        owner = self._undefined_obj
        if isinstance(owner, Mapping):
            raise unknown_name(str(self._undefined_name), owner, [str(key) for key in owner])
        if owner is not not_given:
            raise TemplateFailure(self._undefined_message, word=str(self._undefined_name))
        raise unknown_name(str(self._undefined_name), None, ["vars", "target", "image"])

    __iter__ = __str__ = __len__ = __eq__ = __ne__ = __bool__ = _fail_with_undefined_error
    __hash__ = _fail_with_undefined_error
    __add__ = __radd__ = __sub__ = __mul__ = __mod__ = __call__ = __getitem__ = __int__ = _fail_with_undefined_error

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self._fail_with_undefined_error()


class TemplateEnvironment(ImmutableSandboxedEnvironment):
    """Jinja2 as cyberflow sets it up, for one project and target."""

    mark: Callable[[str, int, int | None], str]
    budget: TemplateBudget
    intercepted_binops = frozenset({"+", "*", "**", "%"})

    def getattr(self, obj: Any, attribute: str) -> Any:
        if isinstance(obj, Mapping) and attribute in obj:
            return obj[attribute]
        return super().getattr(obj, attribute)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:  # noqa: ARG002 - jinja2's
        return self.budget.operate(operator, left, right)

    def call(__self, __context: Context, __obj: Any, /, *args: Any, **kwargs: Any) -> Any:  # noqa: N805 - jinja2's
        __self.budget.pay_for_call(__obj, [*args, *kwargs.values()])
        return super().call(__context, __obj, *args, **kwargs)

    def _generate(self, source: nodes.Template, *args: Any, **kwargs: Any) -> str:
        return super()._generate(_BudgetTransformer().visit(source), *args, **kwargs)

    def join_path(self, template: str, parent: str) -> str:
        if template.startswith("/"):
            return template[1:]
        folder = parent.removesuffix(SELF).rpartition("/")[0]
        return f"{folder}/{template}" if folder else template

    def lone_expression(self, source: str) -> str | None:
        """Give the expression of a string that is exactly one `${{ }}`, else None."""
        if not (source.startswith("${{") and source.endswith("}}")) or source.count("${{") > 1:
            return None
        try:
            raw = [token for token in self.lexer.tokeniter(source, None) if token[1] != "whitespace"]
        except Exception:  # noqa: BLE001 - the render says what is wrong with it
            return None
        closed = raw[-1][1] == "variable_end" and sum(kind == "variable_end" for _, kind, _ in raw) == 1
        return source[3:-2] if closed and raw[0][1] == "variable_begin" else None

    def _tokenize(
        self, source: str, name: str | None, filename: str | None = None, state: str | None = None
    ) -> TokenStream:
        source = self.preprocess(source, name, filename)
        raw: list[_Raw] = []
        try:
            raw.extend(self.lexer.tokeniter(source, name, filename, state))
        except TemplateSyntaxError as error:
            error.lineno = _last_opener(source, raw)
            raise
        marked = self._insert_marks(source, name or "", raw)
        return TokenStream(self.lexer.wrap(marked, name, filename), name, filename)

    def _insert_marks(self, source: str, name: str, raw: list[_Raw]) -> Iterator[_Raw]:
        """Put a mark before every piece of text and every expression that goes out where it stands. For its line each
        token gets the place where it begins, counted from 1: Jinja2 says of every mistake in which line it is.
        """
        captured = 0
        for index, (start, (_, kind, value)) in enumerate(_place_tokens(source, raw)):
            line = start + 1
            captured += _capture_change(raw, index)
            if kind == "data" and not captured:
                yield line, kind, self.mark(name, start, None) + value
                continue
            if kind == "variable_begin" and not captured:
                end = source.find("}}", start)
                yield line, "data", self.mark(name, start, (end + 2 if end > 0 else len(source)) - start)
            yield line, kind, value


def _place_tokens(source: str, raw: Iterable[_Raw]) -> Iterator[tuple[int, _Raw]]:
    """The tokens, each with where it begins in the source."""
    position = 0
    for token in raw:
        start = max(source.find(token[2], position), position)
        position = start + len(token[2])
        yield start, token


def _last_opener(source: str, raw: Iterable[_Raw]) -> int:
    """Where what could not be read to its end begins, counted from 1."""
    return 1 + max((start for start, token in _place_tokens(source, raw) if token[1].endswith("_begin")), default=0)


def _capture_change(raw: list[_Raw], index: int) -> int:
    """Whether a block begins (1) or ends (-1) whose text is kept for later and so must stay as written."""
    if raw[index][1] != "block_begin":
        return 0
    words = []
    while (index := index + 1) < len(raw) and raw[index][1] != "block_end":
        if raw[index][1] != "whitespace":
            words.append(raw[index][2])
    if not words:
        return 0
    if words[0] in _CAPTURES:
        return 0 if words[0] == "set" and "=" in words else 1
    return -1 if words[0].removeprefix("end") in _CAPTURES and words[0].startswith("end") else 0


class _BudgetTransformer(NodeTransformer):
    """Inserts budget calls into loops, macros, `~` and assignments: they pay each time for what they do."""

    def visit_For(self, node: nodes.For) -> nodes.For:  # noqa: N802 - jinja2's
        self._charge_body(node)
        if node.test is not None:
            node.test = nodes.And(_budget_call("spend", [nodes.Const(1)]), node.test)
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Expr:  # noqa: N802
        self.generic_visit(node)
        return _budget_call("join", list(node.nodes))

    def visit_Assign(self, node: nodes.Assign) -> nodes.Assign:  # noqa: N802
        self.generic_visit(node)
        node.node = _budget_call("pay", [node.node])
        return node

    def visit_With(self, node: nodes.With) -> nodes.With:  # noqa: N802
        self.generic_visit(node)
        node.values = [_budget_call("pay", [value]) for value in node.values]
        return node

    def _charge_body(self, node: Any) -> Any:
        self.generic_visit(node)
        written = sum(len(data.data) for data in node.find_all(nodes.TemplateData))
        price = _budget_call("spend", [nodes.Const(1 + written // 50)])
        node.body = [nodes.ExprStmt(price, lineno=node.lineno or 1), *node.body]
        return node

    visit_Template = visit_Block = visit_Macro = visit_CallBlock = _charge_body  # noqa: N815


def _budget_call(how: str, given: list[Any]) -> nodes.Filter:
    """A call of the budget. It is written as a filter, which costs least, and is never worked out beforehand."""
    return nodes.Filter(given[0], f"{how} {SELF}", given[1:], [], None, None)


def make_environment(
    load: Callable[[str], str],
    mark: Callable[[str, int, int | None], str],
    image: Callable[[str, str, str], str],
) -> TemplateEnvironment:
    """Make the environment of one project and target."""
    budget = TemplateBudget()
    made = TemplateEnvironment(
        variable_start_string="${{",
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=_Undefined,
        finalize=lambda value: to_text(budget.pay(value)),
        loader=FunctionLoader(lambda name: (load(name), name, lambda: not name.endswith(SELF))),
    )
    made.mark, made.budget = mark, budget

    def place_image(path: str, alt: str = "") -> str:
        return image(path, alt, _running_template().removesuffix(SELF))

    made.globals = {"image": place_image, "range": made.globals["range"]}
    made.filters = {name: _charge_filter(made.filters[name], budget) for name in _deterministic_filters(made.filters)}
    for paid in (budget.spend, budget.pay, budget.join):
        made.filters[f"{paid.__name__} {SELF}"] = pass_context(partial(_drop_context, paid))
    return made


def _running_template() -> str:
    """The name of the template whose text is being made: where one extends another, the context bears the other's."""
    frame = currentframe()
    while frame is not None and "__jinja_template__" not in frame.f_globals:
        frame = frame.f_back
    return (frame.f_globals["__jinja_template__"].name if frame else None) or ""


def _drop_context(paid: Callable[..., Any], _context: Context, *args: Any) -> Any:
    return paid(*args)


def _charge_filter(made: Callable[..., Any], budget: TemplateBudget) -> Callable[..., Any]:
    """Make a filter pay for what it is given, but for the context that jinja2 hands to some, and for its answer."""
    passed = int(hasattr(made, "jinja_pass_arg"))

    @wraps(made)
    def charge(*args: Any, **kwargs: Any) -> Any:
        budget.pay_for_call(made, [*args[passed:], *kwargs.values()])
        return budget.pay(made(*args, **kwargs))

    return charge


def _deterministic_filters(known: Iterable[str]) -> list[str]:
    """Every filter but those whose answer changes from run to run or machine to machine."""
    return [name for name in known if name not in ("random", "xmlattr", "pprint")]
