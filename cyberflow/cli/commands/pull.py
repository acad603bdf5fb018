"""`cyberflow pull`: write workflows of the platform as sources, and prove that they say the same."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from cyberflow.cli.commands.build import resolve_target_name
from cyberflow.cli.options import common_options, project_root, target_option
from cyberflow.cli.project import say
from cyberflow.cli.verify_pull import PullVerification, verify_pull
from cyberflow.cli.views.diagnostics_text import pluralize
from cyberflow.deploy.pull.pull import PullItem, choose_workflows, image_files
from cyberflow.errors import ConflictError, UsageError
from cyberflow.language.project.load import RawProject, read_project, target_of
from cyberflow.remote.identity import Owner
from cyberflow.remote.images import fetch_images
from cyberflow.remote.snapshot import Snapshot, read_snapshot
from cyberflow.storage import make_folder, write_file
from cyberflow.targets import open_target

DEFAULT = "workflows"


@click.command("pull")
@common_options()
@target_option
@click.argument("names", nargs=-1, metavar="[NAME...]")
@click.option("--all", "everything", is_flag=True, help="Every workflow that is not another project's.")
@click.option("--into", type=click.Path(file_okay=False, path_type=Path), metavar="DIR", help="Default: workflows/.")
@click.option("--force", is_flag=True, help="Write over files that differ.")
def command(*, project: Path | None, target: str | None, names: tuple[str, ...], **options: Any) -> int:
    """Write workflows of the platform as YAML, with their prompts and images.

    NAME is a declared name, a title or an id. What is written is compiled and held against the platform; what the
    language cannot say is told. `adopt` then makes the workflow this project's.

    \b
    Example:
      cyberflow pull "Patient lookup" --target prod
      cyberflow pull --all --into imported
    """
    if bool(names) == options["everything"]:
        raise UsageError("say which workflows: names, titles or ids, or --all")
    sourced = read_project(project_root(project))
    name = resolve_target_name(sourced, target)
    folder = options["into"] or sourced.root / DEFAULT
    return asyncio.run(_Pull(sourced, name, folder, options).run(names))


class _Pull:
    """One pull, from the snapshot to the files."""

    def __init__(self, sourced: RawProject, target: str, folder: Path, options: Mapping[str, Any]) -> None:
        self._sourced = sourced
        self._target_words = target
        self._folder = folder
        self._options = options
        self._owner = Owner(sourced.settings.project, target_of(sourced.settings, target).scope)

    async def run(self, names: Sequence[str]) -> int:
        async with open_target(self._sourced, self._target_words, say) as service:
            if not self._options["quiet"]:
                say(service.line)
            remote = await read_snapshot(service.cyberdesk)
            chosen = choose_workflows(remote, self._owner, names, self._names_in_use())
            if not names:
                chosen = self._skip_duplicates(chosen)
            images = image_files(chosen, remote.images)
            contents = await fetch_images(service.cyberdesk, list(images))
        if not chosen:
            say("the target has no workflow to pull")
            return 0
        proof = verify_pull(chosen, remote, self._owner, {path: contents[url] for url, path in images.items()}, images)
        self._write(self._files(proof))
        self._report(proof, remote)
        return 0

    def _skip_duplicates(self, chosen: Sequence[PullItem]) -> list[PullItem]:
        """What `--all` is about, in a folder of sources: without what another file declares already, which is told."""
        taken = self._names_in_use() if self._is_source() else set()
        left = [f"`{one.name}`" for one in chosen if one.name in taken]
        if left:
            help = "`--into .cyberflow/pulled` writes them beside the sources"
            say(f"left out, declared already: {', '.join(left)}; {help}")
        return [one for one in chosen if one.name not in taken]

    def _names_in_use(self) -> set[str]:
        """The names that the project has declared, but for those in files that this pull would write again."""
        taken = set()
        for document in self._sourced.documents:
            path = (self._sourced.root / document.path).resolve()
            again = path.stem if path.parent == self._folder.resolve() else None
            for kind in ("workflows", "chains", "tasks"):
                body = document.data.get(kind) if isinstance(document.data, dict) else None
                taken |= {name for name in body if name != again} if isinstance(body, dict) else set()
        return taken

    def _files(self, proof: PullVerification) -> dict[Path, bytes]:
        texts = {path: text.encode() for one in proof.pulled for path, text in one.texts.items()}
        return {self._folder / path: content for path, content in {**texts, **proof.images}.items()}

    def _write(self, files: dict[Path, bytes]) -> None:
        """All of them or, where something else stands, none. Raises ConflictError."""
        differing = [path for path, content in files.items() if path.exists() and path.read_bytes() != content]
        if elsewhere := self._duplicate_names(files):
            help = "`--into .cyberflow/pulled` is no source: pull there, compare, and take over what you want"
            raise ConflictError(f"declared elsewhere already: {', '.join(elsewhere)}", help=help)
        if differing and not self._options["force"]:
            shown = ", ".join(_display_path(path) for path in differing[:5])
            more = f" and {len(differing) - 5} more" if len(differing) > 5 else ""  # noqa: PLR2004 - five fit on a line
            raise ConflictError(f"these files differ: {shown}{more}", help="--force writes over them")
        for path, content in files.items():
            make_folder(path.parent, private=False)
            write_file(path, content)

    def _duplicate_names(self, files: dict[Path, bytes]) -> list[str]:
        """Names that would be declared twice, where the folder is one of the project's sources."""
        if not self._is_source():
            return []
        written = {path.resolve() for path in files}
        names = {path.stem for path in files if path.suffix == ".yaml"}
        found = []
        for document in self._sourced.documents:
            there = document.data.get("workflows") if isinstance(document.data, dict) else None
            if isinstance(there, dict) and (self._sourced.root / document.path).resolve() not in written:
                found += [f"`{name}` in {document.path}" for name in there if name in names]
        return found

    def _is_source(self) -> bool:
        """Whether files in the folder are found as sources."""
        folder, root = self._folder.resolve(), self._sourced.root.resolve()
        parts = folder.relative_to(root).parts if folder.is_relative_to(root) else (".",)
        return not any(part.startswith(".") for part in parts) and parts[:1] not in (("dist",), ("tests",))

    def _report(self, proof: PullVerification, remote: Snapshot) -> None:
        for one in proof.pulled:
            title = f"  {click.style(one.title, dim=True)}" if one.title and one.title != one.name else ""
            click.echo(
                f"  {click.style('✓', fg='green', bold=True)} {_display_path(self._folder / next(iter(one.texts)))}{title}"
            )
        for name, faults in proof.faults.items():
            for fault in faults:
                say(f"{click.style('note', fg='yellow', bold=True)}: `{name}`: {fault}")
        if self._options["quiet"]:
            return
        say(
            f"wrote {pluralize(len(proof.pulled), 'workflow')} of {len(remote.workflows)} below {_display_path(self._folder)}"
        )
        if new := [one for one in proof.pulled if not one.ours]:
            say("to make them this project's:")
            for one in new:
                say(f"  cyberflow adopt {_target_words(self._target_words)}{one.name} {one.id}")


def _target_words(name: str) -> str:
    return f"--target {name} " if name != "local" else ""


def _display_path(path: Path) -> str:
    try:
        return path.resolve().relative_to(Path.cwd().resolve()).as_posix()
    except ValueError:
        return str(path)
