"""Findings as an editor shows them."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from lsprotocol import types

from cyberflow import errors
from cyberflow.compiler.queries.masked_spans import MaskedSpans
from cyberflow.diagnostics import Diagnostic
from cyberflow.lsp.view import ProjectView, file_uri

_SEVERITIES = {"error": types.DiagnosticSeverity.Error, "warning": types.DiagnosticSeverity.Warning}
_PACKAGE = Path(errors.__file__).parent
_RULES = (_PACKAGE / "rules.md", _PACKAGE.parent / "docs" / "rules.md")
"""The documentation of the rules: in the wheel, and in a checkout."""


def group_findings(view: ProjectView) -> dict[str, list[tuple[Diagnostic, types.Diagnostic]]]:
    """The findings of a project by the file they stand in, each as we have it and as the editor gets it."""
    raw, found = view.checked.state.raw, view.checked.state.findings
    spans = MaskedSpans(raw, found)
    groups: dict[str, list[tuple[Diagnostic, types.Diagnostic]]] = {}
    for one in found:
        groups.setdefault(spans.span(one.place).path, []).append((one, to_diagnostic(one, view, spans)))
    return groups


def to_diagnostic(one: Diagnostic, view: ProjectView, spans: MaskedSpans) -> types.Diagnostic:
    """One finding; what to do about it goes along as data, and stands in the hover."""
    related = [
        types.DiagnosticRelatedInformation(view.location(spans.span(label.place)), label.message)
        for label in one.labels
    ]
    page = rules_page()
    return types.Diagnostic(
        range=view.range(spans.span(one.place)),
        message=one.message,
        severity=_SEVERITIES[one.severity],
        code=one.rule,
        code_description=types.CodeDescription(f"{page}#{one.rule}") if page else None,
        source="cyberflow",
        tags=[types.DiagnosticTag.Unnecessary] if one.rule.startswith("unused-") else None,
        related_information=related or None,
        data={"note": one.note, "notes": list(one.notes), "help": one.help},
    )


@cache
def rules_page() -> str | None:
    """Where the documentation of the rules lies on this machine."""
    return next((file_uri(path) for path in _RULES if path.is_file()), None)


def explain(one: Diagnostic) -> str:
    """What a finding says beside its message, as Markdown."""
    lines = [one.message + (f": {one.note}" if one.note else ""), *one.notes]
    lines += [f"help: {one.help}"] if one.help else []
    return f"**{one.severity}** `{one.rule}`\n\n" + "  \n".join(lines)
