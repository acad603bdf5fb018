"""The arguments of a run: inputs, secrets and files, resolved and checked. Either they are complete and fit, or one
UsageError says all that is wrong, and nothing was sent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from cyberflow.compiler.bundle import GIVEN_FILE, BundledChain, BundledWorkflow
from cyberflow.diagnostics import did_you_mean, nearest
from cyberflow.errors import UsageError
from cyberflow.redact import Redactor
from cyberflow.run.inputs.hints import Hint, HintedText, join_texts
from cyberflow.run.inputs.inputs import Runnable, read_inputs
from cyberflow.run.inputs.pairs import FILE, ArgumentProblem, read_pairs
from cyberflow.run.inputs.secrets import SecretBackends, SecretLocation, read_secret_options, resolve_secrets


@dataclass(frozen=True)
class FileArgument:
    filename: str
    content: bytes = field(repr=False)


@dataclass(frozen=True)
class Arguments:
    """What fills a request. Inputs hold values of JSON, defaults included; files are by the name that asks for them;
    `finished` are the outputs of steps that need not run again, by alias.
    """

    inputs: Mapping[str, Any] = field(default_factory=dict)
    secrets: Mapping[str, Any] = field(default_factory=dict, repr=False)
    files: Mapping[str, FileArgument] = field(default_factory=dict)
    finished_outputs: Mapping[str, Any] = field(default_factory=dict)

    def redactor(self, *more: str) -> Redactor:
        """Filters the secrets of this run, and `more`: the key of the target."""
        return Redactor([*self.secrets.values(), *more])


@dataclass(frozen=True)
class RawArguments:
    """What the command line says: `-i` pairs, the content of `--inputs`, `-s` options, `--file` options."""

    inputs: Sequence[str] = ()
    document: Mapping[str, Any] = field(default_factory=dict)
    secrets: Sequence[str] = field(default=(), repr=False)
    files: Sequence[str] = ()


def resolve_arguments(
    what: Runnable,
    files: Sequence[Mapping[str, Any]],
    raw: RawArguments,
    sources: Mapping[str, SecretLocation],
    backends: SecretBackends,
) -> Arguments:
    """Read what is given for `what`, whose bundled files are `files_of` it. `-s` wins over the target's sources.

    Raises UsageError with every problem at once; a person is asked for a secret only when there is no other problem.
    """
    inputs = read_inputs(what, raw.inputs, raw.document)
    shared = resolve_shared_arguments(what, files, raw, sources, backends, inputs.problems)
    return replace(shared, inputs=inputs.values)


def resolve_shared_arguments(
    what: Runnable,
    files: Sequence[Mapping[str, Any]],
    raw: RawArguments,
    sources: Mapping[str, SecretLocation],
    backends: SecretBackends,
    problems: Sequence[ArgumentProblem] = (),
) -> Arguments:
    """Read what all rows of a batch have in common: secrets and files; `problems` are there already. Raises as
    `resolve_arguments`.
    """
    asked, refused = read_secret_options(what, raw.secrets)
    found, lacking = read_file_options(what, files, raw.files)
    problems = [*problems, *refused, *lacking]
    secrets = resolve_secrets(what, {**sources, **asked}, backends, ask=not problems)
    told = {problem.about for problem in problems}
    problems += [problem for problem in secrets.problems if problem.about not in told]
    raise_problems(what, [problem.text for problem in problems])
    return Arguments({}, secrets.values, found)


def raise_problems(what: Runnable, problems: Sequence[str]) -> None:
    """Raise UsageError when there are problems: one in a line, several one below the other."""
    if not problems:
        return
    head, between = f"`{what.name}` cannot run:", " "
    if len(problems) > 1:
        head, between = f"`{what.name}` cannot run, for {len(problems)} reasons:", "\n  "
    raise UsageError(join_texts(head, problems, between), help="nothing was sent")


def missing_file(name: str) -> HintedText:
    """What to say of a file that is not given."""
    return HintedText(f"file `{name}` is missing: give it with ", Hint("file", name))


def read_file_options(
    what: Runnable, files: Sequence[Mapping[str, Any]], options: Sequence[str]
) -> tuple[dict[str, FileArgument], tuple[ArgumentProblem, ...]]:
    """Read `--file name=PATH` options. Every file that a declaration leaves to be given must be there."""
    wanted = [name for file in files if (name := file_argument_name(file)) is not None]
    found: dict[str, FileArgument] = {}
    pairs, problems = read_pairs(FILE, options, wanted, lambda name: _unknown_file(what, wanted, name))
    for name, path in pairs.items():
        try:
            found[name] = FileArgument(Path(path).name, Path(path).read_bytes())
        except OSError as error:
            why = (error.strerror or "no access").lower()
            problems.append(ArgumentProblem(name, f"file `{name}`: {path} cannot be read, {why}"))
    told = {*found, *(problem.about for problem in problems)}
    lacking = (name for name in dict.fromkeys(wanted) if name not in told)
    problems += (ArgumentProblem(name, missing_file(name)) for name in lacking)
    return found, tuple(problems)


def _unknown_file(what: Runnable, wanted: Sequence[str], name: str) -> ArgumentProblem:
    help = did_you_mean(name, wanted) or "it takes none"
    return ArgumentProblem(nearest(name, wanted) or name, f"`{what.name}` takes no file `{name}`: {help}")


def files_of(what: BundledChain | BundledWorkflow) -> Sequence[Mapping[str, Any]]:
    return what.files if isinstance(what, BundledWorkflow) else what.request.get("shared_file_inputs") or ()


def file_argument_name(file: Mapping[str, Any]) -> str | None:
    """The name under which a bundled file is given at run time; None for one that comes with the bundle."""
    content = str(file.get("content", ""))
    return content.removeprefix(GIVEN_FILE) if content.startswith(GIVEN_FILE) else None
