"""What is open in an editor: buffers by project, the last result of each, and who waits for a newer one."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from cyberflow.language.discovery import PROJECT_FILE, is_project
from cyberflow.lsp.analyst import Analyst, Checked
from cyberflow.lsp.texts import Buffer, Encoding
from cyberflow.lsp.view import ProjectView

PYTHON = ".py"
_MOST_FOLDERS, _DEEPEST = 2_000, 4
_SKIPPED = frozenset({"node_modules", "__pycache__", "dist"})


@dataclass
class Session:
    """The state of one client. Everything here happens in the thread of the server; `analyst` works beside it."""

    analyst: Analyst
    encoding: Encoding = "utf-16"
    buffers: dict[Path, dict[str, Buffer]] = field(default_factory=dict)
    views: dict[Path, ProjectView] = field(default_factory=dict)
    _waiting: list[asyncio.Future[None]] = field(default_factory=list)

    def locate(self, file: Path) -> tuple[Path, str] | None:
        """The project that a file belongs to, and its path there."""
        for folder in file.parents:
            if is_project(folder):
                return folder, file.relative_to(folder).as_posix()
        return None

    def begin(self, folder: Path) -> None:
        """Check the projects at, above and below a folder of the workspace."""
        for root in find_projects(folder):
            self.ask(root)

    def lay(self, file: Path, change: Callable[[Buffer | None], Buffer | None]) -> None:
        """Open, change or close the buffer of a file."""
        found = self.locate(file)
        if found is None:
            return
        root, path = found
        buffers = self.buffers.setdefault(root, {})
        buffer = change(buffers.get(path))
        if buffer is None:
            buffers.pop(path, None)
        else:
            buffers[path] = buffer
        if path.endswith(PYTHON) and buffer is not None:
            return  # modules are imported: what is saved counts
        self.ask(root)

    def ask(self, root: Path) -> None:
        """Have a project checked as its buffers are now."""
        self.analyst.ask(root, self._laid(root))

    def ask_all(self) -> None:
        """Have every project checked anew, for the disk has changed."""
        for root in {*self.views, *self.buffers}:
            self.ask(root)

    def take(self, checked: Checked) -> ProjectView:
        """Keep a result, and wake who waits for one."""
        self.views[checked.root] = view = ProjectView(checked, self.encoding)
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            if not future.done():
                future.set_result(None)
        return view

    def is_current(self, view: ProjectView, path: str) -> bool:
        """Whether a result was made of the buffer that a file has now."""
        root = view.checked.root
        return path.endswith(PYTHON) or view.checked.buffers.get(path) is self.buffers.get(root, {}).get(path)

    async def fresh(self, file: Path) -> tuple[ProjectView, str] | None:
        """The result for the project of a file as all of its buffers are now, once there is one."""
        found = self.locate(file)
        if found is None:
            return None
        root, path = found
        if root not in self.views:
            self.ask(root)
        while (view := self.views.get(root)) is None or view.checked.buffers != self._laid(root):
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(future)
            await future
        return view, path

    def last(self, file: Path) -> tuple[ProjectView, str] | None:
        """The last result for the project of a file, however old."""
        found = self.locate(file)
        view = self.views.get(found[0]) if found else None
        return (view, found[1]) if found and view else None

    def _laid(self, root: Path) -> dict[str, Buffer]:
        return {path: one for path, one in self.buffers.get(root, {}).items() if not path.endswith(PYTHON)}


def find_projects(folder: Path) -> Iterator[Path]:
    """The project that a folder is in, or else those below it."""
    above = next((one for one in (folder, *folder.parents) if is_project(one)), None)
    if above is not None:
        yield above
        return
    for looked, (here, folders, names) in enumerate(os.walk(folder)):
        depth = len(Path(here).relative_to(folder).parts)
        deeper = depth < _DEEPEST and looked < _MOST_FOLDERS
        folders[:] = [one for one in folders if deeper and not one.startswith(".") and one not in _SKIPPED]
        if PROJECT_FILE in names:
            yield Path(here)
