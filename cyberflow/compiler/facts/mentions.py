"""Which names of a project stand in which of its files: kept on disk, so that an edit has no other file read."""

from __future__ import annotations

from collections.abc import Mapping

from cyberflow.compiler.facts.file_facts import FileFacts, documents_of, names_of, words_of
from cyberflow.language.project.load import RawProject


def find_mentions(
    raw: RawProject, now: Mapping[str, FileFacts], before: Mapping[str, FileFacts]
) -> dict[str, list[str]]:
    """The names that stand in each file, of all that files give. Nothing where no facts were kept before: whoever asks
    once need not wait for what helps to ask again.
    """
    if not before:
        return {}
    documents, known = documents_of(raw), raw.files.disk.memory.mentions
    names = names_of(now)
    new = names - names_of(before)
    found = {}
    for path in now:
        held = known.get(path)
        if held is None or path not in before or now[path].content != before[path].content:
            held = words_of(documents[path]) & names
        elif new:
            held |= words_of(documents[path]) & new
        found[path] = sorted(held)
    return found
