"""Verifies a pull: the sources are compiled and held against what they were pulled from; what differs is written
differently or told.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from cyberflow.compiler.bundle import Bundle
from cyberflow.compiler.check import check
from cyberflow.compiler.compile import compile_bundle
from cyberflow.compiler.facts.findings import build_target
from cyberflow.compiler.type_notation import TypeReader
from cyberflow.deploy.pull.decompile import DecompileContext
from cyberflow.deploy.pull.pull import PulledWorkflow, PullItem, pull
from cyberflow.deploy.pull.type_writer import TypeWriter
from cyberflow.diagnostics import Diagnostic
from cyberflow.language.files import Files
from cyberflow.language.project.load import read_project
from cyberflow.language.prompt.render import render
from cyberflow.language.prompt.scanner import scan
from cyberflow.remote.canonical import differing_fields, wire_fields
from cyberflow.remote.desired import resolve_workflow
from cyberflow.remote.identity import Owner
from cyberflow.remote.images import find_image
from cyberflow.remote.snapshot import Snapshot
from cyberflow.source import Place, Route, Sources

_PROMPT_RULES = frozenset(
    {
        "undeclared-input",
        "undeclared-secret",
        "bad-placeholder",
        "ambiguous-placeholder",
        "backslash-placeholder",
        "path-on-scalar",
        "unknown-property",
    }
)
_PROMPTS = frozenset({"prompt", "on_check_failure", "check_prompt"})
_UNSAID = "the language cannot say its `{}` as it is; after `adopt`, `cyberflow plan` shows what would change"


@dataclass
class PullVerification:
    """What was pulled, and by name what of it the language cannot say."""

    pulled: list[PulledWorkflow]
    images: dict[str, bytes]
    faults: dict[str, list[str]] = field(default_factory=dict)

    @property
    def files(self) -> dict[str, bytes]:
        """Every file by its path below the folder, the texts first."""
        texts = {path: text.encode() for one in self.pulled for path, text in one.texts.items()}
        return {**texts, **self.images}


def verify_pull(
    chosen: Sequence[PullItem], remote: Snapshot, owner: Owner, images: Mapping[str, bytes], places: Mapping[str, str]
) -> PullVerification:
    """Write the sources and compile them. A rule that a prompt breaks on the platform too is ignored there, with the
    reason beside it. `images` are contents by path, `places` the paths by address.
    """
    remote = replace(remote, image_hashes={url: sha256(images[path]).hexdigest() for url, path in places.items()})
    known = _stable_image_urls(remote)
    local = {url: path for url, path in places.items() if url in known}
    language = decompile_context(remote, local)
    ignores: dict[str, dict[Route, set[str]]] = defaultdict(lambda: defaultdict(set))
    pulled = [pull(one, owner, language) for one in chosen]
    texts = [text for one in pulled for text in one.texts.values()]
    kept = {path: images[path] for path in language.images.values() if any(path in text for text in texts)}
    found, bundle, sources = _compile(pulled, kept, owner)
    prompts = {path: route for one in pulled for path, route in one.prompts.items()}
    for name, problems in found.items():
        for one in problems:
            if one.rule in _PROMPT_RULES and not _is_misread_tag(one.place, sources):
                # A place in a YAML file is at `workflows`, its name, and then in the declaration.
                ignores[name][prompts.get(one.place.path, one.place.route[2:])].add(one.rule)
    if ignores:
        pulled = [pull(one, owner, language, ignores.get(one.name)) for one in chosen]
        found, bundle, _ = _compile(pulled, kept, owner)
    return PullVerification(pulled, kept, _differences(chosen, found, bundle, remote, owner))


def decompile_context(remote: Snapshot, images: Mapping[str, str]) -> DecompileContext:
    """What decompiling needs to know; `images` are paths by address."""
    return DecompileContext(_render_prompt, _token_roots, TypeWriter(_read_type), remote.models, images)


def _stable_image_urls(remote: Snapshot) -> set[str]:
    """The addresses that a deployment would find again by content; another image stays named by its address."""
    sized = {image.supabase_url for image in remote.images if image.size_bytes is not None}
    seen = {url: digest for url, digest in remote.image_hashes.items() if url in sized}
    again = {url: find_image(digest, "", remote.images, seen) for url, digest in remote.image_hashes.items()}
    return {url for url, image in again.items() if image is not None and image.supabase_url == url}


def _is_misread_tag(place: Place, sources: Sources) -> bool:
    """Whether `<word>` in a text of a check or a command, which is text on the platform, is a token in the sources: no
    comment may hide that, for what it says is another thing.
    """
    span = sources.span(place)
    in_prompt = not place.route or place.route[-1] in _PROMPTS
    return not in_prompt and sources.lines(span.path)[span.line - 1][span.column - 1 :].startswith("<")


def _render_prompt(text: str, format: str, inputs: Iterable[str]) -> str | None:
    scanned = scan(text, format=format, inputs=list(inputs))  # type: ignore[arg-type]
    rendered = render(scanned, format, image=lambda source, _: source)  # type: ignore[arg-type]
    return None if rendered.flaws else rendered.html


def _token_roots(text: str) -> tuple[list[str], list[str]]:
    found = scan(text, format="wire", inputs=()).tokens
    roots = {
        kind: list(dict.fromkeys(one.path.root for one in found if one.kind == kind)) for kind in ("input", "secret")
    }
    return roots["input"], roots["secret"]


def _read_type(written: Any) -> Any:
    """The schema of a type as it would stand in a declaration; None when it has a finding."""
    reader = TypeReader({}, Files(Path()))
    schema = reader.read_type(written, Place("pulled.yaml"))
    return None if reader.problems else schema


def _compile(
    pulled: Sequence[PulledWorkflow], images: Mapping[str, bytes], owner: Owner
) -> tuple[dict[str, list[Diagnostic]], Bundle | None, Sources]:
    """Compile the sources alone, in a folder of their own; the errors by workflow, and what was read."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        files = PullVerification([*pulled], {**images}).files
        files["cyberflow.yaml"] = f"project: {owner.project}\n".encode()
        for path, content in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content)
        sourced = read_project(folder)
        built = build_target(sourced, "local")
        graph = built.graph
        homes = {path: one.name for one in pulled for path in one.texts}
        errors: dict[str, list[Diagnostic]] = defaultdict(list)
        for one in check(sourced, built={"local": built}):
            if one.severity == "error":
                errors[homes.get(one.place.path, "")].append(one)
        usable = {name for name in graph.workflows if name not in errors}
        whole = replace(graph, workflows={name: node for name, node in graph.workflows.items() if name in usable})
        return dict(errors), compile_bundle(whole, built.builder), sourced.sources


def _differences(
    chosen: Sequence[PullItem],
    found: Mapping[str, Collection[Diagnostic]],
    bundle: Bundle | None,
    remote: Snapshot,
    owner: Owner,
) -> dict[str, list[str]]:
    faults: dict[str, list[str]] = {}
    for one in chosen:
        told = [f"`cyberflow check` will say: {problem.message}" for problem in found.get(one.name, ())]
        made = bundle.workflow(one.name) if bundle else None
        if made is not None and bundle is not None:
            names = differing_fields(wire_fields(one.workflow), resolve_workflow(made, bundle, remote, owner).fields)
            told += [_UNSAID.format(name) for name in names if name != "name" or one.workflow.name]
        if told:
            faults[one.name] = told
    return faults
