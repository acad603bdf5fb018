"""Values that are known only when a chain runs. A symbol gives paths below itself and goes into an f-string; it refuses
everything else, and its trace notes where.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import replace
from typing import Any, Final, Literal, NoReturn, Protocol

from cyberflow.errors import UsageError
from cyberflow.language.python.tracing.frames import Position
from cyberflow.late import dataclass, expression

MARK: Final = "\ufdd5{}\ufdd6"
BROKEN: Final = MARK.format("!")
_MARKS = expression("\ufdd5[^\ufdd6]*\ufdd6")
DECIDE: Final = "a chain is the same list of steps each time: let a workflow decide, in its prompt"
NO_TEXT: Final = "it has no text yet"
PASS: Final = {
    "secret": "hand it to a `Secret` parameter of a workflow, and write `<$name>` in its prompt",
    "output": "pass it as an input of its own, and write `<name>` in the prompt of the workflow that takes it",
}
_WRITE: Final = 'compute it before the run and pass it as an input, or write it into a text: f"Visit of {date}"'
_WHOLE: Final = "pass it on as a whole, or let a workflow go through it"
_FORMAT: Final = "write it plainly, as {name}: the text is made when the chain runs"


def strip_marks(text: str) -> str:
    """A text that is printed while a chain is traced, without the marks of what is not known yet."""
    return _MARKS.sub("…", text).replace(BROKEN[0], "")


class Misuse(UsageError):
    """A declaration is called as it cannot be. While a project is read it becomes the finding `python-error`."""

    def __init__(self, message: str, help: str | None) -> None:
        super().__init__(message, help=help)


class TraceAborted(BaseException):
    """Ends a trace that cannot go on, after the finding was noted. What catches exceptions lets it through."""


class Tracer(Protocol):
    """What a symbol and a call ask of the trace that is going on: of a chain or of a pipeline, its `kind`."""

    @property
    def kind(self) -> Literal["chain", "pipeline"]: ...
    def refuse(self, origin: Origin, message: str, help: str) -> None: ...
    def mark(self, origin: Origin) -> str: ...
    def position(self) -> Position | None: ...
    def resolve_member(self, type: Any, key: str | int, *, attribute: bool) -> tuple[str | int, Any]: ...
    def step(self, workflow: Any, alias: str, args: tuple[Any, ...], inputs: dict[str, Any]) -> Any: ...
    def set_options(self, options: Mapping[str, Any]) -> None: ...
    def session_outputs(self, workflow: Any, alias: str) -> Any: ...


_CURRENT: ContextVar[Tracer | None] = ContextVar("cyberflow_trace", default=None)


def current_trace() -> Tracer | None:
    """The trace that is going on in this thread, if one is."""
    return _CURRENT.get()


def call_with_trace(trace: Tracer, function: Callable[[], Any]) -> Any:
    """Call a function with `trace` as the current one."""
    token = _CURRENT.set(trace)
    try:
        return function()
    finally:
        _CURRENT.reset(token)


@dataclass(frozen=True)
class Origin:
    """Where the value of a symbol comes from: an input or a secret of the chain, the outputs of a step, or something
    that was refused already (`broken`), of which nothing more is said.
    """

    trace: Tracer
    kind: Literal["input", "secret", "output", "broken"]
    root: str
    keys: tuple[str | int, ...] = ()
    type: Any = None
    position: Position | None = None

    @property
    def display_name(self) -> str:
        """The value as findings name it."""
        root = f"{self.root}.outputs" if self.kind == "output" else self.root
        return root + "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in self.keys)


class Symbol:
    """A value that is known only when a chain runs. It has no public name of its own: every attribute is a path."""

    __slots__ = ("_cyberflow_origin",)
    _cyberflow_origin: Origin

    def __init__(self, origin: Origin) -> None:
        object.__setattr__(self, "_cyberflow_origin", origin)

    def __getattr__(self, name: str) -> Symbol:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        return _member(self, name, attribute=True)

    def __getitem__(self, key: Any) -> Symbol:
        origin = origin_of(self)
        if isinstance(key, str) or (isinstance(key, int) and not isinstance(key, bool) and key >= 0):
            return _member(self, key, attribute=False)
        shown = "a slice" if isinstance(key, slice) else "a count from the end" if isinstance(key, int) else "this key"
        origin.trace.refuse(
            origin, f"`{origin.display_name}` is known only when the chain runs: {shown} finds nothing", _WHOLE
        )
        return _invalid_symbol(origin)

    def __format__(self, spec: str) -> str:
        origin = origin_of(self)
        if spec:
            help = _FORMAT.format(name=f"{{{origin.display_name}}}")
            origin.trace.refuse(
                origin, f"`{origin.display_name}` is known only when the chain runs: it has no format", help
            )
            return BROKEN
        return origin.trace.mark(origin)

    def __str__(self) -> str:
        _refuse(self, NO_TEXT, _WRITE)
        return BROKEN

    def __repr__(self) -> str:
        return f"<{origin_of(self).display_name}, known when the chain runs>{BROKEN[0]}"

    def __call__(self, *_args: Any, **_kwargs: Any) -> Symbol:
        origin = origin_of(self)
        owner = replace(origin, keys=origin.keys[:-1]).display_name
        lack = f"it has no `{origin.keys[-1]}()`" if origin.keys else "it cannot be called"
        help = PASS.get(origin.kind, _WRITE)
        origin.trace.refuse(origin, f"`{owner}` is known only when the chain runs: {lack}", help)
        return _invalid_symbol(origin)

    def __setattr__(self, name: str, value: Any) -> None:
        _refuse(self, f"`{name}` of it cannot be set", "leave it as it comes")

    def __delattr__(self, name: str) -> None:
        _refuse(self, f"`{name}` of it cannot be deleted", "leave it as it comes")

    def __copy__(self) -> Symbol:
        return self

    def __deepcopy__(self, _memo: Any) -> Symbol:
        return self


def origin_of(symbol: Symbol) -> Origin:
    return symbol._cyberflow_origin  # noqa: SLF001 - the one reader of it


def _member(symbol: Symbol, key: str | int, *, attribute: bool) -> Symbol:
    origin = origin_of(symbol)
    name, type = origin.trace.resolve_member(origin.type, key, attribute=attribute)
    return Symbol(replace(origin, keys=(*origin.keys, name), type=type, position=origin.trace.position()))


def _invalid_symbol(origin: Origin) -> Symbol:
    return Symbol(replace(origin, kind="broken", type=None))


def _refuse(symbol: Symbol, what: str, help: str) -> None:
    origin = origin_of(symbol)
    help = PASS.get(origin.kind, help) if help == _WRITE else help
    origin.trace.refuse(origin, f"`{origin.display_name}` is known only when the chain runs: {what}", help)


def _refuse_and_continue(what: str, help: str) -> Callable[..., Symbol]:
    """An operation whose refused result may be used further: one finding, and the trace goes on."""

    def refuse(self: Symbol, *_others: Any) -> Symbol:
        _refuse(self, what, help)
        return _invalid_symbol(origin_of(self))

    return refuse


def _refuse_and_stop(what: str, help: str) -> Callable[..., NoReturn]:
    """An operation whose result decides what happens next: one finding, and the trace ends."""

    def refuse(self: Symbol, *_others: Any) -> NoReturn:
        _refuse(self, what, help)
        raise TraceAborted

    return refuse


_ARITHMETIC = {
    "add": "+",
    "sub": "-",
    "mul": "*",
    "matmul": "@",
    "truediv": "/",
    "floordiv": "//",
    "mod": "%",
    "divmod": "divmod()",
    "pow": "**",
    "lshift": "<<",
    "rshift": ">>",
    "and": "&",
    "xor": "^",
    "or": "|",
}
_COMPARISONS = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
_UNARY = {"neg": "-", "pos": "+", "abs": "abs()", "invert": "~", "round": "round()"}
_VALUES = {name: f"`{name}()` has no value of it yet" for name in ("int", "float", "complex", "bytes")}
_VALUES["index"] = "it is not a number yet"

for _name, _sign in _ARITHMETIC.items():
    for _prefix in ("", "r", "i"):
        setattr(Symbol, f"__{_prefix}{_name}__", _refuse_and_continue(f"`{_sign}` cannot be applied to it", _WRITE))
for _name, _sign in _COMPARISONS.items():
    setattr(Symbol, f"__{_name}__", _refuse_and_continue(f"`{_sign}` cannot compare it", DECIDE))
for _name, _sign in _UNARY.items():
    setattr(Symbol, f"__{_name}__", _refuse_and_continue(f"`{_sign}` cannot be applied to it", _WRITE))
for _name, _what in _VALUES.items():
    setattr(Symbol, f"__{_name}__", _refuse_and_stop(_what, _WRITE))
for _name in ("setitem", "delitem"):
    setattr(Symbol, f"__{_name}__", _refuse_and_continue("an item of it cannot be changed", "leave it as it comes"))
for _name, _what, _help in (
    ("bool", "it is neither true nor false yet", DECIDE),
    ("len", "it has no length yet", _WHOLE),
    ("iter", "it cannot be iterated over", _WHOLE),
    ("reversed", "it cannot be iterated over", _WHOLE),
    ("next", "it cannot be iterated over", _WHOLE),
    ("contains", "`in` cannot look into it", DECIDE),
    ("hash", "it cannot be a key, or a member of a set", "use the name of the input as the key"),
    ("fspath", "it is not a path yet", _WRITE),
):
    setattr(Symbol, f"__{_name}__", _refuse_and_stop(_what, _help))
