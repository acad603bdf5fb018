"""Statements: what was traced as in-toto statements, one a line, for whoever signs and keeps them. No input, output,
error or screenshot ever comes into one.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any

from cyberflow.evidence.facts import AccountNames, Grading, ReceiptLink, RunEvidence, TracedRun
from cyberflow.storage import parse_json

TYPE = "https://in-toto.io/Statement/v1"
PREDICATE = "https://cyberflow.dev/run/v1"
VERSION = 1


class BadStatement(ValueError):
    """A line that is not a statement of ours, or not as it was written. `run_id` is the run it says it is about."""

    def __init__(self, message: str, run_id: str | None = None) -> None:
        super().__init__(message)
        self.run_id = run_id


@dataclass(frozen=True)
class RunStatement:
    """What a statement claims of one run."""

    project: str
    target: str
    evidence: RunEvidence
    grading: Grading
    receipt: ReceiptLink | None
    rebuilt: bool | None
    names: AccountNames


def dump_statement(traced: TracedRun, project: str, target: str) -> str:
    """Give a statement as one line. Its subject is the run, by the sha256 of everything that is said of it."""
    predicate = {
        "version": VERSION,
        "project": project,
        "target": target,
        "grading": asdict(traced.grading),
        "receipt": asdict(traced.receipt) if traced.receipt else None,
        "rebuilt": traced.rebuild.same,
        "names": asdict(traced.rebuild.names),
        "evidence": traced.evidence.to_json(),
    }
    subject = {"name": f"cyberdesk/runs/{traced.run.id}", "digest": {"sha256": digest(predicate)}}
    whole = {"_type": TYPE, "subject": [subject], "predicateType": PREDICATE, "predicate": predicate}
    return json.dumps(whole, ensure_ascii=False, separators=(",", ":"))


def load_statement(line: str) -> RunStatement:
    """Read a line. Raises BadStatement."""
    try:
        whole = parse_json(line)
        kinds = whole["_type"], whole["predicateType"]
        predicate, (subject,) = whole["predicate"], whole["subject"]
        said, name = subject["digest"]["sha256"], str(subject["name"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise BadStatement("it is not an in-toto statement of one subject") from error
    run = name.rpartition("/")[2]
    if kinds != (TYPE, PREDICATE) or not isinstance(predicate, dict) or predicate.get("version") != VERSION:
        raise BadStatement("it is not a statement of a kind and version that this cyberflow knows", run)
    if digest(predicate) != said:
        raise BadStatement("it was changed after it was written: its digest is not that of what it says", run)
    try:
        made = _decode(predicate)
    except (KeyError, TypeError, AttributeError) as error:
        raise BadStatement("it lacks something that a statement says", run) from error
    if made.evidence.run.id != run:
        raise BadStatement(f"its subject is the run {run}, and it speaks of {made.evidence.run.id}", run)
    return made


def digest(predicate: Any) -> str:
    """The sha256 of JSON with sorted keys and no white space."""
    text = json.dumps(predicate, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _decode(predicate: dict[str, Any]) -> RunStatement:
    grading, receipt = predicate["grading"], predicate["receipt"]
    hashes = grading["hashes"]
    return RunStatement(
        str(predicate["project"]),
        str(predicate["target"]),
        RunEvidence.from_json(predicate["evidence"]),
        Grading(**{**grading, "hashes": None if hashes is None else (hashes[0], hashes[1])}),
        None if receipt is None else ReceiptLink(**receipt),
        predicate["rebuilt"],
        AccountNames(**predicate["names"]),
    )
