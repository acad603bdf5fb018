"""The project's folder as the language sees it: paths with `/`, exact case, never outside, UTF-8 with LF.
It remembers every text so that findings can show it, and notes what is read.
"""

from __future__ import annotations

import hashlib
import os
import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE, BOM_UTF32_BE, BOM_UTF32_LE
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from cyberflow.diagnostics import Diagnostic, Label, is_only_near, nearest, replace_text
from cyberflow.edits import Replacement
from cyberflow.language.discovery import Walk
from cyberflow.language.disk import Disk, DiskFile, FileMemory, NotRegularError
from cyberflow.language.disk_facts import folder_entries
from cyberflow.language.merge_conflict import find_conflict
from cyberflow.source import Document, Place, PlainDocument

PARSED_SUFFIXES = (".yaml", ".yml", ".json")
"""The endings of files whose reader looks for merge conflicts itself."""
LARGEST_TEXT = 10 * 1024 * 1024
_WIDE = {BOM_UTF32_LE: "utf-32", BOM_UTF32_BE: "utf-32", BOM_UTF16_LE: "utf-16", BOM_UTF16_BE: "utf-16"}
_MOST_LOOKED_AT = 5_000


class Files:
    """The files below `root`. Paths that come out are relative to it, with `/`. `cacheable` is false when an answer
    rests on more than `file_hashes`, `folder_listings` and `ignore_facts` tell, such as a permission. `overlays` lie
    over the disk: the bytes of files that an editor holds open, by path. `memory` keeps files over several readings.
    `uses` are the files that each file names; what `doubtful` ones say may change though none of these does.
    """

    def __init__(
        self, root: Path, overlays: Mapping[str, bytes] | None = None, memory: FileMemory | None = None
    ) -> None:
        self.root = root
        self.documents: dict[str, Document] = {}
        self.uses: dict[str, set[str]] = {}
        self.doubtful: set[str] = set()
        self.disk = Disk(root, overlays or {}, FileMemory() if memory is None else memory)
        self.walk = Walk(root, self.disk.overlays)
        self._cacheable = True
        self._looked: dict[str, frozenset[str]] = {}
        self._hashed: dict[str, bytes] = {}

    @property
    def cacheable(self) -> bool:
        return self._cacheable

    def distrust(self, user: str = "") -> None:
        """Say that what a file says, or everything, rests on more than can be told."""
        self._cacheable = False
        self.doubtful.add(user)

    def use(self, user: str, path: str) -> None:
        """Note that what a file says rests on another."""
        self.uses.setdefault(user, set()).add(path)

    def find(self, name: str, place: Place) -> str | Diagnostic:
        """Resolve a file named at `place`: relative to that file, or to the project with a leading `/`."""
        base = PurePosixPath("/") if name.startswith("/") else PurePosixPath("/", place.path).parent
        parts: list[str] = []
        for part in [*base.parts[1:], *name.split("/")]:
            if part == ".." and not parts:
                return path_escape(name, place, "the path climbs above the folder of cyberflow.yaml")
            if part == "..":
                parts.pop()
            elif part not in ("", "."):
                parts.append(part)
        return self._check(name, parts, place)

    def _check(self, name: str, parts: list[str], place: Place) -> str | Diagnostic:
        above = ""
        for index, part in enumerate(parts):
            if part not in self._listing(above):
                self.doubtful.add(place.path)
                start = "".join(f"{part}/" for part in parts[:index])
                return self._missing_file(name, above, (start, parts[index:]), place)
            above = f"{above}/{part}" if above else part
        path, here = "/".join(parts), self.root.joinpath(*parts)
        self.use(place.path, path)
        if path in self.disk.overlays:
            return path
        try:
            if not here.is_file():
                self.distrust(place.path)
                help = "name a file in it" if here.is_dir() else None
                kind = "a folder" if here.is_dir() else "not a regular file"
                return Diagnostic("file-not-found", f"`{name}` is {kind}", place, help=help)
        except OSError as error:
            return self._unreadable(name, place, error)
        if self.leads_out(path):
            self.doubtful.add(place.path)
            return path_escape(name, place, "a symbolic link leads out of the project")
        return path

    def leads_out(self, path: str) -> bool:
        """Whether symbolic links take a file, or a folder, out of the project."""
        inside = (self.root / path).resolve().is_relative_to(self.root.resolve())
        self._cacheable &= inside
        return not inside

    def _missing_file(self, name: str, folder: str, parts: tuple[str, list[str]], place: Place) -> Diagnostic:
        """What to say of a path of which `parts` (what is there, what is not) was looked for in `folder`."""
        above, (part, *rest) = parts
        note, (help, written) = "", self._find_elsewhere(name, place)
        near = False
        if "\\" in name:
            written, near = name.replace("\\", "/"), True
            help = f"write the path with `/`: `{written}`"
        elif meant := nearest(part, self._listing(folder)):
            written = name[: name.rindex(part)] + meant + name[name.rindex(part) + len(part) :]
            help, near = f"did you mean `{written}`?", is_only_near(part, meant, self._listing(folder))
            if meant.casefold() == part.casefold():
                note = "upper and lower case must agree"
        if rest and not note:
            note = f"there is no folder `{above}{part}`"
        elif above + part != name.strip("/").removeprefix("./") and not note:
            note = f"looked for `{above}{part}`"
        fix = replace_text(place, name, written, safe=near) if written else None
        return Diagnostic("file-not-found", f"there is no file `{name}`", place, note=note, help=help, fix=fix)

    def _find_elsewhere(self, name: str, place: Place) -> tuple[str | None, str | None]:
        """Help that names the one file which a wrong path can mean, and its path: below the project, or in a folder
        that moved.
        """
        parts = [part for part in name.replace("\\", "/").split("/") if part not in ("", ".", "..")]
        found = "/".join(parts)
        if not parts:
            return None, None
        if not os.path.isfile(self.root / found):  # noqa: PTH113 - a name that no system takes is not a file either
            self.distrust(place.path)
            named = [path for path in self.walk.any_files(_MOST_LOOKED_AT) if path.rpartition("/")[2] == parts[-1]]
            if len(named) != 1:
                return None, None
            found = named[0]
        above = place.path.rpartition("/")[0]
        below = f"{above}/" if above else ""
        written = found[len(below) :] if found.startswith(below) else f"/{found}"
        leading = " a leading `/` means the project" if written.startswith("/") else ""
        return f"did you mean `{written}`?{leading}", written

    def _listing(self, folder: str) -> frozenset[str]:
        if folder not in self._looked:
            entries = self.disk.entries(folder)
            if entries is None:
                self.distrust()
            self._looked[folder] = frozenset(entries or ())
        return self._looked[folder]

    def file_hashes(self) -> dict[str, str]:
        """The sha256 of every file that was read."""
        return {path: file.sha256 for path, file in self.disk.read.items()}

    def folder_listings(self) -> dict[str, list[str] | None]:
        """What is in every folder that was walked or looked into, without what cyberflow makes."""
        looked = {folder or ".": folder_entries(self.root / folder) for folder in self._looked}
        return looked | self.walk.entries

    def find_ignored_declaration(self, name: str) -> str | None:
        """The YAML file that git ignores, and that declares something of this name."""
        key = re.compile(rf"""^[ \t]+["']?{re.escape(name)}["']?[ \t]*:""", re.MULTILINE)
        for path in self.walk.ignored:
            try:
                text = self.read_beginning(path).decode("utf-8", "replace") if path.endswith(PARSED_SUFFIXES) else ""
            except OSError:
                continue
            if key.search(text):
                self._cacheable = False
                return path
        return None

    def ignore_facts(self) -> dict[str, str | None]:
        """The content of every ignore file that was asked, by its path."""
        return self.walk.ignore_files.contents if self.walk.ignore_files else {}

    def read_bytes(self, path: str) -> bytes:
        """Give the content of a path that `find` or a listing gave. Raises OSError when the disk refuses."""
        try:
            return self.disk.file(path).content
        except OSError:
            self.distrust()
            raise

    def read_beginning(self, path: str) -> bytes:
        """Give as much of a file as is ever read as text; nothing of what is not a regular file. Raises OSError."""
        try:
            return self.disk.beginning(path, LARGEST_TEXT)
        except OSError:
            self.distrust()
            raise

    def size(self, path: str) -> int:
        """Give the length of a file in bytes. Raises OSError when the disk refuses."""
        return self.disk.size(path)

    def sha256(self, path: str) -> str:
        """Give the hash of a file's content, in hex."""
        data = self.read_bytes(path)
        digest = hashlib.sha256(data).hexdigest()
        self._hashed[digest] = data
        return digest

    def by_hash(self, sha256: str) -> bytes:
        """Give the content that was hashed before. Raises KeyError for a hash that no file gave."""
        return self._hashed[sha256]

    def find_unread(self, path: str) -> DiskFile | None:
        """A file of which its outline is known, so that its text need not be read."""
        try:
            file = self.disk.file(path, text=True)
        except (OSError, NotRegularError):
            return None
        return file if file.unread and file.outline is not None else None

    def read_text(self, path: str, place: Place) -> str | Diagnostic:
        """Give a text file as text: a BOM is dropped and CRLF reads as LF. It becomes a document of its own. One whose
        merge is not finished is a finding.
        """
        try:
            text = self.disk.file(path, text=True).text
        except NotRegularError as error:
            self.distrust(place.path)
            message, note = ("is too large", "over 10 MB") if error.too_large else ("is not a regular file", "")
            return Diagnostic("file-not-found", f"`{path}` {message}", place, note=note)
        except UnicodeDecodeError as error:
            return self._undecodable(path, place, error)
        except OSError as error:
            return self._unreadable(path, place, error)
        self.documents.setdefault(path, PlainDocument(path, text))
        conflict = None if path.endswith(PARSED_SUFFIXES) else find_conflict(text, path)
        return conflict or text

    def _undecodable(self, path: str, place: Place, error: UnicodeDecodeError) -> Diagnostic:
        """Point at the first byte that is not UTF-8. No text is shown: it may hold a secret that nobody can mask."""
        before = error.object[: error.start].decode().replace("\r\n", "\n")
        blank = re.sub(r"[^\n]", " ", before)
        self.documents[path] = PlainDocument(path, f"{blank}\ufffd", decode_leniently(error.object))
        labels = (Label(place, "named here"),) if place.path != path else ()
        note = "this is UTF-16" if error.object[:2] in (BOM_UTF16_LE, BOM_UTF16_BE) else "this is not UTF-8"
        at, help = Place(path).within(len(blank), len(blank) + 1), "save the file as UTF-8"
        return Diagnostic("file-not-found", f"`{path}` is not text", at, note=note, labels=labels, help=help)

    def _unreadable(self, name: str, place: Place, error: OSError) -> Diagnostic:
        self.distrust(place.path)
        return Diagnostic("file-not-found", f"`{name}` cannot be read", place, note=error.strerror or "")


def decode_leniently(data: bytes) -> str:
    """The text of a file that is not UTF-8, as well as can be told: to look for names in, never to be shown."""
    encoding = next((encoding for mark, encoding in _WIDE.items() if data.startswith(mark)), "utf-8-sig")
    return data.decode(encoding, "replace").replace("\0", "")


def path_escape(name: str, place: Place, note: str) -> Diagnostic:
    """What to say of a file that is outside the project."""
    help = "keep every file that a declaration names inside the project"
    return Diagnostic("path-escape", f"`{name}` leaves the project", place, note=note, help=help)


def meant_path(found: Diagnostic) -> str:
    """The path that a finding about a path would write in its place; nothing when it has no fix."""
    edits = found.fix.edits if found.fix else ()
    return next((edit.new for edit in edits if isinstance(edit, Replacement)), "")
