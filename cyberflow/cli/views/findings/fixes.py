"""Fixes as data, as a diff, and as lines of what was done. Secrets are masked as they are everywhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import unified_diff
from typing import Any

from cyberflow.cli.styles import escape, one_line, style
from cyberflow.cli.views.findings.diagnostics_text import mask_lines
from cyberflow.compiler.facts.state import ProjectState
from cyberflow.compiler.fixes.mend import Mending
from cyberflow.compiler.fixes.text_edits import TextFix, text_fix
from cyberflow.compiler.queries.masked_spans import secret_spans
from cyberflow.diagnostics import Diagnostic, pluralize
from cyberflow.language.project.load import RawProject
from cyberflow.source import LineIndex, Span


@dataclass(frozen=True)
class FixView:
    """The fixes that findings of a project offer; none that would tell how long a secret is."""

    sourced: RawProject
    hidden: tuple[Span, ...]

    @classmethod
    def of(cls, sourced: RawProject, found: list[Diagnostic]) -> FixView:
        return cls(sourced, secret_spans(sourced, found))

    def fix(self, one: Diagnostic) -> TextFix | None:
        fix = text_fix(one, self.sourced.sources)
        return None if fix is None or any(_overlap(span, self.hidden) for span, _ in self.spans(fix)) else fix

    def spans(self, fix: TextFix) -> list[tuple[Span, str]]:
        """Where each edit stands, and what it writes."""
        documents = self.sourced.sources.documents
        return [
            (LineIndex(edit.path, documents[edit.path].text).exact_span(edit.start, edit.end), edit.text)
            for edit in fix.edits
        ]

    def count(self, found: Iterable[Diagnostic]) -> tuple[int, int]:
        """How many findings have a safe fix, and how many another one."""
        fixes = [fix for one in found if (fix := self.fix(one))]
        safe = sum(fix.safe for fix in fixes)
        return safe, len(fixes) - safe

    def json(self, one: Diagnostic) -> dict[str, Any] | None:
        """A fix as `check --format json` has it."""
        if (fix := self.fix(one)) is None:
            return None
        edits = [
            {
                "path": span.path,
                "line": span.line,
                "column": span.column,
                "end_line": span.end_line,
                "end_column": span.end_column,
                "text": text,
            }
            for span, text in self.spans(fix)
        ]
        return {"safe": fix.safe, "message": fix.message, "edits": edits}


def fix_hint(safe: int, unsafe: int) -> str:
    """What to do about findings that can be mended; empty when none can."""
    ways = [f"{safe} by `cyberflow check --fix`"] if safe else []
    if unsafe:
        ways.append(f"{unsafe} {'more ' if safe else ''}by `--unsafe-fixes`, which guesses: see `--diff` first")
    return f"can be mended: {', '.join(ways)}" if ways else ""


def render_diff(mending: Mending) -> Iterator[str]:
    """The files that would change, line by line, as `git diff` has it."""
    before, after = _mask_texts(mending.before, mending, 0), _mask_texts(mending.after, mending, 1)
    for path in sorted(mending.contents):
        for line in unified_diff(before[path], after[path], f"a/{path}", f"b/{path}", lineterm=""):
            colour = {"+": "green", "-": "red", "@": "cyan"}.get(line[0])
            yield style(escape(line), fg=colour, bold=line.startswith(("+++", "---")))


def describe_mending(mending: Mending) -> Iterator[str]:
    """What was mended, a line each, and what was left since it would bring a new finding."""
    for one in mending.made:
        yield f"mended {one_line(one.span.path)}:{one.span.line}: {one.found.rule}: {one_line(one.fix.message)}"
    for one in mending.refused:
        where = f"{one_line(one.span.path)}:{one.span.line}"
        yield f"left {where}: {one.found.rule}: to {one_line(one.fix.message)} would bring another finding"
    files = pluralize(len(mending.contents), "file")
    yield f"{pluralize(len(mending.made), 'finding')} mended in {files}" if mending.made else "nothing to mend"


def _mask_texts(state: ProjectState, mending: Mending, which: int) -> dict[str, list[str]]:
    """The lines of the files that change, before or after."""
    secrets = secret_spans(state.raw, state.findings)
    texts = {path: pair[which].decode("utf-8-sig").replace("\r\n", "\n") for path, pair in mending.contents.items()}
    return {path: mask_lines(text, path, secrets) for path, text in texts.items()}


def _overlap(span: Span, hidden: Iterable[Span]) -> bool:
    def start(one: Span) -> tuple[int, int]:
        return one.line, one.column

    def end(one: Span) -> tuple[int, int]:
        return one.end_line, one.end_column

    return any(one.path == span.path and start(span) < end(one) and start(one) < end(span) for one in hidden)
