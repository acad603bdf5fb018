"""Which findings are meant: those of some files, of some rules, or all but those of some."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cyberflow.compiler.rules import RULES
from cyberflow.diagnostics import Diagnostic, did_you_mean
from cyberflow.errors import UsageError


@dataclass(frozen=True)
class FindingSelection:
    """`paths` are files and folders, relative to the project; empty means all of them, as an empty `select` does."""

    paths: tuple[str, ...] = ()
    select: frozenset[str] = frozenset()
    ignore: frozenset[str] = frozenset()

    @classmethod
    def of(cls, root: Path, paths: Sequence[Path], select: Iterable[str], ignore: Iterable[str]) -> FindingSelection:
        """Read what was asked for. Raises UsageError for a rule that there is not, and a path outside the project."""
        return cls(tuple(_relative(root, path) for path in paths), _rules(select), _rules(ignore))

    def filter(self, found: Iterable[Diagnostic]) -> list[Diagnostic]:
        """The findings that are meant, in their order."""
        return [one for one in found if self._is_meant(one)]

    def _is_meant(self, one: Diagnostic) -> bool:
        if one.rule in self.ignore or (self.select and one.rule not in self.select):
            return False
        path = one.place.path
        return not self.paths or any(at in ("", path) or path.startswith(f"{at}/") for at in self.paths)


def _rules(names: Iterable[str]) -> frozenset[str]:
    """Names of rules, which may also be given with commas."""
    given = frozenset(name for text in names for name in text.replace(",", " ").split())
    for name in sorted(given - set(RULES)):
        raise UsageError(f"there is no rule `{name}`", help=did_you_mean(name, RULES))
    return given


def _relative(root: Path, path: Path) -> str:
    if not path.exists():
        raise UsageError(f"there is no {path}", help="a path is a file or a folder of the project")
    try:
        found = path.resolve().relative_to(root.resolve()).as_posix()
    except ValueError:
        raise UsageError(f"{path} is not in the project {root}", help="name its project with --project") from None
    return "" if found == "." else found
