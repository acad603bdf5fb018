"""`cyberflow init`: a project to begin with, small and whole. It asks nothing and overwrites nothing."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable
from pathlib import Path

import click

from cyberflow.cli.commands.schema import FOLDER, KINDS, schema_text
from cyberflow.cli.console import say
from cyberflow.cli.new_project.agents import AGENTS_FILE, agents_text
from cyberflow.cli.new_project.ci import Ci, ci_files
from cyberflow.cli.new_project.flows import flow_files
from cyberflow.cli.new_project.ignore_file import IGNORE_FILE, append_lines, missing_lines
from cyberflow.errors import CyberflowError, UsageError
from cyberflow.storage import write_bytes

_FALLBACK = "my-project"
_LONGEST_NAME = 63


@click.command("init")
@click.option("--python", is_flag=True, help="Write the flows in Python, not in YAML.")
@click.option("--ci", type=click.Choice(("github", "gitlab")), help="Add the file that checks, plans and applies.")
@click.option("--quiet", "-q", is_flag=True, help="Say nothing but what goes wrong.")
@click.option("--project", metavar="DIR", type=click.Path(file_okay=False, path_type=Path), help="The same as DIR.")
@click.argument("folder", metavar="[DIR]", required=False, type=click.Path(file_okay=False, path_type=Path))
def command(*, folder: Path | None, project: Path | None, python: bool, ci: Ci | None, quiet: bool) -> int:
    """Begin a project: a small one that works.

    Writes a workflow with its prompt, a chain, tests of it, the JSON Schemas with which an editor completes and checks,
    and AGENTS.md for coding agents, in DIR or here. No file that is there is overwritten: if one is in the way, nothing
    is written. An AGENTS.md stays as it is, and a .gitignore gets the lines that it lacks.

    \b
    Example:
      cyberflow init clinic-intake
      cyberflow init --python --ci github front-desk
    """
    if folder is not None and project is not None:
        raise UsageError(f"the folder is named twice: {project} by `--project`, and {folder}")
    return _begin(folder or project or Path(), python=python, ci=ci, quiet=quiet)


def _begin(folder: Path, *, python: bool, ci: Ci | None, quiet: bool) -> int:
    files = _files(_project_name(folder), python=python, ci=ci)
    kept = _is_there(folder / AGENTS_FILE)
    if kept:
        del files[AGENTS_FILE]
    _refuse_taken(folder, files)
    for name, content in files.items():
        _create_file(folder / name, content)
    added = _add_ignored(folder / IGNORE_FILE, python=python)
    if not quiet:
        where = "here" if folder == Path() else f"in {folder}"
        say(f"wrote {len(files)} files {where}: {', '.join(files)}")
        if added:
            say(f"{IGNORE_FILE} has {', '.join(added)} now")
        if kept:
            say(f"{AGENTS_FILE} was there and stays as it is")
        for name in ci_files(ci):
            say(f"before the first push, fill in OWNER and COMMIT in {name}; its first lines say how")
        _print_next(folder)
    return 0


def _files(name: str, *, python: bool, ci: Ci | None) -> dict[str, str]:
    schemas = {f"{FOLDER}/{kind}.json": schema_text(kind) for kind in KINDS}
    return {**flow_files(name, python=python), **ci_files(ci), AGENTS_FILE: agents_text(python=python), **schemas}


def _refuse_taken(folder: Path, files: Iterable[str]) -> None:
    taken = [name for name in files if _is_there(folder / name)]
    ignore = folder / IGNORE_FILE
    if ignore.is_symlink() or (ignore.exists() and not ignore.is_file()):
        taken.append(f"{IGNORE_FILE} (not a plain file)")
    if taken:
        help = "choose another folder, or move what is there out of the way"
        raise UsageError(f"nothing was written: {folder} has {', '.join(taken)} already", help=help)


def _is_there(path: Path) -> bool:
    return path.exists() or path.is_symlink()


def _add_ignored(path: Path, *, python: bool) -> list[str]:
    try:
        there = path.read_bytes() if path.exists() else b""
    except OSError as error:
        raise CyberflowError(f"{path} cannot be read: {error.strerror}") from error
    lines = missing_lines(there, python=python)
    if lines:
        write_bytes(path, append_lines(there, lines), private=False)
    return lines


def _print_next(folder: Path) -> None:
    say("next:")
    enter = "" if folder == Path() else f"cd {shlex.quote(str(folder))} && "
    click.echo(f"{enter}cyberflow check")
    click.echo("cyberflow test")
    click.echo("cyberflow apply --yes")
    click.echo('cyberflow run look-up -i topic="red panda"')


def _project_name(folder: Path) -> str:
    """The folder's name as a project may bear it."""
    folded = re.sub(r"[^a-z0-9]+", "-", folder.resolve().name.lower()).strip("-")
    return re.sub(r"^[^a-z]+", "", folded)[:_LONGEST_NAME].rstrip("-") or _FALLBACK


def _create_file(path: Path, content: str) -> None:
    """Make a file that is not there, and never replace one that came in the meantime."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(content)
    except OSError as error:
        raise CyberflowError(f"{path} cannot be written: {error.strerror}") from error
