"""Findings as JSON and as workflow commands of GitHub. Functions over finished findings."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from cyberflow.cli.views.findings.fixes import FixView
from cyberflow.compiler.queries.masked_spans import MaskedSpans
from cyberflow.diagnostics import Diagnostic
from cyberflow.language.project.load import RawProject
from cyberflow.source import Span


def render_json(sourced: RawProject, found: list[Diagnostic]) -> str:
    """The whole answer of `check --format json`."""
    spans, fixes = MaskedSpans(sourced, found), FixView.of(sourced, found)
    return json.dumps(
        {
            "version": 1,
            "diagnostics": [_finding_json(one, spans) | {"fix": fixes.json(one)} for one in found],
            "summary": {**_counts(found), **sourced.counts()},
        },
        ensure_ascii=False,
        indent=2,
    )


def _finding_json(one: Diagnostic, spans: MaskedSpans) -> dict[str, Any]:
    return {
        "rule": one.rule,
        "severity": one.severity,
        "message": one.message,
        **_span_json(spans.span(one.place)),
        "note": one.note,
        "notes": list(one.notes),
        "help": one.help,
        "labels": [{**_span_json(spans.span(label.place)), "message": label.message} for label in one.labels],
    }


def workspace_prefix(root: Path, environ: Mapping[str, str]) -> str:
    """What leads from the workspace of a CI job to the project: nothing, or a folder that ends in `/`."""
    workspace = environ.get("GITHUB_WORKSPACE")
    if not workspace or not root.resolve().is_relative_to(Path(workspace).resolve()):
        return ""
    below = root.resolve().relative_to(Path(workspace).resolve()).as_posix()
    return "" if below == "." else f"{below}/"


def workflow_commands(sourced: RawProject, found: list[Diagnostic], environ: Mapping[str, str]) -> Iterator[str]:
    """One workflow command for each finding; GitHub takes its path for one of the repository."""
    base, spans = workspace_prefix(sourced.root, environ), MaskedSpans(sourced, found)
    for one in found:
        span = spans.span(one.place)
        end = f",endColumn={span.end_column}" if span.end_line == span.line else ""
        place = (
            f"file={_escape_property(base + span.path)},line={span.line},col={span.column},endLine={span.end_line}{end}"
        )
        text = "\n".join(
            [one.message, *([one.note] if one.note else []), *one.notes, *([f"help: {one.help}"] if one.help else [])]
        )
        yield f"::{one.severity} {place},title={_escape_property(one.rule)}::{_escape_data(text)}"


def _counts(found: list[Diagnostic]) -> dict[str, int]:
    errors = sum(one.severity == "error" for one in found)
    return {"errors": errors, "warnings": len(found) - errors}


def _span_json(span: Span) -> dict[str, Any]:
    return {
        "path": span.path,
        "line": span.line,
        "column": span.column,
        "end_line": span.end_line,
        "end_column": span.end_column,
    }


def _escape_data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escape_property(text: str) -> str:
    return _escape_data(text).replace(":", "%3A").replace(",", "%2C")
