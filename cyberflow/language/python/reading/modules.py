"""Importing the modules of a project, and leaving the interpreter as it was: the root is importable meanwhile, what
comes from below it is imported anew from its source, and is forgotten afterwards.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from contextvars import ContextVar
from dataclasses import field
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import module_from_spec
from io import StringIO
from keyword import iskeyword
from pathlib import Path
from threading import RLock
from types import CodeType, ModuleType
from typing import Any, TextIO, cast

from cyberflow.language.python.tracing.symbols import strip_marks
from cyberflow.late import dataclass

_ONE_AT_A_TIME = RLock()
"""`sys.modules` is one for all threads."""
_READING: ContextVar[bool] = ContextVar("cyberflow_reading", default=False)
_STDOUT, _STDERR = 1, 2
_LIBRARIES = ("site-packages", "dist-packages")


@dataclass
class ImportSession:
    """An import that is going on. `files` are the modules of the project that were loaded: absolute path to source;
    `overlays` lie over what the disk has of them.
    """

    root: Path
    overlays: Mapping[str, bytes] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    loaded_before: frozenset[str] = field(default_factory=lambda: frozenset(sys.modules))

    def load(self, path: str) -> ModuleType:
        """Import the module of a file; one that cannot be imported by name goes by its path.

        Raises whatever the module raises.
        """
        parts = path.removesuffix(".py").removesuffix("/__init__").split("/")
        if all(part.isidentifier() and not iskeyword(part) for part in parts):
            module = _import_by_name(".".join(parts))
            if module is not None and module.__file__ == str(self.root / path):
                return module
        return _load_file(path, _ModuleLoader(path, str(self.root / path), self))


def import_from_project(root: Path, name: str) -> ModuleType:
    """Import a module of the project at `root`, though another project that this process read has one of the same name;
    by its path where a library has the name, or it is not a name that can be imported.

    Raises whatever the module raises, and ImportError where there is none.
    """
    _prefer_project(root, name)
    folder = root.joinpath(*name.split("."))
    path = next((path for path in (folder.with_suffix(".py"), folder / "__init__.py") if path.is_file()), None)
    module = _import_by_name(name)
    if module is not None and (path is None or module.__file__ == str(path)):
        return module
    if path is None:
        raise ImportError(f"No module named {name!r}", name=name)
    key = path.relative_to(root).as_posix()
    return _load_file(key, SourceFileLoader(key, str(path)))


def _import_by_name(name: str) -> ModuleType | None:
    """None where it cannot be found by its name."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise
        return None


def _load_file(key: str, loader: SourceFileLoader) -> ModuleType:
    module = module_from_spec(ModuleSpec(key, loader, origin=loader.path))
    module.__file__ = loader.path
    sys.modules[key] = module
    loader.exec_module(module)
    return module


def is_reading() -> bool:
    """Whether a project is being read right now, so that its modules must not run anything."""
    return _READING.get()


@contextmanager
def import_session(
    root: Path, names: Collection[str], overlays: Mapping[str, bytes] | None = None
) -> Iterator[ImportSession]:
    """Make the project at `root` importable. What its modules print goes to standard error."""
    with _ONE_AT_A_TIME:
        session = ImportSession(root, overlays or {})
        tops = {name.split("/", maxsplit=1)[0].removesuffix(".py") for name in names}
        aside = _project_modules(root, tops)
        path, finder = list(sys.path), _ModuleFinder(session)
        for name in aside:
            del sys.modules[name]
        sys.path.insert(0, str(root))
        sys.meta_path.insert(0, finder)
        importlib.invalidate_caches()
        token = _READING.set(True)
        try:
            with _move_descriptor(sys.stdout) as stdout, redirect_stdout(cast("TextIO", _ThreadStdout(stdout))):
                yield session
        finally:
            _READING.reset(token)
            sys.meta_path.remove(finder)
            sys.path[:] = path
            for name in _project_modules(root, tops, session.loaded_before - aside.keys()):
                del sys.modules[name]
            sys.modules.update(aside)


@contextmanager
def _move_descriptor(stdout: TextIO) -> Iterator[TextIO]:
    """Have file descriptor 1 lead to standard error, for what programs and C code that a module starts write there.
    Gives a stream to where it led before, or `stdout` where that is another.
    """
    aside = _duplicate_stderr()  # first: a closed one would be taken for the copy of descriptor 1
    try:
        stdout.flush()
        ours, before = stdout.fileno() == _STDOUT, os.dup(_STDOUT)
    except (OSError, ValueError, AttributeError):
        os.close(aside)
        yield stdout
        return
    try:
        os.dup2(aside, _STDOUT)
        with open(before, "w", encoding="utf-8", errors="replace", buffering=1, closefd=False) as kept:
            yield kept if ours else stdout
    finally:
        os.dup2(before, _STDOUT)
        os.close(before)
        os.close(aside)


def _duplicate_stderr() -> int:
    try:
        return os.dup(_STDERR)
    except OSError:  # it is closed
        return os.open(os.devnull, os.O_WRONLY)


class _ThreadStdout:
    """Standard output for all threads but the one that reads a project: what that one prints goes to standard error."""

    def __init__(self, stdout: TextIO) -> None:
        self._stdout = stdout

    def write(self, text: str) -> int:
        return self._stream.write(strip_marks(text)) if is_reading() else self._stdout.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    @property
    def _stream(self) -> TextIO:
        return (sys.stderr or StringIO()) if is_reading() else self._stdout  # there is none when it is closed


def _project_modules(root: Path, tops: set[str], others: Collection[str] = ()) -> dict[str, ModuleType]:
    """The modules that come from the project, or from another one under a name that the project uses; those that are
    known to be of others left out. There are thousands: it looks at the text of their place first.
    """
    loaded = [
        one for one in list(sys.modules.items()) if one[0] not in others
    ]  # at once: other threads go on importing
    last = root.name.casefold()
    near = [
        (name, module)
        for name, module in loaded
        if last in _place_text(module).casefold() or name.partition(".")[0] in tops
    ]
    return {name: module for name, module in near if _is_project_module(name, module, root, tops)}


def _prefer_project(root: Path, module: str) -> None:
    """Have `module` come from the project at `root` when it is imported next, though another project that this process
    read has one of the same name.
    """
    sys.path[:] = [str(root), *(path for path in sys.path if path != str(root))]
    for name, other in _project_modules(root, {module.partition(".")[0]}).items():
        if not any(place.is_relative_to(root) for place in _places(other)):
            del sys.modules[name]
    importlib.invalidate_caches()


def _is_project_module(name: str, module: Any, root: Path, tops: set[str]) -> bool:
    if name == "__main__":
        return False
    inside = _places(module)
    if any(place.is_relative_to(root) for place in inside):
        return True
    system = (sys.prefix, sys.base_prefix)
    return name.partition(".")[0] in tops and any(not str(place).startswith(system) for place in inside)


def _places(module: Any) -> list[Path]:
    """The file of a module, or the folders of a package without one; none for a library."""
    places = map(Path, filter(None, _place_text(module).split("\0")))
    return [place for place in places if not any(library in place.parts for library in _LIBRARIES)]


def _place_text(module: Any) -> str:
    found = getattr(module, "__file__", None)
    return str(found) if found else "\0".join(map(str, getattr(module, "__path__", ())))


class _ModuleFinder(MetaPathFinder):
    """Finds the modules below the root, to be read from their source and never from a stale cache."""

    def __init__(self, session: ImportSession) -> None:
        self._session = session

    def find_spec(self, fullname: str, path: Any, target: ModuleType | None = None) -> ModuleSpec | None:
        spec = PathFinder.find_spec(fullname, [str(self._session.root)] if path is None else path, target)
        if spec is None or spec.origin is None or not isinstance(spec.loader, SourceFileLoader):
            return None
        origin = Path(spec.origin)
        if not origin.is_relative_to(self._session.root) or any(name in origin.parts for name in _LIBRARIES):
            return None
        spec.loader = _ModuleLoader(fullname, spec.origin, self._session)
        return spec


class _ModuleLoader(SourceFileLoader):
    """Compiles from source, keeps docstrings, writes no cache, and remembers what it read."""

    def __init__(self, fullname: str, path: str, session: ImportSession) -> None:
        super().__init__(fullname, path)
        self._session = session

    def get_code(self, fullname: str) -> CodeType:  # noqa: ARG002 - as importlib has it
        overlay = self._session.overlays.get(Path(self.path).relative_to(self._session.root).as_posix())
        data = self.get_data(self.path) if overlay is None else overlay
        text = data.decode("utf-8-sig").replace("\r\n", "\n")
        self._session.files[self.path] = text
        return compile(text, self.path, "exec", dont_inherit=True, optimize=0)
