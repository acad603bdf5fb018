"""The trial of a project's Python modules: reading a project imports them, so a process of its own does it first, and
one that never ends, or ends itself, takes no editor along.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from cyberflow.language.discovery import PROJECT_FILE
from cyberflow.language.yaml.document import parse_yaml

LONGEST = 5.0
"""How long modules may take to load, in seconds."""
_PROGRAM = """
import sys
from pathlib import Path
from cyberflow.language.project.load import read_project
read_project(Path(sys.argv[1]))
"""
Fingerprint = dict[Path, tuple[int, int]]


@dataclass
class ModuleTrial:
    """Remembers which modules of a project have been tried, by their sizes and times."""

    root: Path
    _tried: Fingerprint = field(default_factory=dict)
    _answer: str | None = None

    def run(self, project_file: bytes | None) -> str | None:
        """Why the modules cannot be loaded now; None when they can be. Nothing is run again until one has changed."""
        now = self._fingerprint(project_file)
        if now != self._tried:
            self._tried, self._answer = now, self._load() if now else None
        return self._answer

    def _fingerprint(self, project_file: bytes | None) -> Fingerprint:
        try:
            text = project_file if project_file is not None else (self.root / PROJECT_FILE).read_bytes()
            data = parse_yaml(text.decode("utf-8-sig", "replace"), PROJECT_FILE).data
        except OSError:
            return {}
        patterns = data.get("python") if isinstance(data, dict) else None
        found: Fingerprint = {}
        for pattern in patterns if isinstance(patterns, list) else ():
            found |= self._files(str(pattern).lstrip("/"))
        return found

    def _files(self, pattern: str) -> Fingerprint:
        """The files of a pattern, with whatever else lies beside them and may be imported."""
        try:
            folders = {path.parent for path in self.root.glob(pattern)}
            files = [path for folder in folders for path in folder.glob("*.py")]
            return {path: (stat.st_mtime_ns, stat.st_size) for path in files if (stat := path.stat())}
        except (OSError, ValueError, NotImplementedError):
            return {}

    def _load(self) -> str | None:
        words = [sys.executable, "-c", _PROGRAM, str(self.root)]
        null = subprocess.DEVNULL
        try:
            code = subprocess.run(  # noqa: S603 - our own interpreter and program
                words, check=False, timeout=LONGEST, stdin=null, stdout=null, stderr=null, cwd=self.root
            ).returncode
        except subprocess.TimeoutExpired:
            return f"the Python modules of {self.root.name} are not loaded within {LONGEST:.0f} seconds"
        return f"loading the Python modules of {self.root.name} ends the process, with {code}" if code else None
