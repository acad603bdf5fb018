"""Traced runs and verified statements as text, for a reader who has not seen either before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from cyberflow.cli.styles import one_line, style
from cyberflow.client.cyberdesk.wire import parse_time
from cyberflow.evidence.facts import SHORT, CommitNote, ReceiptLink, TracedRun
from cyberflow.evidence.verify import CheckedStatement, Verification

FEW = 3
COLOURS = {
    "proven": "green",
    "bounded": "green",
    "recorded": "cyan",
    "changed": "red",
    "unknown": "yellow",
    "verified": "green",
    "contradicted": "red",
    "open": "yellow",
}


def trace_lines(runs: Sequence[TracedRun]) -> Iterator[str]:
    """A paragraph for each run, then how many there are of each grade."""
    for run in runs:
        yield from (f"{style(f'{key:<9}', dim=True)}  {text}" for key, text in _rows(run))
        yield ""
    counts: Counter[str] = Counter(run.grading.grade for run in runs)
    parts = [f"{counts[name]} {_grade(name)}" for name in COLOURS if counts[name]]
    yield f"{len(runs)} {'run' if len(runs) == 1 else 'runs'}" + (f": {', '.join(parts)}" if parts else "")


def _rows(traced: TracedRun) -> Iterator[tuple[str, str]]:
    run, grading = traced.run, traced.grading
    yield "run", f"{style(run.id, bold=True)}  {run.status}  {_span(run.started_at or run.created_at, run.ended_at)}"
    content = f"  content {grading.hash[:SHORT]}" if grading.hash else ""
    yield "workflow", f"{one_line(run.workflow)}  {run.workflow_id}{content}"
    yield "grade", f"{_grade(grading.grade)}: {grading.reason}"
    if traced.commit is not None:
        yield "commit", _commit_text(traced.commit, grading.commit or "")
    elif grading.commit is not None:
        yield "commit", f"{grading.commit[:SHORT]}, which is not in this repository"
    if traced.receipt is not None:
        yield "applied", _receipt_text(traced.receipt)
    elif grading.hash is not None:
        yield "applied", "no receipt on this machine says who wrote it"
    if traced.rebuild.reason:
        yield "rebuilt", traced.rebuild.reason


def _receipt_text(receipt: ReceiptLink) -> str:
    number = f"receipt {receipt.number}" if receipt.number else "receipt"
    who = f"approved by {one_line(receipt.approved_by)}" if receipt.approved_by else "nobody is named who approved it"
    source = f" ({receipt.approval})" if receipt.approval else ""
    plan = f"plan {(receipt.plan or '')[:SHORT]}"
    return (
        f"{_moment(receipt.at)} by {one_line(receipt.by or 'somebody')}, {plan}, {number} {receipt.name}; {who}{source}"
    )


def _commit_text(commit: CommitNote, word: str) -> str:
    day = datetime.fromtimestamp(commit.at, UTC).date()
    branches = ", ".join(map(one_line, commit.branches[:FEW])) or "no branch here"
    more = f" and {len(commit.branches) - FEW} more" if len(commit.branches) > FEW else ""
    notes = [f"on {branches}{more}"]
    notes += ["with a signature"] if commit.signed else []
    notes += ["the work tree differed when it was applied"] if word.endswith("+") else []
    head = f'{commit.id[:SHORT]} "{one_line(commit.subject)}"'
    return f"{head}  {one_line(commit.author)}, {day}; {'; '.join(notes)}"


def _span(begun: str | None, ended: str | None) -> str:
    return " to ".join(_moment(text) for text in (begun, ended) if text)


def _moment(text: str) -> str:
    read = parse_time(text)
    return f"{read:%Y-%m-%d %H:%M:%S} UTC" if read else text


def _grade(name: str) -> str:
    return style(name, fg=COLOURS[name], bold=True)


def _standing(name: str) -> str:
    return _grade(name) + " " * (len("contradicted") - len(name))


def verification_lines(done: Verification) -> Iterator[str]:
    """A line for each statement, what speaks against it or is open below, then the receipts and the end."""
    for one in done.statements:
        yield _statement_line(one)
        for finding in one.findings:
            yield f"    {finding.message}"
        for note in one.notes:
            yield style(f"    {note}", dim=True)
    yield ""
    contradicted = any(fault.contradicted for fault in done.faults)
    state = "contradicted" if contradicted else "open" if done.faults else "verified"
    chain = "each holds the one before it" if not done.faults else f"{len(done.faults)} of them do not hold"
    if done.receipts:
        yield f"{_standing(state)}  receipts: {done.receipts}, {chain}"
    for fault in done.faults:
        yield f"    {fault.message}"
    counts = Counter(one.standing for one in done.statements)
    parts = [f"{counts[name]} {_grade(name)}" for name in ("verified", "contradicted", "open") if counts[name]]
    yield f"{len(done.statements)} {'statement' if len(done.statements) == 1 else 'statements'}: {', '.join(parts)}"


def _statement_line(one: CheckedStatement) -> str:
    statement = one.statement
    if statement is None:
        return f"{_standing(one.standing)}  line {one.line}: {one_line(one.run_id or 'no run')}"
    grading, run = statement.grading, statement.evidence.run
    commit = f"  commit {grading.commit[:SHORT]}" if grading.commit else ""
    return f"{_standing(one.standing)}  {one_line(run.id)}  {one_line(run.workflow)}  {grading.grade}{commit}"
