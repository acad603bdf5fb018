"""What is kept of each declaration file: what it was read from, which names it gives, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from cyberflow.compiler.bundle import Asset
from cyberflow.compiler.graph import Graph
from cyberflow.compiler.suppressions import Suppression
from cyberflow.diagnostics import Diagnostic
from cyberflow.language.discovery import PROJECT_FILE
from cyberflow.language.document import section_names
from cyberflow.language.project.load import RawProject
from cyberflow.language.project.sources import SECTIONS
from cyberflow.language.python.reading.document import PythonDocument
from cyberflow.language.yaml.document import YamlDocument
from cyberflow.late import dataclass, expression
from cyberflow.source import Document, Route

AnyDocument = YamlDocument | PythonDocument
_WORD = expression(r"[A-Za-z_][A-Za-z0-9_-]*")


@dataclass(frozen=True)
class FileFacts:
    """One declaration file. `names` are those that others may know from it, `uses` the files that it comes to, with
    their versions, `texts` those of them that can have findings; it is `doubtful` when what it says may change though
    none of them does, and `hides` names when its text does not show them. `findings` are those of its declarations,
    not yet silenced or masked; `spellings` are the routes in them that the file writes otherwise.
    """

    content: str
    names: frozenset[str]
    uses: Mapping[str, str] = field(default_factory=dict)
    texts: tuple[str, ...] = ()
    doubtful: bool = False
    hides: bool = False
    findings: tuple[Diagnostic, ...] = ()
    comments: tuple[Suppression, ...] = ()
    spellings: tuple[tuple[Route, str | int], ...] = ()


@dataclass(frozen=True)
class ProjectFacts:
    """All files of a project. `settings` is what every file was read with; other ones make all facts void. `graphs` and
    `assets`, by the file that names them, are kept in memory alone, and so are the texts that `documents` holds.
    """

    settings: str = ""
    files: Mapping[str, FileFacts] = field(default_factory=dict)
    graphs: Mapping[str, Graph] = field(default_factory=dict)
    assets: Mapping[str, Mapping[str, Asset]] = field(default_factory=dict)
    documents: Mapping[str, Document] = field(default_factory=dict)


def documents_of(raw: RawProject) -> dict[str, AnyDocument]:
    """Every file that can have findings, in the order in which they are read."""
    return {document.path: document for document in (*raw.declaration_files, *raw.tests)}


def names_in(document: AnyDocument) -> frozenset[str]:
    """Every name that others may know from a file; of one that cannot be read, all that may be one."""
    if document.outline is None and not isinstance(document.data, dict):
        return words_of(document)
    held = section_names(document)
    sections = held if document.path != PROJECT_FILE else [key for key in SECTIONS if key in held]
    return frozenset(name.removesuffix("?") for key in sections for name in held[key])


def names_of(files: Mapping[str, FileFacts]) -> frozenset[str]:
    """Every name that files give."""
    return frozenset().union(*[one.names for one in files.values()])


def is_word(name: str) -> bool:
    """Whether a name is one that the words of files can show."""
    return _WORD.fullmatch(name) is not None


def words_of(document: Document) -> frozenset[str]:
    """Every word of a file that may be a name."""
    return frozenset(_WORD.findall(document.text))
