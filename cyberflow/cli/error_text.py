"""What the command line says of failures: which of them are of the world, their words, and what to do next."""

from __future__ import annotations

import errno
import sys
from collections.abc import Iterable, Mapping

from cyberflow.cli.console import say, say_help
from cyberflow.cli.output_streams import write_machine
from cyberflow.cli.styles import style
from cyberflow.errors import CyberflowError, UsageError

MEANINGS = {
    "check": ("lint", "validate", "verify", "typecheck", "analyze", "analyse", "doctor", "fix"),
    "plan": ("diff", "status", "preview", "drift", "compare"),
    "apply": ("deploy", "push", "up", "sync", "publish", "release", "upload"),
    "pull": ("import", "fetch", "export", "download"),
    "run": ("start", "exec", "execute", "submit", "trigger", "batch", "resume", "launch"),
    "runs": ("list", "ls", "ps", "logs", "log", "watch", "history", "jobs", "cancel", "stop", "retry", "status"),
    "test": ("tests", "unittest", "pytest", "spec", "assert", "coverage", "mock"),
    "dev": ("serve", "server", "local", "emulator", "ui", "web"),
    "init": ("new", "create", "scaffold", "bootstrap"),
    "build": ("compile", "bundle", "package"),
    "show": ("render", "describe", "print", "cat", "inspect", "get"),
    "graph": ("draw", "dot", "svg", "mermaid", "visualize", "tree"),
    "explain": ("rules", "rule", "help", "docs", "man"),
    "stubs": ("types", "generate", "codegen"),
    "adopt": ("link", "claim", "attach"),
}
"""What other programs call a command."""
REFUSALS = frozenset(
    getattr(errno, name)
    for name in (
        *("EACCES", "EPERM", "EROFS", "ENOSPC", "EDQUOT", "EIO", "EFBIG", "ENOENT", "ENOTDIR", "EISDIR", "EEXIST"),
        *("ENAMETOOLONG", "ELOOP", "EMFILE", "ENFILE", "ENODEV", "ENXIO", "ESTALE", "ETXTBSY", "EBUSY", "ENOTEMPTY"),
    )
    if hasattr(errno, name)
)
"""What the system answers when the disk or a permission is the reason."""


def translate_error(error: Exception) -> CyberflowError | None:
    """A failure of the world as what it is; None for a bug of ours."""
    if isinstance(error, CyberflowError):
        return error
    if isinstance(error, OSError) and error.errno in REFUSALS:
        why = (error.strerror or str(error)).lower()
        if error.errno == errno.ENOENT and error.filename is None:
            return UsageError("the working directory is not there any more", help="change into one that is")
        return CyberflowError(f"{error.filename}: {why}" if error.filename else why)
    sqlite = sys.modules.get("sqlite3")
    if sqlite is not None and isinstance(error, sqlite.OperationalError | sqlite.DatabaseError):
        return CyberflowError(f"a database cannot be used: {str(error).lower()}")
    return None


def print_error(error: CyberflowError, format: str = "text") -> None:
    """Say what went wrong and what to do next; findings of a project go to standard output, as `check` prints them in
    a format of that name.
    """
    if "cyberflow.sdk.project" in sys.modules:
        from cyberflow.cli.views.findings.report import render_findings
        from cyberflow.sdk.project import ProjectErrors

        if isinstance(error, ProjectErrors):
            text = render_findings(error.sourced, error.found, format)
            if format == "json":
                write_machine(text.removesuffix("\n"))
            else:
                sys.stdout.write(text)
            return
    word = style("error", fg="red", bold=True)
    for line in getattr(error, "lines", tuple)():
        say(f"{word}: {line}")
    say(f"{word}: {error.message}")
    if error.help:
        say_help(error.help)


def unknown_command(name: str, commands: Mapping[str, str]) -> str:
    """What to say of a command that there is not: near ones, by letters and by meaning, and all there are."""
    near = [one for one in _by_meaning(name) if one.split()[0] in commands] or _by_letters(name, commands)
    asked = f"; did you mean {' or '.join(f'`{one}`' for one in near)}?" if near else ""
    width = max(map(len, commands))
    known = "".join(f"\n  {one:<{width}}  {about}" for one, about in commands.items())
    return f"there is no command `{name}`{asked}\n\nCommands:{known}"


def _by_letters(name: str, commands: Iterable[str]) -> list[str]:
    from cyberflow.diagnostics import nearest

    found = nearest(name, commands)
    return [found] if found else []


def _by_meaning(name: str) -> list[str]:
    return [command for command, words in MEANINGS.items() if name.lower() in words]
