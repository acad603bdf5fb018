"""What came of a case: passed, failed at places that are named, or never properly played."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from cyberflow.diagnostics import Diagnostic
from cyberflow.schema.values import ABSENT
from cyberflow.source import Place
from cyberflow.testing.play import Played

VerdictStatus = Literal["passed", "failed", "error"]


@dataclass(frozen=True)
class Failure:
    """A value that is not as expected: `at` is its path, `steps.book.inputs.mrn`, `place` where it is expected."""

    at: str
    expected: Any
    got: Any
    place: Place
    notes: tuple[str, ...] = ()
    message: str | None = None
    """What to say where nobody wrote down what is expected."""

    def to_json(self) -> dict[str, Any]:
        said = {"message": self.message} if self.message is not None else {}
        return {"at": self.at, "expected": _to_json(self.expected), "got": _to_json(self.got), **said}


@dataclass(frozen=True)
class Verdict:
    """What came of one case. `trouble` is what kept it from being played; `reached` is what its run went through."""

    name: str
    test: str
    run: str
    place: Place
    seconds: float = 0.0
    failures: tuple[Failure, ...] = ()
    warnings: tuple[Diagnostic, ...] = ()
    trouble: str | None = None
    played: Played | None = None
    attempts: tuple[int, int] | None = None
    """On a real account: how often it passed, and how often it was tried."""

    @property
    def status(self) -> VerdictStatus:
        if self.trouble is not None:
            return "error"
        return "failed" if self.failures else "passed"


def _to_json(value: Any) -> Any:
    """A value as JSON shows it; what is not there is null."""
    return None if value is ABSENT else value
