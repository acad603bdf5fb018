"""Verdicts of tests as a person reads them, as JSON, and as workflow commands of GitHub."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from cyberflow.cli.styles import style
from cyberflow.cli.views.findings.diagnostics_text import DiagnosticRenderer
from cyberflow.cli.views.findings.findings_json import workflow_commands
from cyberflow.diagnostics import Diagnostic, pluralize
from cyberflow.language.project.load import RawProject
from cyberflow.schema.values import ABSENT
from cyberflow.testing.coverage import Coverage
from cyberflow.testing.verdicts import Failure, Verdict, VerdictStatus

VERSION = 1
_LONGEST = 600
_BESIDE = 40
_COUNTED: Mapping[VerdictStatus, str] = {"passed": "passed", "failed": "failed", "error": "errors"}


def verdict_findings(verdict: Verdict) -> Iterator[Diagnostic]:
    """What a verdict has to say, as findings: what kept it from being played, what failed, what it warns of."""
    if verdict.trouble is not None:
        message = f"`{verdict.run}` could not be run"
        yield Diagnostic(verdict.name, message, verdict.place, notes=tuple(verdict.trouble.split("\n")))
    for one in verdict.failures:
        yield _failure_finding(verdict, one)
    yield from verdict.warnings


def render_verdict(verdict: Verdict, printer: DiagnosticRenderer) -> str:
    """The frames of a verdict; empty for one that has nothing to say."""
    words = {"failed": "failed", "error": "error", "passed": None}
    frames = [
        printer.render(one, words[verdict.status] if one.rule == verdict.name else None)
        for one in verdict_findings(verdict)
    ]
    return "\n\n".join(frames)


def summary_line(verdicts: Iterable[Verdict], seconds: float) -> str:
    """How many tests passed and failed, and in what time."""
    verdicts = list(verdicts)
    counts = Counter(one.status for one in verdicts)
    warnings = sum(len(one.warnings) for one in verdicts)
    parts = []
    if counts["error"]:
        parts.append(style(pluralize(counts["error"], "error"), fg="red", bold=True))
    if counts["failed"]:
        parts.append(style(f"{counts['failed']} failed", fg="red", bold=True))
    if counts["passed"] or not parts:
        good = not counts["failed"] and not counts["error"]
        parts.append(style(f"{counts['passed']} passed", fg="green" if good else None, bold=good))
    if warnings:
        parts.append(style(pluralize(warnings, "warning"), fg="yellow", bold=True))
    return f"{', '.join(parts)} in {seconds:.1f} s"


def coverage_lines(coverage: Coverage) -> Iterator[str]:
    """The coverage as text: a line for each chain, and what no test went through below it."""
    width = max((len(chain.name) for chain in coverage.chains), default=0)
    for chain in coverage.chains:
        missing = chain.missing
        colour = "green" if not missing else "yellow"
        hit = f"{len(chain.points) - len(missing)} of {len(chain.points)}"
        yield f"{chain.name:<{width}}  {style(f'{chain.percent:5.1f} %', fg=colour)}  {hit}"
        yield from (f"  never: {point}" for point in missing)
    yield f"coverage {coverage.percent:g} %"


def render_json(sourced: RawProject, verdicts: Iterable[Verdict], more: Mapping[str, Any]) -> str:
    """The whole answer of `test --format json`."""
    verdicts = list(verdicts)
    counts = Counter(one.status for one in verdicts)
    data = {
        "version": VERSION,
        "tests": [_verdict_json(sourced, one) for one in verdicts],
        "summary": {word: counts[status] for status, word in _COUNTED.items()},
        **more,
    }
    return json.dumps(data, ensure_ascii=False, indent=2, default=str)


def render_github(sourced: RawProject, verdicts: Iterable[Verdict], environ: Mapping[str, str]) -> Iterator[str]:
    """A workflow command for everything that a verdict has to say, at the line of what was expected."""
    for verdict in verdicts:
        yield from workflow_commands(sourced, list(verdict_findings(verdict)), environ)


def format_value(value: Any) -> str:
    """A value as a failure shows it: as JSON, cut when it is long."""
    if value is ABSENT:
        return "nothing"
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}… ({len(text):,} characters)"


def _failure_finding(verdict: Verdict, one: Failure) -> Diagnostic:
    got, expected = format_value(one.got), format_value(one.expected)
    if one.message is not None:
        return Diagnostic(verdict.name, one.message, one.place, notes=one.notes)
    note = f"got {got}" if len(got) <= _BESIDE else ""
    notes = (f"expected {expected}", f"     got {got}", *one.notes)
    return Diagnostic(verdict.name, f"`{one.at}` is not as expected", one.place, note=note, notes=notes)


def _verdict_json(sourced: RawProject, verdict: Verdict) -> dict[str, Any]:
    span = sourced.sources.span(verdict.place)
    return {
        "name": verdict.name,
        "path": span.path,
        "line": span.line,
        "status": verdict.status,
        "seconds": round(verdict.seconds, 4),
        "failures": [{**one.to_json(), **_place_json(sourced, one)} for one in verdict.failures],
        "error": verdict.trouble,
        **_attempts_json(verdict),
        "warnings": [
            {"rule": one.rule, "message": one.message, **_place_json(sourced, one)} for one in verdict.warnings
        ],
    }


def attempts_line(verdict: Verdict) -> str:
    """How often a case passed on a real account."""
    passed, tried = verdict.attempts or (0, 0)
    colour = "green" if verdict.status == "passed" else "red"
    rate = f"{100 * passed / tried:.0f} %" if tried else "not run"
    return f"{style(rate, fg=colour, bold=True)}  {verdict.name}: {passed} of {tried} passed"


def _attempts_json(verdict: Verdict) -> dict[str, Any]:
    if verdict.attempts is None:
        return {}
    passed, tried = verdict.attempts
    return {"attempts": {"passed": passed, "tried": tried, "rate": round(passed / tried, 4) if tried else None}}


def _place_json(sourced: RawProject, one: Failure | Diagnostic) -> dict[str, Any]:
    span = sourced.sources.span(one.place)
    return {"path": span.path, "line": span.line, "column": span.column}
