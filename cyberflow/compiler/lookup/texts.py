"""What texts and values mention: placeholders, images and refs."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from cyberflow.compiler.graph import AnyCaller, TaskNode, WorkflowNode
from cyberflow.compiler.lookup.entities import Entity, Mention, path_mentions
from cyberflow.compiler.scanned_text import ScannedText
from cyberflow.diagnostics import Diagnostic
from cyberflow.language.files import Files
from cyberflow.language.prompt.tokens import Token
from cyberflow.late import expression
from cyberflow.source import Place

Node = WorkflowNode | AnyCaller | TaskNode
_MARKS = {"input": 1, "secret": 2, "runtime": 2}
"""How many signs stand before the path of a token: `<`, `<$`, `{{`."""
_DESTINATION = expression(r"\]\(\s*(?:<(?P<angled>[^<>\n]*)>|(?P<plain>[^\s()<>]+))")


def token_mentions(owner: Node, texts: tuple[ScannedText, ...]) -> Iterator[Mention]:
    """Every placeholder of some texts: the input, secret or runtime value, and the members below it."""
    for text in texts:
        yield from text_mentions(text, lambda token: token_entity(owner, token))


def text_mentions(text: ScannedText, entity_of: Callable[[Token], Entity]) -> Iterator[Mention]:
    """Every placeholder of a text, of which `entity_of` knows the entity."""
    for token in text.scan.tokens:
        start = token.start + _MARKS[token.kind]
        written = text.scan.text[start : token.end - (2 if token.kind == "runtime" else 1)]

        def place_of(low: int, high: int, start: int = start) -> Place:
            return text.place_of(start + low, start + high)

        yield from path_mentions(entity_of(token), token.path.keys, written, 0, place_of)


def token_entity(owner: Node, token: Token) -> Entity:
    """What a token names; `{{name}}` is what the workflow declares under that name, an output or an input."""
    name = token.path.root
    if token.kind == "runtime":
        if isinstance(owner, WorkflowNode) and name in owner.outputs:
            return Entity("output", name, owner.name)
        if name not in owner.inputs:
            return Entity("runtime", name, owner.name)
    return Entity("secret" if token.kind == "secret" else "input", name, owner.name)


def image_mentions(text: ScannedText, files: Files) -> Iterator[Mention]:
    """The images of a prompt that are files of the project."""
    written = text.scan.text
    for image in text.scan.images:
        found = _DESTINATION.search(written, image.start, image.end) if image.complete else None
        if found and found.lastgroup:
            yield from _image(text, files, *found.span(found.lastgroup))
    for tag in text.scan.tags:
        for attribute in tag.attributes:
            if tag.name == "img" and attribute.name == "src" and attribute.value:
                yield from _image(text, files, *attribute.value)


def _image(text: ScannedText, files: Files, start: int, end: int) -> Iterator[Mention]:
    name, place = text.scan.text[start:end], text.place_of(start, end)
    yield from file_mentions(files, name, place, place)


def file_mentions(files: Files, name: str, place: Place, base: Place) -> Iterator[Mention]:
    """A path that stands at a place, relative to the file of `base`; none where nothing is found."""
    if ":" in name or not name.strip():
        return
    path = files.find(name, base)
    if not isinstance(path, Diagnostic):
        yield Mention(Entity("file", path), place, name)


def wide_mentions(owner: Node) -> Iterator[Mention]:
    """Placeholders with all their signs, as one who points at a bracket or a dot means them."""
    for text in owner.texts:
        for token in text.scan.tokens:
            written = text.scan.text[token.start : token.end]
            yield Mention(token_entity(owner, token), text.place_of(token.start, token.end), written)
