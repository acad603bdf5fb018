"""Verifying statements, offline: each is held against itself, its commit is built and compared, its receipt looked up,
and the receipts against each other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from cyberflow.deploy.receipts import StoredReceipt
from cyberflow.evidence.facts import SHORT
from cyberflow.evidence.grade import grade
from cyberflow.evidence.rebuild import CommitBuilder, rebuild
from cyberflow.evidence.receipts import ChainFault, chain_faults, link_of
from cyberflow.evidence.statement import BadStatement, RunStatement, load_statement

CONTRADICTED, OPEN = 1, 4
Standing = Literal["verified", "contradicted", "open"]
ReceiptsOf: TypeAlias = Callable[[str, str], Sequence[StoredReceipt]]
"""The receipts of a target of a project."""
BuilderOf: TypeAlias = Callable[[str], CommitBuilder]
"""Builds commits for a target."""


@dataclass(frozen=True)
class Finding:
    """Something that a statement says and that is not so; or, when not `contradicted`, that nobody can see here."""

    message: str
    contradicted: bool


@dataclass(frozen=True)
class CheckedStatement:
    """A statement after it was held against everything. `notes` say what was found to be as it says."""

    line: int
    run_id: str | None
    statement: RunStatement | None
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def standing(self) -> Standing:
        if any(one.contradicted for one in self.findings):
            return "contradicted"
        return "open" if self.findings else "verified"

    def to_json(self) -> dict[str, Any]:
        statement = self.statement
        return {
            "line": self.line,
            "run_id": self.run_id,
            "workflow": statement.evidence.run.workflow if statement else None,
            "grade": statement.grading.grade if statement else None,
            "commit": statement.grading.commit if statement else None,
            "standing": self.standing,
            "problems": [one.message for one in self.findings],
        }


@dataclass(frozen=True)
class Verification:
    """What became of a file of statements, and of the receipts of the targets that it names."""

    statements: tuple[CheckedStatement, ...]
    receipts: int
    faults: tuple[ChainFault, ...]

    @property
    def exit_code(self) -> int:
        """1 when anything is contradicted, 4 when anything is open, else 0."""
        standings = Counter(one.standing for one in self.statements)
        if standings["contradicted"] or any(one.contradicted for one in self.faults):
            return CONTRADICTED
        return OPEN if standings["open"] or self.faults else 0

    def to_json(self) -> dict[str, Any]:
        return {
            "version": 1,
            "statements": [one.to_json() for one in self.statements],
            "receipts": {"count": self.receipts, "problems": [one.message for one in self.faults]},
        }


def verify(lines: Iterable[str], builder_of: BuilderOf, receipts_of: ReceiptsOf) -> Verification:
    """Verify the statements of a file, a line each."""
    checked: list[CheckedStatement] = []
    for number, line in enumerate(lines, 1):
        if line.strip():
            checked.append(_check(number, line, builder_of, receipts_of))
    targets = {(one.statement.project, one.statement.target) for one in checked if one.statement}
    chains = [receipts_of(*target) for target in sorted(targets)]
    faults = tuple(fault for chain in chains for fault in chain_faults(chain))
    return Verification(tuple(checked), sum(map(len, chains)), faults)


def _check(number: int, line: str, builder_of: BuilderOf, receipts_of: ReceiptsOf) -> CheckedStatement:
    try:
        statement = load_statement(line)
    except BadStatement as error:
        return CheckedStatement(number, error.run_id, None, (Finding(str(error), contradicted=True),))
    receipts = {one.name: one for one in receipts_of(statement.project, statement.target)}
    rebuilt, note = _rebuild_findings(statement, builder_of)
    found = [*_grade_findings(statement), *rebuilt, *_receipt_findings(statement, receipts)]
    return CheckedStatement(number, statement.evidence.run.id, statement, tuple(found), (note,) if note else ())


def _grade_findings(statement: RunStatement) -> Iterator[Finding]:
    """A grade follows from the facts that stand beside it; where nothing is claimed, nothing is verified."""
    said, made = statement.grading, grade(statement.evidence)
    if (said.grade, said.hash, said.commit, said.hashes) != (made.grade, made.hash, made.commit, made.hashes):
        yield Finding(f"it says `{said.grade}`, and its own facts say `{made.grade}`: {made.reason}", contradicted=True)
    elif said.grade in ("changed", "unknown"):
        yield Finding(f"`{said.grade}`: {said.reason}", contradicted=False)


def _rebuild_findings(statement: RunStatement, builder_of: BuilderOf) -> tuple[list[Finding], str]:
    grading = statement.grading
    if grading.commit is None or grading.hash is None:
        return [], ""
    builder = builder_of(statement.target)
    names = statement.names
    made = rebuild(builder, grading.commit, statement.evidence.run.workflow, grading.hash, lambda *_: names)
    if made.same:
        return [], made.reason
    return [Finding(made.reason, contradicted=made.same is False)], ""


def _receipt_findings(statement: RunStatement, receipts: dict[str, StoredReceipt]) -> Iterator[Finding]:
    link = statement.receipt
    if link is None:
        return
    there = receipts.get(link.name)
    if there is None:
        yield Finding(f"the receipt {link.name} is not here", contradicted=False)
    elif link.sha256 not in (there.sha256, there.text("opened")):
        text = f"the receipt {link.name} is not the one it names ({link.sha256[:SHORT]}): it was changed"
        yield Finding(text, contradicted=True)
    elif link.sha256 == there.sha256 and link != link_of(there):
        yield Finding(f"the receipt {link.name} says something else than the statement says of it", contradicted=True)
