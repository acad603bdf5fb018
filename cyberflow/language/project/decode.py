"""Plain data to models: one body after another, each with the findings of what does not fit."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from cyberflow.diagnostics import Diagnostic
from cyberflow.language.closed_model import ClosedModel
from cyberflow.language.value_readers import Misfit
from cyberflow.late import dataclass
from cyberflow.source import Place, Route

M = TypeVar("M", bound=ClosedModel)


@dataclass(frozen=True)
class Decoded(Generic[M]):
    """What came of one body: the model (None when beyond saving), its findings, the keys that were left out, and the
    routes that are written otherwise, each with its last step in the file.
    """

    model: M | None
    problems: tuple[Diagnostic, ...] = ()
    broken: frozenset[str] = frozenset()
    renamed: tuple[tuple[Route, str | int], ...] = ()


def decode(model: type[M], data: Any, place: Place) -> Decoded[M]:
    """Read `data`, written at `place`, as `model`."""
    try:
        return Decoded(model.read(data))
    except Misfit:
        from cyberflow.language.project.misfits import mend

        fit, problems, broken, renamed = mend(model, data, place)
        return Decoded(None if fit is None else model.read(fit), problems, broken, renamed)
