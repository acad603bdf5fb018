"""Which files hold declarations: the ones `sources` names, or by default every YAML file of the project that looks
like one of ours, without tests, build output, dot-folders and what git ignores.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from cyberflow.diagnostics import Diagnostic, edit_distance
from cyberflow.language.discovery import MISNAMED_PROJECT_FILE, PROJECT_FILE, is_project
from cyberflow.language.disk_facts import printable_name
from cyberflow.language.files import LARGEST_TEXT, Files, decode_leniently, path_escape
from cyberflow.language.yaml.document import YamlDocument, parse_yaml
from cyberflow.late import expression
from cyberflow.source import Place

SECTIONS = ("workflows", "chains", "types", "pipelines", "tasks")
_STARTS = expression(rf"""^(?:\{{\s*)?(["']?)({"|".join(SECTIONS)})\1\s*:""", re.MULTILINE)
_NEAR = 2


def documents_from_sources(files: Files, sources: list[str], place: Place) -> Iterator[YamlDocument | Diagnostic]:
    """The files that `sources` names; a folder stands for the declaration files below it."""
    for index, name in enumerate(sources):
        at = place.at(index)
        folder = posixpath.normpath(name.strip("/"))
        is_folder = _is_folder(files.root / folder) and not files.leads_out(folder)
        path = folder if is_folder else files.find(name, at)
        if isinstance(path, Diagnostic):
            yield path
            continue
        if other := _other_project(files.root, path):
            note = f"`{other}/{PROJECT_FILE}` makes its folder a project of its own"
            help = "take it out of `sources`: each project is applied by itself"
            yield Diagnostic("path-escape", f"`{name}` belongs to another project", at, note=note, help=help)
            continue
        if is_folder:
            found = list(files.walk.yaml_files("" if folder == "." else folder))
            yield from _report_unreadable_folders(files)
            yield from _report_misnamed_files(files)
            yield from _declaration_documents(files, found)
            continue
        document = _read(files, path, at)
        yield document
        if isinstance(document, YamlDocument) and not document.faults and not _holds_section(document):
            help = f"begin it with one of {', '.join(f'`{section}:`' for section in SECTIONS)}"
            yield Diagnostic("missing-key", f"`{name}` declares nothing", at, help=help)


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # the name is too long, or a folder above it is closed
        return False


def _other_project(root: Path, path: str) -> str | None:
    """The nearest folder below the root on the way to a path, itself included, that is a project of its own."""
    folders = (PurePosixPath(path), *PurePosixPath(path).parents)
    return next((folder.as_posix() for folder in folders if folder.name and is_project(root / folder)), None)


def discover_documents(files: Files) -> Iterator[YamlDocument | Diagnostic]:
    """The declaration files of a project that names no `sources`."""
    found = list(files.walk.yaml_files(ignored=False))
    yield from _report_unreadable_folders(files)
    yield from _report_misnamed_files(files)
    yield from _declaration_documents(files, found)


def _report_unreadable_folders(files: Files) -> Iterator[Diagnostic]:
    """Speak of each folder whose files could not be listed, once."""
    while files.walk.unreadable_folders:
        folder, why = files.walk.unreadable_folders.popitem()
        files.distrust()
        place, message = Place(printable_name(folder)), f"the folder `{printable_name(folder)}` cannot be read"
        help = "make it readable, or say under `sources` where declarations are"
        yield Diagnostic("file-not-found", message, place, note=why, help=help)


def _report_misnamed_files(files: Files) -> Iterator[Diagnostic]:
    """Speak of project files that are called `.yml`, which would be passed over in silence."""
    for path in files.walk.misnamed:
        above = path.removesuffix(MISNAMED_PROJECT_FILE)
        beside = f"it stands beside `{above}{PROJECT_FILE}`" if is_project(files.root / above) else ""
        help = "move what it holds there, and delete it" if beside else f"rename it to `{PROJECT_FILE}`"
        message = f"`{path}` is not read: a project file is called `{PROJECT_FILE}`"
        yield Diagnostic("file-not-found", message, Place(printable_name(path)), note=beside, help=help)


def _declaration_documents(files: Files, paths: Iterable[str]) -> Iterator[YamlDocument | Diagnostic]:
    for path in sorted(paths):
        if path == PROJECT_FILE:
            continue
        if path != printable_name(path):
            if _may_declare(files, path):
                message, help = "the name of this file is not UTF-8", "rename the file"
                yield Diagnostic("file-not-found", message, Place(printable_name(path)), help=help)
            continue
        document = _read(files, path, Place(path))
        if isinstance(document, Diagnostic):
            if _may_declare(files, path):
                yield document
            else:
                files.documents.pop(path, None)
        elif not _looks_like_declarations(document):
            files.documents.pop(path, None)
        elif path in files.walk.links and files.leads_out(path):
            files.documents.pop(path, None)
            yield path_escape(path, Place(path), "a symbolic link leads out of the project")
        else:
            yield document


def _read(files: Files, path: str, place: Place) -> YamlDocument | Diagnostic:
    if (unread := files.find_unread(path)) is not None:
        known: YamlDocument = unread.parsed or YamlDocument(path, lambda: unread.text, unread.outline)
        unread.parsed = files.documents[path] = known
        return known
    text = files.read_text(path, place)
    if isinstance(text, Diagnostic):
        return text
    file = files.disk.read[path]
    if not isinstance(file.parsed, YamlDocument) or file.parsed.path != path:
        file.parsed = YamlDocument(path, text, file.outline)
    files.documents[path] = file.parsed
    return file.parsed


read_document = _read


def _may_declare(files: Files, path: str) -> bool:
    """Whether a file that was not read as text may hold declarations, as one that does not open always may."""
    try:
        data = files.read_beginning(path)
    except OSError as error:
        return not isinstance(error, IsADirectoryError)
    text = decode_leniently(data)
    return bool(_STARTS.search(text)) or (len(data) < LARGEST_TEXT and _looks_like_declarations(parse_yaml(text, path)))


def _looks_like_declarations(document: YamlDocument) -> bool:
    keys = set(document.outline.sections if document.outline else ())
    if not keys and document.data is None:
        return bool(document.problems) and bool(_STARTS.search(document.text.replace("\0", "")))
    if not keys and not isinstance(document.data, dict):
        return False
    keys = keys or set(document.data)
    if keys & {"workflows", "chains", "types", "pipelines"}:
        return True
    strangers = [key for key in keys if key not in SECTIONS and not key.startswith("x-")]
    if not strangers:
        return "tasks" in keys
    return len(strangers) == 1 and _is_near_section(strangers[0])


def _holds_section(document: YamlDocument) -> bool:
    keys = document.outline.sections if document.outline else ()
    return any(key in SECTIONS or _is_near_section(key) for key in keys)


def _is_near_section(key: str) -> bool:
    """Whether a key is a section's but for a letter or two."""
    return any(edit_distance(key, section, _NEAR) <= _NEAR for section in SECTIONS)
