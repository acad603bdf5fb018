"""Whether a bundle that was built for one target may go to another: `build` notes beside it what its templates read,
and it may when that was neither the target's name nor a var that any target sets.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

from cyberflow.compiler.bundle import Bundle
from cyberflow.language.model import ProjectFile
from cyberflow.language.project.load import RawProject
from cyberflow.storage import parse_json

READS = "reads.json"
_TEMPLATE = re.compile(r"(?<!\\)(?:\$\{\{.*?\}\}|\{%.*?%\})", re.DOTALL)
_WORD = re.compile(r"(?<![\w.\"'])(target|vars)\b(?:\s*(?:\.\s*([A-Za-z_]\w*)|\[\s*[\"']([^\"']+)[\"']\s*\]))?")


def template_reads(sourced: RawProject) -> list[str]:
    """What the templates of a compiled project read: `target`, `vars.NAME`, or `vars` when it cannot be told which."""
    modules = [path for pattern in sourced.settings.python for path in sourced.root.glob(pattern.lstrip("/"))]
    texts = [document.text for document in sourced.files.documents.values()]
    texts += [path.read_text(encoding="utf-8", errors="replace") for path in modules if path.is_file()]
    return sorted({name for text in texts for name in _variable_names(text)})


def reads_json(sourced: RawProject, bundle: Bundle) -> str:
    """The note that `build` leaves beside the bundle."""
    return json.dumps({"bundle": bundle.digest, "reads": template_reads(sourced)}, indent=2) + "\n"


def portability_problem(path: Path, bundle: Bundle, settings: ProjectFile) -> str:
    """Why this bundle may go to its own target only; empty when it may go to others."""
    try:
        note = parse_json((path.parent / READS).read_text(encoding="utf-8"))
        if note["bundle"] != bundle.digest:
            return f"the `{READS}` beside it is of another bundle"
        read = set(note["reads"])
    except (OSError, ValueError, KeyError, TypeError):
        return f"there is no `{READS}` beside it that says what its templates read"
    own = {f"vars.{name}" for target in settings.targets.values() for name in target.vars}
    if "target" in read:
        return "its templates read `target`"
    if "vars" in read and own:
        return "its templates read `vars` as a whole, and targets set some"
    if bound := sorted(read & own):
        return f"its templates read {', '.join(f'`{name}`' for name in bound)}, which a target sets"
    return ""


def _variable_names(text: str) -> Iterator[str]:
    for template in _TEMPLATE.findall(text):
        for word, key, quoted in _WORD.findall(template):
            yield word if word == "target" or not (key or quoted) else f"vars.{key or quoted}"
