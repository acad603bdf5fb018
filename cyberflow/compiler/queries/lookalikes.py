"""Lookalikes: what was written and is read as something else. Names in files that do not parse, prompts that YAML cuts,
paths and refs that stay text. Rules ask here, to say it once and to say nothing of what follows from it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from cyberflow.compiler.graph import WorkflowNode
from cyberflow.compiler.refs import Ref, parse_ref
from cyberflow.compiler.scanned_text import ScannedText
from cyberflow.diagnostics import Label
from cyberflow.language.prompt.paths import PATH
from cyberflow.language.prompt.prompt_files import FORMATS
from cyberflow.language.python.reading.document import PythonDocument
from cyberflow.language.yaml.document import YamlDocument
from cyberflow.late import expression
from cyberflow.source import Document, Place, PlainDocument

_COMMENT = expression(r"[ \t]+(#(?!\s*cyberflow:).*)")
_FILE = expression(rf"[^\s<>{{}}]+(?:{'|'.join(map(re.escape, FORMATS))})")
_REF = expression(rf"\s*(?:\{{\{{\s*({PATH})\s*\}}\}}|\{{?\s*\$ref:\s*({PATH})\s*\}}?|({PATH}))\s*")

SHOWN = 4
"""How many places of one mistake are shown."""


def has_unread_declaration(name: str, section: str, documents: Mapping[str, Document]) -> bool:
    """Whether a name is declared where it cannot be read: in a file that does not parse, or refused there."""
    key = re.compile(rf"""(?:^|[\s{{,"']){re.escape(name)}["']?[ \t]*:""", re.MULTILINE)
    for document in documents.values():
        if isinstance(document, YamlDocument) and name not in document.text and "\\" not in document.text:
            continue  # so that it need not be parsed
        data = document.data if isinstance(document, YamlDocument | PythonDocument) else None
        if isinstance(data, dict) and isinstance(data.get(section), dict) and name in data[section]:
            return True
        if isinstance(document, YamlDocument) and data is None and document.problems and key.search(document.text):
            return True
        if isinstance(document, PlainDocument) and key.search(document.unread):
            return True
    return False


def labels_for_repeats(places: Sequence[Place]) -> tuple[Label, ...]:
    """Labels for the other places of one mistake, a few of them."""
    last = "and here" if len(places) <= SHOWN else "and here, and elsewhere"
    shown = places[1:SHOWN]
    return tuple(Label(place, last if place is shown[-1] else "and here") for place in shown)


def prompt_ending_comment(text: ScannedText, document: YamlDocument) -> re.Match[str] | None:
    """The comment that ends a prompt written in place, in a plain text on one line."""
    node: Any = document.node(text.place.route)
    if text.format is None or getattr(node, "style", None) or not isinstance(getattr(node, "value", None), str):
        return None
    return _COMMENT.match(document.text, node.end_mark.index)


def whole_prompt_path(text: ScannedText) -> str | None:
    """The path that a prompt written in place consists of."""
    here = text.text.pieces and text.text.pieces[0].place.route == text.place.route
    written = text.text.value.strip()
    return written if text.format and here and _FILE.fullmatch(written) else None


def unread_prompt_text(workflow: WorkflowNode, documents: Mapping[str, Document]) -> str | None:
    """What stands in place of prompts that are not read as they were meant; None when all of it is a path."""
    said = ""
    for text in workflow.texts:
        if whole_prompt_path(text):
            return None
        document = documents.get(text.place.path)
        if isinstance(document, YamlDocument) and (comment := prompt_ending_comment(text, document)):
            said += comment[1]
    return said


def ref_lookalike(text: str) -> Ref | None:
    """The ref that a text looks like: `a.outputs.b`, `{{a.outputs.b}}`, `$ref:a.outputs.b`."""
    match = _REF.fullmatch(text)
    ref = parse_ref(next(filter(None, match.groups()))) if match else None
    return ref if isinstance(ref, Ref) else None
