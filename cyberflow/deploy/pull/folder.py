"""The folder that a pull writes to, beside what the project declares: which names are taken, which files would differ,
and all of them written, or none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cyberflow.deploy.pull.names import file_name
from cyberflow.errors import ConflictError, CyberflowError
from cyberflow.language.project.load import RawProject
from cyberflow.storage import write_bytes

_FEW = 5


@dataclass(frozen=True)
class PullFolder:
    """Where pulled sources go: `path` is in the project, or anywhere else."""

    sourced: RawProject
    path: Path

    def names_in_use(self) -> set[str]:
        """The names that the project has declared, but for those in files that this pull would write again."""
        taken = set()
        for path, data in self._documents():
            again = path.name if path.parent == self.path.resolve() else None
            for kind in ("workflows", "chains", "tasks", "pipelines"):
                body = data.get(kind)
                taken |= {name for name in body if _yaml_name(name) != again} if isinstance(body, dict) else set()
        return taken

    @property
    def is_source(self) -> bool:
        """Whether files in the folder are found as sources."""
        folder, root = self.path.resolve(), self.sourced.root.resolve()
        parts = folder.relative_to(root).parts if folder.is_relative_to(root) else (".",)
        return not any(part.startswith(".") for part in parts) and parts[:1] not in (("dist",), ("tests",))

    def write(self, contents: Mapping[str, bytes], *, force: bool = False) -> None:
        """Write all files, by path below the folder, or none where something else stands.

        Raises ConflictError for files that differ (without `force`) and names that another file declares.
        """
        files = {self.path / name: content for name, content in contents.items()}
        if elsewhere := self._duplicate_names(files):
            help = "`--into .cyberflow/pulled` is not a source: pull there, compare, and take over what you want"
            raise ConflictError(f"declared elsewhere already: {', '.join(elsewhere)}", help=help)
        differing = [path for path, content in files.items() if _is_other(path, content)]
        if differing and not force:
            shown = ", ".join(display_path(path) for path in differing[:_FEW])
            more = f" and {len(differing) - _FEW} more" if len(differing) > _FEW else ""
            raise ConflictError(f"these files differ: {shown}{more}", help="--force writes over them")
        # Declarations come last: a pull that is killed leaves no declaration that names a missing file.
        for path, content in sorted(files.items(), key=lambda one: one[0].suffix == ".yaml"):
            write_bytes(path, content, private=False)

    def _duplicate_names(self, files: Mapping[Path, bytes]) -> list[str]:
        """Names that would be declared twice, where the folder is one of the project's sources."""
        if not self.is_source:
            return []
        written = {path.resolve() for path in files}
        names = {path.name for path in files}
        found = []
        for path, data in self._documents():
            there = data.get("workflows")
            if isinstance(there, dict) and path not in written:
                shown = path.relative_to(self.sourced.root.resolve()).as_posix()
                found += [f"`{name}` in {shown}" for name in there if _yaml_name(name) in names]
        return found

    def _documents(self) -> Iterator[tuple[Path, dict[str, Any]]]:
        root = self.sourced.root
        mappings = ((one.path, one.data) for one in self.sourced.documents)
        return (((root / path).resolve(), data) for path, data in mappings if isinstance(data, dict))


def _yaml_name(name: object) -> str:
    return file_name(f"{name}.yaml")


def _is_other(path: Path, content: bytes) -> bool:
    """Whether something stands there that somebody wrote; an empty file is what a pull that was killed left."""
    if not path.is_file():
        return path.exists()
    try:
        return path.read_bytes() not in (content, b"")
    except OSError as error:
        raise CyberflowError(f"{path} cannot be read: {error.strerror or error}") from error


def display_path(path: Path) -> str:
    """A path as a person reads it: from the working directory where it lies below it."""
    try:
        return path.resolve().relative_to(Path.cwd().resolve()).as_posix()
    except ValueError:
        return str(path)
