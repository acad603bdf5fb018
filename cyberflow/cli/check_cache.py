"""Answers of `check` that still hold: kept in `.cyberflow/` with the hash of every input that was read, the names in
every folder that was looked into, and the program that gave them. Imports nothing heavy: a plain `check` is answered
without the command line, and one of which nothing changed without the compiler.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from hashlib import sha256

from cyberflow.language.disk_facts import are_current, find_current_stamp, folder_entries
from cyberflow.version import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from cyberflow.language.project.load import RawProject

FILE = ".cyberflow/check.json"
_PACKAGE = os.path.dirname(os.path.dirname(__file__))  # noqa: PTH120 - pathlib costs more than all that is done here
_DAMAGE = (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError)
_WORTH_KEEPING = 20
"""How many files may be read again each time before it is noted that they are what they were."""
_VALUES = {"--project": "", "--format": "text", "--error-on": "error"}
_FLAGS = {"--quiet": "--quiet", "-q": "--quiet", "--no-color": "", "--no-cache": "--no-cache"}
"""What each flag is called, but for the one that changes nothing where nobody reads colours."""
_FORMATS, _LEVELS = ("text", "json", "sarif", "github"), ("error", "warning")
_COMPLETION = "_CYBERFLOW_COMPLETE"


_CHANGED: list[int] = []
"""When the package was last changed, once that was looked at."""


class CheckReport:
    """What was found, in a text cut at its marks for styles, how many errors and warnings that speaks of, and what is
    said beside it; `plain` is what a stream that is not a terminal shows of it.
    """

    __slots__ = ("errors", "hint", "plain", "segments", "warnings")

    def __init__(self, segments: list[str], errors: int, warnings: int, hint: str = "", plain: str = "") -> None:
        self.segments = segments
        self.errors = errors
        self.warnings = warnings
        self.hint = hint
        self.plain = plain

    @property
    def text(self) -> str:
        """The text with its marks."""
        from cyberflow.cli.styles import from_segments

        return from_segments(self.segments)


class CheckCache:
    """The kept answers of one project."""

    missed: set[tuple[str, str]] = set()  # noqa: RUF012 - of the whole process
    """Projects of which there was no answer in a form, so that it is not looked for again."""

    read: dict[str, Any] = {}  # noqa: RUF012 - of the whole process
    """What was kept of a project, when that was read last."""

    def __init__(self, root: str) -> None:
        self.root = root

    def find(self, form: str) -> CheckReport | None:
        """Give the answer in a form, if nothing that it was made of has changed."""
        if (self.root, form) in self.missed:
            self.missed.discard((self.root, form))
            return None
        try:
            self.read[self.root] = data = _read_intact(f"{self.root}/{FILE}")
            answer = data["answers"].get(form)
            if answer is None or not self._is_current(data):
                return None
            return CheckReport(answer["segments"], *(answer[k] for k in ("errors", "warnings", "hint", "plain")))
        except _DAMAGE:
            return None

    def store(self, form: str, answer: CheckReport, sourced: RawProject) -> None:
        """Keep an answer; a folder that cannot be written keeps nothing. One of Python modules holds while no file of
        the project and no package has changed; what rests on a file that could not be read is not kept.
        """
        files = sourced.files
        if not files.cacheable:
            return
        inputs: dict[str, Any] = {
            "program": self.program_version,
            "files": files.file_hashes(),
            "folders": files.folder_listings(),
            "ignore_files": files.ignore_facts(),
        }
        if sourced.settings.python:
            from cyberflow.language.python.reading.environment import environment_hash

            inputs["python"] = environment_hash(sourced.root)
            if inputs["python"] is None:
                return
        try:
            data = self.read.get(self.root) or _read_intact(f"{self.root}/{FILE}")
            answers = data["answers"] if data["inputs"] == inputs else {}
        except _DAMAGE:
            answers = {}
        counts = {"errors": answer.errors, "warnings": answer.warnings, "hint": answer.hint, "plain": answer.plain}
        answers[form] = {"segments": answer.segments, **counts}
        stamps = {path: [*file.stamp] for path, file in files.disk.read.items() if file.stamp is not None}
        self._write({"inputs": inputs, "stamps": stamps, "answers": answers})

    def file_stamps(self) -> dict[str, tuple[Any, str]]:
        """The stamps of the files that were read for the last answer, and the hashes that go with them."""
        try:
            data = self.read.get(self.root) or _read_intact(f"{self.root}/{FILE}")
            stamps = data["stamps"] if os.name == "posix" else {}
            return {
                path: ((*stamps[path],), digest) for path, digest in data["inputs"]["files"].items() if stamps.get(path)
            }
        except _DAMAGE:
            return {}

    def _is_current(self, data: Any) -> bool:
        inputs, stamps = data["inputs"], data["stamps"]
        if inputs["program"] != self.program_version or not are_current(inputs["ignore_files"]):
            return False
        if "python" in inputs:
            from pathlib import Path

            from cyberflow.language.python.reading.environment import environment_hash

            if environment_hash(Path(self.root)) != inputs["python"]:
                return False
        if any(folder_entries(f"{self.root}/{folder}") != names for folder, names in inputs["folders"].items()):
            return False
        read = 0
        for path, digest in inputs["files"].items():
            kept = stamps.get(path)
            stamp = find_current_stamp(f"{self.root}/{path}", digest, kept)
            if stamp is None:
                return False
            read += stamp != (kept or [])
            stamps[path] = stamp
        if read > _WORTH_KEEPING:
            self._write(data)
        return True

    @property
    def program_version(self) -> str:
        """The version, the interpreter, and when the package was last changed."""
        if not _CHANGED:
            _CHANGED.append(_newest_change(_PACKAGE))
        return f"{__version__} {sys.version} {_CHANGED[0]}"

    def _write(self, data: dict[str, Any]) -> None:
        """Keep it, below its own hash, if the disk lets us: an answer that is not kept is found anew."""
        from pathlib import Path

        from cyberflow.errors import CyberflowError
        from cyberflow.storage import private_folder, write_text

        text, path = json.dumps(data, ensure_ascii=False, separators=(",", ":")), Path(self.root, FILE)
        try:
            private_folder(path.parent)
            write_text(path, f"{sha256(text.encode()).hexdigest()}\n{text}")
        except (CyberflowError, OSError, UnicodeEncodeError):
            return


def _newest_change(folder: str) -> int:
    newest = 0
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith(".py"):
                newest = max(newest, entry.stat().st_mtime_ns)
            elif "." not in entry.name and entry.name != "__pycache__" and entry.is_dir():
                newest = max(newest, _newest_change(entry.path))
    return newest


def _read_intact(path: str) -> Any:
    """What was kept. Raises ValueError for a file that is not, to the byte, what was written."""
    with open(path, "rb") as file:  # noqa: PTH123 - as above
        seal, _, text = file.read().partition(b"\n")
    if sha256(text).hexdigest().encode() != seal:
        raise ValueError("damaged")
    return json.loads(text)


def repeat_answer(arguments: list[str]) -> int | None:
    """Say again what `check` said last, and give its exit code. None, with nothing said, where the command line must
    look: something changed, it is asked for otherwise, or somebody reads colours.
    """
    asked = read_plain_arguments(arguments)
    if asked is None or asked["--no-cache"]:
        return None
    try:
        root = find_plain_root(asked["--project"])
        answer = CheckCache(root).find(asked["--format"]) if root else None
        if root and answer is None:
            CheckCache.missed.add((root, asked["--format"]))
        if answer is None or (answer.hint and sys.stderr.isatty()):
            return None
        return print_plainly(answer, asked, sys.stdout.fileno(), sys.stderr.fileno())
    except (OSError, ValueError, AttributeError):
        return None


def read_plain_arguments(arguments: list[str]) -> dict[str, str] | None:
    """The options of a plain `check`, whose answer goes to where nobody reads colours; None for anything else."""
    if arguments[:1] != ["check"] or _COMPLETION in os.environ:
        return None
    if sys.stdin is None or sys.stdout is None or sys.stderr is None or sys.stdout.isatty():
        return None
    asked, waiting = {**_VALUES, "--quiet": "", "--no-cache": ""}, iter(arguments[1:])
    for word in waiting:
        name, equals, value = word.partition("=")
        if name in _VALUES and name.startswith("--"):
            asked[name] = value if equals else next(waiting, "")
            if not asked[name]:
                return None
        elif word in _FLAGS:
            asked[_FLAGS[word]] = "yes"
        else:
            return None
    return asked if asked["--error-on"] in _LEVELS and asked["--format"] in _FORMATS else None


def find_plain_root(start: str) -> str | None:
    """The folder of the project; None where there is anything to say about it."""
    folder = os.path.realpath(start or os.getcwd())  # noqa: PTH109 - pathlib costs more than the rest of this
    while os.path.isdir(folder):  # noqa: PTH112
        if os.path.isfile(f"{folder}/cyberflow.yaml"):  # noqa: PTH113
            return folder
        above = os.path.dirname(folder)  # noqa: PTH120
        if above == folder or os.path.isfile(f"{folder}/cyberflow.yml"):  # noqa: PTH113
            return None
        folder = above
    return None


def print_plainly(answer: CheckReport, asked: dict[str, str], output: int, error: int) -> int:
    """Print an answer to descriptors, and give the exit code."""
    text = asked["--format"] == "text"
    if answer.errors or answer.warnings or not text or not asked["--quiet"]:
        _write(output, answer.plain)
    if answer.hint and text and not asked["--quiet"]:
        with suppress(OSError):
            _write(error, answer.hint)
    return 1 if answer.errors or (asked["--error-on"] == "warning" and answer.warnings) else 0


def _write(descriptor: int, text: str) -> None:
    data = text.encode("utf-8", "backslashreplace")
    while data:
        try:
            data = data[os.write(descriptor, data) :]
        except BlockingIOError:
            import select

            select.select([], [descriptor], [])
