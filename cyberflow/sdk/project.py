"""A project compiled for one target, from its sources or from a bundle: what every operation begins with."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cyberflow.compiler.bundle import AssetReader, Bundle, load_bundle
from cyberflow.compiler.check import check, check_target
from cyberflow.compiler.compile import compile_bundle
from cyberflow.compiler.facts.findings import build_target
from cyberflow.compiler.graph import Graph
from cyberflow.diagnostics import Diagnostic, did_you_mean
from cyberflow.errors import CyberflowError, UsageError
from cyberflow.language.discovery import find_root
from cyberflow.language.project.load import RawProject, read_project, target_of
from cyberflow.sdk.portability import portability_problem
from cyberflow.targets.local_platform import LOCAL

if TYPE_CHECKING:
    from cyberflow.remote.identity import Owner


class ProjectErrors(CyberflowError):
    """The project has errors; `found` are its findings. Exit code 1."""

    exit_code = 1

    def __init__(self, sourced: RawProject, found: list[Diagnostic]) -> None:
        self.sourced = sourced
        self.found = [one for one in found if one.severity == "error"]
        lines = "".join(f"\n  {_diagnostic_line(sourced, one)}" for one in self.found)
        super().__init__(f"the project has errors:{lines}", help="`cyberflow check` shows where, and what to do")


@dataclass(frozen=True)
class CompiledProject:
    """A project, the target that is meant, its bundle, and the content of its assets; `from_file` says that the bundle
    was built before, perhaps from other sources.
    """

    sourced: RawProject
    target: str
    bundle: Bundle
    assets: AssetReader
    from_file: bool = False

    @property
    def owner(self) -> Owner:
        """Whose workflows are meant in the account of the target."""
        from cyberflow.remote.identity import Owner

        return Owner(self.bundle.project, target_of(self.sourced.settings, self.target).scope)


def compile_project(
    folder: Path, target: str | None = None, bundle: Path | None = None, *, only: str | None = None
) -> CompiledProject:
    """Compile the sources of the project at or above `folder`, or read a bundle of it; of the sources the whole, or the
    declaration `only` alone.

    Raises ProjectErrors, and UsageError when there is no project, no such target, or no such declaration.
    """
    sourced = read_project(find_root(folder))
    name = resolve_target_name(sourced, target)
    if bundle is not None:
        assets = bundle_asset_reader(bundle.parent)
        return CompiledProject(sourced, name, _read_bundle(bundle, sourced, name), assets, from_file=True)
    built = build_target(sourced, name)
    graph, builder, found = check_target(sourced, name, built)
    if sourced.has_templates or found:
        raise_errors(sourced, check(sourced, built={name: built}))
        tests = {one.path for one in sourced.tests}
        # what was not read cannot be compiled, however quiet the project keeps it; of tests nothing is sent
        raise_errors(sourced, [one for one in found if one.place.path not in tests])
    if only is not None:
        graph = _narrow(graph, only)
    return CompiledProject(sourced, name, compile_bundle(graph, builder), sourced.files.by_hash)


def _narrow(graph: Graph, name: str) -> Graph:
    """The graph with one declaration; its steps hold what else is needed."""
    groups: dict[str, Mapping[str, Any]] = {
        "workflows": graph.workflows,
        "chains": graph.chains,
        "tasks": graph.tasks,
        "pipelines": graph.pipelines,
    }
    if not any(name in group for group in groups.values()):
        known = [known for group in groups.values() for known in group]
        raise UsageError(f"the project declares no `{name}`", help=did_you_mean(name, known))
    narrow: dict[str, Any] = {kind: {name: group[name]} if name in group else {} for kind, group in groups.items()}
    return replace(graph, **narrow)


def raise_errors(sourced: RawProject, found: list[Diagnostic]) -> None:
    """Raise ProjectErrors when there is an error among findings."""
    if any(one.severity == "error" for one in found):
        raise ProjectErrors(sourced, found)


def resolve_target_name(sourced: RawProject, target: str | None) -> str:
    """The target that is meant. Raises UsageError when the project has none of that name."""
    name = target or sourced.settings.default_target
    known = {LOCAL, *sourced.settings.targets}
    if name not in known:
        raise UsageError(f"there is no target `{name}`", help=did_you_mean(name, known))
    return name


def bundle_asset_reader(folder: Path) -> AssetReader:
    """The content of a built bundle's assets, which lie beside it."""

    def content(sha256: str) -> bytes:
        try:
            data = (folder / "assets" / sha256).read_bytes()
        except OSError as error:
            help = "keep the folder that `cyberflow build` wrote together"
            raise CyberflowError(f"the bundle lacks the file {sha256}", help=help) from error
        if hashlib.sha256(data).hexdigest() != sha256:
            raise CyberflowError(f"the file {sha256} of the bundle was changed after it was built")
        return data

    return content


def _read_bundle(path: Path, sourced: RawProject, target: str) -> Bundle:
    try:
        loaded = load_bundle(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UsageError(f"there is no bundle at {path}", help="`cyberflow build` writes one") from error
    except OSError as error:
        raise CyberflowError(f"{path} cannot be read: {(error.strerror or '').lower()}") from error
    except (RecursionError, UnicodeDecodeError) as error:
        help = "`cyberflow build` writes one"
        raise UsageError(f"{path} is not a bundle", help=help) from error
    if loaded.project != sourced.settings.project:
        raise UsageError(f"the bundle is of project `{loaded.project}`, this is `{sourced.settings.project}`")
    if loaded.target == target:
        return loaded
    if why := portability_problem(path, loaded, sourced.settings):
        help = f"build one for it: `cyberflow build --target {target}`"
        raise UsageError(f"the bundle was built for target `{loaded.target}`, not for `{target}`: {why}", help=help)
    return replace(loaded, target=target)


def _diagnostic_line(sourced: RawProject, one: Diagnostic) -> str:
    span = sourced.sources.span(one.place)
    return f"{span.path}:{span.line}:{span.column}: {one.rule}: {one.message}"
