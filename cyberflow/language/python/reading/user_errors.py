"""What the user's code raises, as a finding at the user's line. An exception of our own making is a bug and goes on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from cyberflow.diagnostics import Diagnostic
from cyberflow.language.merge_conflict import find_conflict
from cyberflow.language.python.reading.source import PythonSource
from cyberflow.language.python.tracing.frames import innermost_file, raise_position
from cyberflow.language.python.tracing.symbols import Misuse
from cyberflow.source import Place

_OURS = str(Path(__file__).parents[3])
_RULE = "python-error"


def diagnose(error: BaseException, sources: Mapping[str, PythonSource], place: Place) -> Diagnostic:
    """Say what was raised, where it left the project's code; `place` is where to point when it never was there."""
    if isinstance(error, SyntaxError) and (error.filename or "") in sources:
        return _diagnose_syntax_error(error, sources[str(error.filename)])
    position = raise_position(error.__traceback__, sources)
    if position is not None:
        place = sources[position.filename].at(position)
    if isinstance(error, Misuse):
        return Diagnostic(_RULE, error.message, place, help=error.help)
    if innermost_file(error.__traceback__).startswith(_OURS) and not isinstance(error, AttributeError):
        raise error
    if isinstance(error, SystemExit):
        help = 'put what runs the chain under `if __name__ == "__main__":`'
        return Diagnostic(_RULE, "the module ends the program while the project is read", place, help=help)
    return Diagnostic(_RULE, _message(error), place, help=_help(error))


def _diagnose_syntax_error(error: SyntaxError, source: PythonSource) -> Diagnostic:
    if (conflict := find_conflict(source.text, source.path)) is not None:
        return conflict
    line, column = error.lineno or 1, max(error.offset or 1, 1)
    start = source.offset(line, 0) + column - 1
    same = error.end_lineno == line and (error.end_offset or 0) > column
    end = source.offset(line, 0) + (error.end_offset or 0) - 1 if same else start + 1
    return Diagnostic(_RULE, f"the module does not parse: {error.msg}", Place(source.path, range=(start, end)))


def _message(error: BaseException) -> str:
    said = str(error).strip().splitlines()
    return f"{type(error).__name__}: {said[0]}" if said else type(error).__name__


def _help(error: BaseException) -> str | None:
    if isinstance(error, ModuleNotFoundError):
        return "install it beside cyberflow, or import it from the project's folder"
    if type(error).__name__ == "ValidationError":
        return "a model checks values that are known only when the chain runs: make it with `model_construct(...)`"
    return None
