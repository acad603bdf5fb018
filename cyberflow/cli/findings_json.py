"""Findings as JSON (SPEC section 6) and as workflow commands of GitHub. Functions over finished findings."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from cyberflow.diagnostics import Diagnostic
from cyberflow.language import Sourced
from cyberflow.source import Span


def findings(sourced: Sourced, found: list[Diagnostic]) -> str:
    """The whole answer of `check --format json`."""
    return json.dumps(
        {
            "version": 1,
            "diagnostics": [finding(sourced, one) for one in found],
            "summary": {**_counts(found), **sourced.counts()},
        },
        ensure_ascii=False,
        indent=2,
    )


def finding(sourced: Sourced, one: Diagnostic) -> dict[str, Any]:
    sources = sourced.sources
    return {
        "rule": one.rule,
        "severity": one.severity,
        "message": one.message,
        **_place(sources.span(one.place)),
        "note": one.note,
        "notes": list(one.notes),
        "help": one.help,
        "labels": [{**_place(sources.span(label.place)), "message": label.message} for label in one.labels],
    }


def workflow_commands(sourced: Sourced, found: list[Diagnostic]) -> Iterator[str]:
    """One workflow command for each finding."""
    for one in found:
        span = sourced.sources.span(one.place)
        end = f",endColumn={span.end_column}" if span.end_line == span.line else ""
        place = f"file={_property(span.path)},line={span.line},col={span.column},endLine={span.end_line}{end}"
        text = "\n".join(
            [one.message, *([one.note] if one.note else []), *one.notes, *([f"help: {one.help}"] if one.help else [])]
        )
        yield f"::{one.severity} {place},title={_property(one.rule)}::{_data(text)}"


def _counts(found: list[Diagnostic]) -> dict[str, int]:
    errors = sum(one.severity == "error" for one in found)
    return {"errors": errors, "warnings": len(found) - errors}


def _place(span: Span) -> dict[str, Any]:
    return {
        "path": span.path,
        "line": span.line,
        "column": span.column,
        "end_line": span.end_line,
        "end_column": span.end_column,
    }


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
