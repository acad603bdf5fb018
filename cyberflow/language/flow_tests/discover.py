"""Which files hold tests of flows: the YAML files below `tests/` that have `tests` at the top, or were meant to."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cyberflow.diagnostics import Diagnostic, edit_distance
from cyberflow.language.disk_facts import printable_name
from cyberflow.language.files import Files, decode_leniently
from cyberflow.language.project.sources import read_document
from cyberflow.language.yaml.document import YamlDocument
from cyberflow.late import expression
from cyberflow.source import Place

FOLDER = "tests"
SECTION = "tests"
_STARTS = expression(r"""^(?:\{\s*)?(["']?)tests\1\s*:""", re.MULTILINE)
_NEAR = 2


def discover_tests(files: Files, problems: list[Diagnostic]) -> Iterator[YamlDocument]:
    """The test files of a project; `problems` gets those that cannot be read. What is another program's, or ignored by
    git, is passed over.
    """
    if not (files.root / FOLDER).is_dir():
        return
    if files.walk.top_ignores().ignores(FOLDER, is_folder=True):
        return
    for path in sorted(files.walk.yaml_files(FOLDER, ignored=False)):
        if path != printable_name(path):
            continue
        document = read_document(files, path, Place(path))
        if isinstance(document, Diagnostic):
            if _may_test(files, path):
                problems.append(document)
            else:
                files.documents.pop(path, None)
        elif _looks_like_tests(document) and not (path in files.walk.links and files.leads_out(path)):
            yield document
        else:
            files.documents.pop(path, None)


def _looks_like_tests(document: YamlDocument) -> bool:
    if document.outline is None and document.data is None:
        return bool(document.problems) and bool(_STARTS.search(document.text.replace("\0", "")))
    if document.outline is None and not isinstance(document.data, dict):
        return False
    tops = document.outline.sections if document.outline else document.data
    keys = [key for key in tops if not key.startswith("x-")]
    return SECTION in keys or (len(keys) == 1 and edit_distance(keys[0], SECTION, _NEAR) <= _NEAR)


def _may_test(files: Files, path: str) -> bool:
    """Whether a file that was not read as text may hold tests."""
    try:
        return bool(_STARTS.search(decode_leniently(files.read_beginning(path))))
    except OSError:
        return False
