"""Where the secrets of a run are found, and finding them. A value exists in what `resolve_secrets` returns and nowhere
else: no problem, no source and no error ever holds one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from cyberflow.diagnostics import did_you_mean, nearest
from cyberflow.hidden import HiddenText, hide
from cyberflow.run.inputs.durations import parse_duration
from cyberflow.run.inputs.hints import Hint, HintedText
from cyberflow.run.inputs.inputs import Runnable, describe_faults
from cyberflow.run.inputs.pairs import SECRET, ArgumentProblem, read_pairs
from cyberflow.run.inputs.secret_command import TIMEOUT, SecretCommand, SecretNotFound, drop_line_end
from cyberflow.schema.read_value import UnreadableValue, read_value

if TYPE_CHECKING:
    from cyberflow.language.model import SecretSource, Target

Kind = Literal["env", "file", "prompt", "keyring", "exec"]
FORMS = "env:VARIABLE, file:PATH, prompt or keyring:SERVICE/USER"


@dataclass(frozen=True)
class SecretLocation:
    """Where one secret is found. `detail` is a variable, a path or SERVICE/USER; for `prompt` and `exec` it is empty.
    `command` is a program with its arguments.
    """

    kind: Kind
    detail: str = ""
    command: SecretCommand | None = None


@dataclass(frozen=True)
class SecretBackends:
    """What a secret may be read from. `ask` is None where no person can answer."""

    environ: Mapping[str, str] = field(repr=False)
    ask: Callable[[str], str] | None
    keyring: Callable[[str, str], str | None]


@dataclass(frozen=True)
class ResolvedSecrets:
    values: Mapping[str, Any] = field(repr=False)
    problems: tuple[ArgumentProblem, ...] = ()


def system_backends() -> SecretBackends:
    """The environment of this process, its terminal if it has one, and the keyring of this computer."""
    import os
    import sys
    from getpass import getpass

    terminal = all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stderr))
    return SecretBackends(
        os.environ, (lambda text: getpass(text, stream=sys.stderr)) if terminal else None, _read_keyring
    )


def target_sources(target: Target, root: Path) -> dict[str, SecretLocation]:
    """The `secrets` of a target. A file is relative to the project at `root`, with or without a leading `/`."""
    return {name: location_of(found, root) for name, found in target.secrets.items()}


def location_of(source: SecretSource, root: Path) -> SecretLocation:
    """Where the source of a secret or key in `cyberflow.yaml` points, for the project at `root`. A program is
    run there.
    """
    if source.exec is not None:
        timeout = parse_duration(source.timeout) or TIMEOUT
        return SecretLocation("exec", command=SecretCommand(tuple(source.exec), root, timeout))
    if source.file is not None:
        return SecretLocation("file", str(root / source.file.lstrip("/")))
    if source.env is not None:
        return SecretLocation("env", source.env)
    return SecretLocation("keyring", source.keyring or "")


def read_secret_options(
    what: Runnable, options: Sequence[str]
) -> tuple[dict[str, SecretLocation], tuple[ArgumentProblem, ...]]:
    """Read `-s name=SOURCE` options. A literal is a problem, and what it says is not repeated."""
    pairs, problems = read_pairs(SECRET, options, what.secrets, lambda name: _unknown_secret(what, name))
    sources: dict[str, SecretLocation] = {}
    for name, text in pairs.items():
        source = parse_location(text)
        if source is None:
            told = f"secret `{name}` is given by where to find it, never by its value: {FORMS}"
            problems.append(ArgumentProblem(f"${name}", told))
        else:
            sources[name] = source
    return sources, tuple(problems)


def _unknown_secret(what: Runnable, name: str) -> ArgumentProblem:
    help = did_you_mean(name, what.secrets) or "it takes none"
    return ArgumentProblem(f"${nearest(name, what.secrets) or name}", f"`{what.name}` has no secret `{name}`: {help}")


def resolve_secrets(
    what: Runnable, sources: Mapping[str, SecretLocation], world: SecretBackends, *, ask: bool = True
) -> ResolvedSecrets:
    """Read every secret that is declared and has a source. One that `from_machine` supplies, and an optional one, may
    have none. With `ask=False` no person is asked: what is wrong elsewhere comes first.
    """
    values: dict[str, Any] = {}
    problems: list[ArgumentProblem] = []
    for name, declared in what.secrets.items():
        source = sources.get(name)
        if source is None:
            if declared["required"] and f"${name}" not in what.from_machine:
                lead = f"secret `{name}` is missing: say where to find it with "
                text = HintedText(lead, Hint("secret", name), f", {FORMS}")
                problems.append(ArgumentProblem(f"${name}", text))
            continue
        if source.kind == "prompt" and not ask:
            continue
        try:
            values[name] = hide(read_value(declared["schema"], read_secret(source, world, name)))
        except (SecretNotFound, UnreadableValue) as error:
            problems.append(ArgumentProblem(f"${name}", f"secret `{name}` {error}"))
        else:
            problems += (
                ArgumentProblem(f"${name}", text)
                for text in describe_faults("secret", name, declared["schema"], values[name], secret=True)
            )
    return ResolvedSecrets(values, tuple(problems))


def parse_location(text: str) -> SecretLocation | None:
    """Read `env:VARIABLE`, `file:PATH`, `prompt` or `keyring:SERVICE/USER`; None for everything else."""
    kind, colon, detail = text.partition(":")
    if kind == "prompt" and not colon:
        return SecretLocation("prompt")
    if kind == "env" and detail:
        return SecretLocation("env", detail)
    if kind == "file" and detail:
        return SecretLocation("file", detail)
    service, slash, user = detail.rpartition("/")
    return SecretLocation("keyring", detail) if kind == "keyring" and slash and service and user else None


def read_secret(source: SecretLocation, world: SecretBackends, name: str = "value") -> str:
    """Read what a source holds; `name` is what a person is asked for. Raises SecretNotFound, which never holds a
    value.
    """
    if source.kind == "env":
        value = world.environ.get(source.detail)
        reason = (
            f"was not found: the environment variable `{source.detail}` is {'not set' if value is None else 'empty'}"
        )
    elif source.command is not None:
        value, reason = source.command.read(), f"was not found: {source.command} wrote nothing"
    elif source.kind == "file":
        value, reason = _read_secret_file(source.detail), f"was not found: the file {source.detail} is empty"
    elif source.kind == "keyring":
        service, _, user = source.detail.rpartition("/")
        value, reason = (
            world.keyring(service, user),
            f"was not found: the keyring has nothing for `{user}` of `{service}`",
        )
    elif world.ask is None:
        raise SecretNotFound(
            "cannot be asked for without a terminal: use env:VARIABLE, file:PATH or keyring:SERVICE/USER"
        )
    else:
        value, reason = world.ask(f"{name}: "), "is missing: nothing was typed"
    if not value:
        raise SecretNotFound(reason)
    return HiddenText(value)


def _read_secret_file(path: str) -> str:
    try:
        text = Path(path).read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise SecretNotFound(
            f"was not found: the file {path} cannot be read, {(error.strerror or 'no access').lower()}"
        ) from None
    except UnicodeDecodeError:
        raise SecretNotFound(f"was not found: the file {path} is not UTF-8 text") from None
    return drop_line_end(text)


def _read_keyring(service: str, user: str) -> str | None:
    from importlib import import_module

    try:
        keyring = import_module("keyring")
    except ImportError:
        raise SecretNotFound(
            "cannot be read from the keyring without the package `keyring`: pip install keyring"
        ) from None
    try:
        value = keyring.get_password(service, user)
    except Exception as error:  # noqa: BLE001 - every backend has failures of its own, and their texts are not ours to trust
        raise SecretNotFound(f"was not found: the keyring cannot be read ({type(error).__name__})") from None
    return None if value is None else str(value)
