"""What `check` says of a project, in one of its formats. A plain one is answered without the command line."""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from cyberflow.cli.check_cache import (
    CheckCache,
    CheckReport,
    find_plain_root,
    print_plainly,
    read_plain_arguments,
)
from cyberflow.cli.output_streams import open_streams
from cyberflow.cli.styles import escape_ci_commands, to_segments, to_terminal

if TYPE_CHECKING:
    from cyberflow.diagnostics import Diagnostic
    from cyberflow.language.project.load import RawProject


def answer_anew(arguments: list[str]) -> int | None:
    """Check what changed, or all of it, say what is found, and give the exit code. None, with nothing said, where the
    command line must look: it is asked for otherwise, somebody reads colours, or there is something wrong to be told.
    """
    asked = read_plain_arguments(arguments)
    if asked is None:
        return None
    try:
        output, error = sys.stdout.fileno(), sys.stderr.fileno()
        if (root := find_plain_root(asked["--project"])) is None:
            return None
        with open_streams():  # Python modules may print
            form, anew = asked["--format"], bool(asked["--no-cache"])
            answer = check_and_cache(Path(root), form, CheckCache(root), anew=anew)
        return None if answer.hint and sys.stderr.isatty() else print_plainly(answer, asked, output, error)
    except Exception:  # noqa: BLE001 - whatever it is, the command line meets it again, and says it
        return None


def check_and_cache(folder: Path, format: str, kept: CheckCache, *, anew: bool) -> CheckReport:
    """Check what changed of a project, or all of it, and keep what is said."""
    gc.disable()
    from cyberflow.compiler.check import check_facts
    from cyberflow.compiler.facts.file_facts import ProjectFacts
    from cyberflow.compiler.facts.link import link
    from cyberflow.compiler.facts.store import load_facts, store_facts
    from cyberflow.language.disk import FileMemory
    from cyberflow.language.project.load import read_project

    memory, facts = FileMemory(), ProjectFacts()
    if not anew:
        facts = load_facts(folder, kept.program_version, memory)
        memory.known = kept.file_stamps()
    sourced = read_project(folder, memory=memory)
    facts = link(sourced, facts)
    answer = make_report(sourced, check_facts(sourced, facts), format)
    if not sourced.modules:
        store_facts(sourced, facts, kept.program_version)
    if format in ("text", "json"):  # the others name the job of CI that they belong to
        kept.store(format, answer, sourced)
    return answer


def make_report(sourced: RawProject, found: list[Diagnostic], format: str) -> CheckReport:
    """What is said of findings in one of the formats."""
    errors = sum(one.severity == "error" for one in found)
    text = render_findings(sourced, found, format)
    hint = _hint(sourced, found) if format == "text" else ""
    plain = to_terminal(text, colours=False)
    if format == "text":
        plain, hint = escape_ci_commands(plain, at_start=True), hint and f"{hint}\n"
    return CheckReport(to_segments(text), errors, len(found) - errors, hint, plain)


def _hint(sourced: RawProject, found: list[Diagnostic]) -> str:
    """What can be mended of what was found."""
    if not found:
        return ""
    from cyberflow.cli.views.findings.fixes import FixView, fix_hint

    return fix_hint(*FixView.of(sourced, found).count(found))


def render_findings(sourced: RawProject, found: list[Diagnostic], format: str) -> str:
    """Findings in one of the formats, ending in a line end."""
    if format == "json":
        from cyberflow.cli.views.findings.findings_json import render_json

        return render_json(sourced, found) + "\n"
    if format == "sarif":
        from cyberflow.cli.views.findings.sarif import render_sarif

        return render_sarif(sourced, found, os.environ) + "\n"
    if format == "github":
        from cyberflow.cli.views.findings.findings_json import workflow_commands

        return "".join(f"{line}\n" for line in workflow_commands(sourced, found, os.environ))
    from cyberflow.cli.views.findings.diagnostics_text import DiagnosticRenderer, summary

    printer = DiagnosticRenderer.of(sourced, found)
    return "".join(f"{printer.render(one)}\n\n" for one in found) + summary(sourced, found) + "\n"
