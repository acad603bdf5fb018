"""Where findings stand, as it may be told: how long a literal secret is stays unsaid."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from cyberflow.diagnostics import Diagnostic
from cyberflow.language.project.load import RawProject
from cyberflow.source import Place, Span


def secret_spans(sourced: RawProject, findings: Iterable[Diagnostic]) -> tuple[Span, ...]:
    """Where literal secrets are written: by their keys, and by the findings that say so."""
    findings = list(findings)
    if not findings:
        return ()
    literals = (sourced.sources.span(found.place) for found in findings if found.rule == "secret-in-source")
    labels = (label.place for found in findings for label in found.labels)
    edited = (edit.place for found in findings if found.fix for edit in found.fix.edits)
    paths = {place.path for place in (*(found.place for found in findings), *labels, *edited)}
    return tuple({*sourced.secrets.spans_in(paths), *literals})


class MaskedSpans:
    """Where places are, for doors that tell numbers; a literal secret is one column long."""

    def __init__(self, sourced: RawProject, found: Iterable[Diagnostic]) -> None:
        self._sources = sourced.sources
        self._hidden = frozenset(secret_spans(sourced, found))

    def span(self, place: Place) -> Span:
        span = self._sources.span(place)
        return replace(span, end_line=span.line, end_column=span.column + 1) if span in self._hidden else span
