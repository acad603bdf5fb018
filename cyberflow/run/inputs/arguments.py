"""Everything that a run is given, put together: inputs, secrets and files. Either it is complete and fits, or one
UsageError says all that is wrong, and nothing was sent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cyberflow.compiler.bundle import GIVEN_FILE, BundledChain, BundledWorkflow
from cyberflow.diagnostics import did_you_mean, nearest
from cyberflow.errors import UsageError
from cyberflow.redact import Redactor
from cyberflow.run.inputs.inputs import Problem, Runnable, read_inputs
from cyberflow.run.inputs.secrets import Source, World, read_sources, resolve


@dataclass(frozen=True)
class GivenFile:
    filename: str
    content: bytes = field(repr=False)


@dataclass(frozen=True)
class Given:
    """What fills a request. Inputs hold values of JSON, defaults included; files are by the name that asks for them;
    `finished` are the outputs of steps that need not run again, by alias.
    """

    inputs: Mapping[str, Any] = field(default_factory=dict)
    secrets: Mapping[str, Any] = field(default_factory=dict, repr=False)
    files: Mapping[str, GivenFile] = field(default_factory=dict)
    finished: Mapping[str, Any] = field(default_factory=dict)

    def redactor(self, *more: str) -> Redactor:
        """Filters the secrets of this run, and `more`: the key of the target."""
        return Redactor([*self.secrets.values(), *more])


@dataclass(frozen=True)
class Asked:
    """What the command line says: `-i` pairs, the content of `--inputs`, `-s` options, `--file` options."""

    inputs: Sequence[str] = ()
    document: Mapping[str, Any] = field(default_factory=dict)
    secrets: Sequence[str] = field(default=(), repr=False)
    files: Sequence[str] = ()


def gather(
    what: Runnable, files: Sequence[Mapping[str, Any]], asked: Asked, target: Mapping[str, Source], world: World
) -> Given:
    """Read what was asked for `what`, whose bundled files are `files_of` it. `-s` wins over the target's sources.

    Raises UsageError with every problem at once; a person is asked for a secret only when there is no other problem.
    """
    inputs = read_inputs(what, asked.inputs, asked.document)
    sources, refused = read_sources(what, asked.secrets)
    given, lacking = read_files(what, files, asked.files)
    found = [*inputs.problems, *refused, *lacking]
    secrets = resolve(what, {**target, **sources}, world, ask=not found)
    said = {problem.about for problem in found}
    found += (problem for problem in secrets.problems if problem.about not in said)
    refuse(what, [problem.text for problem in found])
    return Given(inputs.values, secrets.values, given)


def gather_shared(
    what: Runnable, files: Sequence[Mapping[str, Any]], asked: Asked, target: Mapping[str, Source], world: World
) -> Given:
    """Read what all rows of a batch have in common: secrets and files. Raises as `gather`."""
    sources, refused = read_sources(what, asked.secrets)
    given, lacking = read_files(what, files, asked.files)
    found = [*refused, *lacking]
    secrets = resolve(what, {**target, **sources}, world, ask=not found)
    said = {problem.about for problem in found}
    refuse(what, [problem.text for problem in (*found, *(one for one in secrets.problems if one.about not in said))])
    return Given({}, secrets.values, given)


def refuse(what: Runnable, problems: Sequence[str]) -> None:
    """Raise UsageError when there are problems: one in a line, several one below the other."""
    if len(problems) == 1:
        raise UsageError(f"`{what.name}` cannot run: {problems[0]}", help="nothing was sent")
    if problems:
        lines = "".join(f"\n  {problem}" for problem in problems)
        raise UsageError(f"`{what.name}` cannot run, for {len(problems)} reasons:{lines}", help="nothing was sent")


def read_files(
    what: Runnable, files: Sequence[Mapping[str, Any]], options: Sequence[str]
) -> tuple[dict[str, GivenFile], tuple[Problem, ...]]:
    """Read `--file name=PATH` options. Every file that a declaration leaves to be given must be there."""
    wanted = [name for file in files if (name := given_name(file)) is not None]
    found: dict[str, GivenFile] = {}
    problems: list[Problem] = []
    for number, option in enumerate(options, 1):
        name, equals, path = option.partition("=")
        if not equals:
            problems.append(Problem("", f"`--file` takes name=PATH; number {number} has no `=`"))
        elif name not in wanted:
            text = f"`{what.name}` takes no file `{name}`: {did_you_mean(name, wanted) or 'it takes none'}"
            problems.append(Problem(nearest(name, wanted) or name, text))
        elif name in found:
            problems.append(Problem(name, f"file `{name}` is given twice"))
        else:
            try:
                found[name] = GivenFile(Path(path).name, Path(path).read_bytes())
            except OSError as error:
                why = (error.strerror or "no access").lower()
                problems.append(Problem(name, f"file `{name}`: {path} cannot be read, {why}"))
    said = {*found, *(problem.about for problem in problems)}
    lacking = (name for name in dict.fromkeys(wanted) if name not in said)
    problems += (Problem(name, f"file `{name}` is missing: give it with `--file {name}=PATH`") for name in lacking)
    return found, tuple(problems)


def files_of(what: BundledChain | BundledWorkflow) -> Sequence[Mapping[str, Any]]:
    return what.files if isinstance(what, BundledWorkflow) else what.request.get("shared_file_inputs") or ()


def given_name(file: Mapping[str, Any]) -> str | None:
    """The name under which a bundled file is given at run time; None for one that comes with the bundle."""
    content = str(file.get("content", ""))
    return content.removeprefix(GIVEN_FILE) if content.startswith(GIVEN_FILE) else None
