"""Merges one workflow: what the platform changed since the base goes into the files that declare it. Pure over what was
read; whoever calls it compiles the result before a byte is written.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from cyberflow.client.cyberdesk.wire import WorkflowRecord
from cyberflow.compiler.assets import AssetCollector
from cyberflow.compiler.graph import Graph, WorkflowNode
from cyberflow.compiler.scanned_text import ScannedText
from cyberflow.deploy.merge.conflicts import MergeEdit, edit_bytes
from cyberflow.deploy.merge.fields import KEYS, Side, choose_sides
from cyberflow.deploy.merge.prompts import PromptMerge, PromptSource, merge_prompt
from cyberflow.deploy.merge.scalars import scalar_edits
from cyberflow.deploy.pull.decompile import DecompileContext, DecompiledWorkflow, decompile
from cyberflow.language.prompt.render import render
from cyberflow.language.yaml.document import YamlDocument
from cyberflow.language.yaml.writing.key_edits import UNSET, NotWritten, key_edit
from cyberflow.remote.canonical import wire_fields
from cyberflow.remote.identity import Owner
from cyberflow.source import Place


@dataclass(frozen=True)
class ThreeStates:
    """A workflow as it was written last, as the sources have it and as the platform has it; `base` is None when nobody
    knows any more.
    """

    base: Mapping[str, Any] | None
    ours: Mapping[str, Any]
    theirs: WorkflowRecord


@dataclass(frozen=True)
class MergeInputs:
    """What a merge needs of the project: its graph, its assets, and the addresses of its images."""

    graph: Graph
    assets: AssetCollector
    owner: Owner
    language: DecompileContext
    addresses: Mapping[str, str]
    """The address on the account of what a prompt holds for an image, `asset://sha256/…`."""

    def bytes_of(self, path: str) -> bytes:
        return (self.graph.project.root / path).read_bytes()


@dataclass(frozen=True)
class MergedSources:
    """The files to write, by path in the project; `expected` are the fields that they must compile to, where there is
    no conflict; `reasons` say what could not be written into the sources at all.
    """

    sides: Mapping[str, Side]
    files: Mapping[str, bytes] = field(default_factory=dict)
    expected: Mapping[str, Any] = field(default_factory=dict)
    conflicts: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()


def merge_workflow(name: str, states: ThreeStates, inputs: MergeInputs, label: str, *, deep: bool) -> MergedSources:
    """Merge the workflow `name`. `label` names the platform in conflicts, `deep` tells items of lists apart."""
    theirs = wire_fields(states.theirs)
    sides = choose_sides(states.base, states.ours, theirs)
    work = _Merger(inputs.graph.workflows[name], states, inputs, deep=deep)
    for part, side in sides.items():
        if side != "sources":
            work.merge_field(part, side)
    files = {path: edit_bytes(inputs.bytes_of(path), edits, label) for path, edits in work.edits.items() if edits}
    expected = {
        part: theirs[part] if side in ("platform", "blocks") else states.ours[part] for part, side in sides.items()
    }
    return MergedSources(
        sides,
        {**files, **work.files},
        {**states.ours, **expected, **work.prompts},
        tuple(dict.fromkeys(work.conflicts)),
        tuple(work.reasons),
    )


class _Merger:
    """Gathers edits by file."""

    def __init__(self, node: WorkflowNode, states: ThreeStates, inputs: MergeInputs, *, deep: bool) -> None:
        self._node = node
        self._states = states
        self._inputs = inputs
        self._deep = deep
        self.edits: dict[str, list[MergeEdit]] = defaultdict(list)
        self.files: dict[str, bytes] = {}
        self.prompts: dict[str, str] = {}
        self.conflicts: list[str] = []
        self.reasons: list[str] = []

    def merge_field(self, part: str, side: Side) -> None:
        try:
            if side == "blocks":
                self._merge_blocks(part)
            else:
                self._write_keys(part, conflict=side == "conflict")
        except NotWritten as why:
            self.conflicts.append(part)
            self.reasons.append(str(why))

    def _merge_blocks(self, part: str) -> None:
        (key,) = KEYS[part]
        place = self._node.at(key)
        text = next((one for one in self._node.texts if one.place == place), None)
        if text is None or text.format is None:
            raise NotWritten(f"`{key}` cannot be read")
        source = self._source(text)
        before = self._states.base and self._states.base.get(part)
        theirs = str(getattr(self._states.theirs, part))
        found = merge_prompt(source, before or ("" if self._states.base is not None else None), theirs, deep=self._deep)
        self.conflicts += [part] * bool(found.conflicts)
        if not found.conflicts:
            self.prompts[part] = found.html
        self.edits[source.place.path] += self._in_file(source, found, place)

    def _in_file(self, source: PromptSource, found: PromptMerge, place: Place) -> list[MergeEdit]:
        if not source.place.route or not found.edits:
            return [*found.edits]
        return scalar_edits(self._document(), place, source.written, found.edits)

    def _document(self) -> YamlDocument:
        path = self._node.definition.place.path
        document = self._inputs.graph.project.files.documents.get(path)
        if not isinstance(document, YamlDocument) or document.is_json:
            raise NotWritten(f"{path} declares it: take the change over there")
        return document

    def _source(self, text: ScannedText) -> PromptSource:
        assert text.format is not None  # noqa: S101 - a prompt has one
        assets = partial(self._inputs.assets.add_image, text.text)
        annotated = render(text.scan, text.format, image=assets, lines=True)
        html = annotated.html
        images: dict[str, str] = {}
        for asset, address in self._inputs.addresses.items():
            html = html.replace(asset, address)
        for use in annotated.images:
            held = assets(use.src, use.start)
            if isinstance(held, str) and held != use.src:
                images[self._inputs.addresses.get(held, held)] = use.src
        place, written = self._written(text)
        return PromptSource(text.text, text.format, html, place, written, text.scan.tokens, images)

    def _written(self, text: ScannedText) -> tuple[Place, str]:
        """The text before its template: a file of its own, or the value of the key."""
        body = self._node.body
        given = body.prompt if text.place == self._node.at("prompt") else body.on_check_failure
        if isinstance(given, str):
            return Place(text.place.path, text.place.route), given
        home = self._inputs.graph.project.files.find(given.file, text.place.at("file")) if given else ""
        return Place(str(home)), self._inputs.graph.project.files.documents[str(home)].text

    def _write_keys(self, part: str, *, conflict: bool) -> None:
        """Write the keys that say a field as the platform has it, those that say something else."""
        document = self._document()
        ours = self._decompile(WorkflowRecord.model_validate({**self._states.theirs.to_json(), **self._states.ours}))
        theirs = self._decompile(self._states.theirs)
        for key in KEYS[part]:
            mine, other = ours.body.get(key), theirs.body.get(key)
            if mine != other:
                edit = key_edit(document, self._node.definition.place, key, UNSET if other is None else other)
                if edit is not None:
                    self.edits[document.path].append(MergeEdit(edit.start, edit.end, edit.text, conflict))
                self.files |= dict(self._own_files(document.path, other, theirs))
        self.conflicts += [part] * conflict

    def _decompile(self, record: WorkflowRecord) -> DecompiledWorkflow:
        return decompile(self._node.name, record, self._inputs.owner, self._inputs.language)

    def _own_files(self, home: str, value: Any, made: DecompiledWorkflow) -> Iterator[tuple[str, bytes]]:
        """The files that a value names."""
        folder = home.rpartition("/")[0]
        for path, text in made.files.items():
            if path in str(value):
                yield f"{folder}/{path}" if folder else path, text.encode()
