"""Which files of a project must be checked again: those that changed, and whatever names what they give."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from cyberflow.compiler.facts.file_facts import (
    AnyDocument,
    FileFacts,
    ProjectFacts,
    is_word,
    names_in,
    names_of,
    words_of,
)
from cyberflow.language.disk import Disk
from cyberflow.language.project.declarations import hides_names
from cyberflow.language.python.reading.document import PythonDocument

GLOBAL_RULES = frozenset({"unknown-workflow", "bad-schema"})
"""Rules that speak once of what stands in many files, and of what there is in all of them."""
_FEW = 12


def find_affected(documents: Mapping[str, AnyDocument], disk: Disk, kept: ProjectFacts) -> set[str]:
    """The paths of the files whose facts no longer hold."""
    again = {path for path in documents if not _holds(path, kept.files.get(path), disk)}
    gone = kept.files.keys() - documents.keys()
    if again or gone:
        again |= {path for path, document in documents.items() if isinstance(document, PythonDocument)}
    names = {name for path in (*again, *gone) if path in kept.files for name in kept.files[path].names}
    reached: set[str] = set()
    while len(reached) < len(again) or names:
        for path in again - reached:
            names |= list_names(path, documents, disk, kept)
        reached = set(again)
        again |= _mentioning(documents, again, names, kept, disk.memory.mentions)
        again |= _sharing(again, kept.files) & documents.keys()
        names = set()
    return again


def find_providers(
    documents: Mapping[str, AnyDocument], disk: Disk, paths: Collection[str], kept: ProjectFacts
) -> set[str]:
    """The files that some files need, themselves included: whoever declares what they name, and what that needs."""
    owners: dict[str, list[str]] = {}
    for path in documents:
        for name in list_names(path, documents, disk, kept):
            owners.setdefault(name, []).append(path)
    needed: set[str] = set()
    waiting = [*paths]
    while waiting:
        path = waiting.pop()
        if path in needed:
            continue
        needed.add(path)
        if hides_names(documents[path]):
            return set(documents)
        waiting += [owner for word in words_of(documents[path]) for owner in owners.get(word, ())]
    return needed


def content_of(path: str, disk: Disk) -> str:
    """The hash of a file's content; empty when the disk refuses."""
    try:
        return disk.file(path).sha256
    except OSError:
        return ""


def list_names(path: str, documents: Mapping[str, AnyDocument], disk: Disk, kept: ProjectFacts) -> frozenset[str]:
    """The names that others may know from a file, which is not parsed for them when they are kept."""
    facts = kept.files.get(path)
    return facts.names if facts is not None and content_of(path, disk) == facts.content else names_in(documents[path])


def _holds(path: str, facts: FileFacts | None, disk: Disk) -> bool:
    return (
        facts is not None
        and not facts.doubtful
        and content_of(path, disk) == facts.content
        and (not facts.uses or all(disk.version(used) == version for used, version in facts.uses.items()))
        and not (facts.findings and any(one.rule in GLOBAL_RULES for one in facts.findings))
    )


def _mentioning(
    documents: Mapping[str, AnyDocument],
    known: Collection[str],
    names: set[str],
    kept: ProjectFacts,
    mentions: Mapping[str, frozenset[str]],
) -> set[str]:
    """The other files in whose text one of the names stands; `mentions` knows it of those that were given before."""
    if not names:
        return set()
    others = [(path, document) for path, document in documents.items() if path not in known]
    found = {path for path, _ in others if kept.files[path].hides}
    if mentions and all(map(is_word, names)) and names <= names_of(kept.files):
        found |= {path for path, _ in others if not names.isdisjoint(mentions.get(path, names))}
    elif len(names) <= _FEW:
        found |= {path for path, document in others if any(name in document.text for name in names)}
    else:
        found |= {path for path, document in others if not names.isdisjoint(words_of(document))}
    return found


def _sharing(again: Collection[str], files: Mapping[str, FileFacts]) -> set[str]:
    """The files that use a text in which something is wrong together with one that is checked again."""
    wrong = {
        one.place.path for path in again if path in files for one in files[path].findings if one.place.path != path
    }
    wrong |= {
        one.place.path
        for facts in files.values()
        for one in facts.findings
        if one.place.path in {used for path in again if path in files for used in files[path].uses}
    }
    return {path for path, facts in files.items() if path not in again and not wrong.isdisjoint(facts.uses)}
