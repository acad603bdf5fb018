"""docs/evidence.md says what is so: its examples are what the views print, its keys and grades those of the code."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

from cyberflow.cli.styles import unstyle
from cyberflow.cli.views.trace_text import trace_lines, verification_lines
from cyberflow.evidence.facts import (
    AccountNames,
    CommitNote,
    Grade,
    Grading,
    Rebuild,
    ReceiptLink,
    RunEvidence,
    RunFacts,
    TracedRun,
)
from cyberflow.evidence.grade import grade
from cyberflow.evidence.statement import PREDICATE, RunStatement
from cyberflow.evidence.verify import CheckedStatement, Finding, Verification
from cyberflow.run.readings.reading import WorkflowReading

PAGE = (Path(__file__).parents[2] / "docs" / "evidence.md").read_text(encoding="utf-8")
FIRST, SECOND = "96e7a8b64d2a" + "0" * 52, "7f7ec18a5c55" + "0" * 52
COMMIT = "2693150302ab" + "0" * 28
WORKFLOW = "0689a63e-6c71-46d3-abf1-9378226906e4"
SAME = Rebuild(True, FIRST, "2693150302ab compiles to 96e7a8b64d2a: the same content")


def proven() -> TracedRun:
    made, begun, ended = "2027-03-01T08:14:00Z", "2027-03-01T08:14:03Z", "2027-03-01T08:16:40Z"
    run = RunFacts("db9a7562-fc80-4a16-a154-f5c84a0ebc72", "lookup", WORKFLOW, "success", made, begun, ended)
    reading = WorkflowReading(WORKFLOW, FIRST, COMMIT, "2027-02-27T16:02:20Z")
    evidence = RunEvidence(run, (reading, reading), (begun, ended), reading)
    receipt = ReceiptLink(
        *("20270227T160220255172.json", "", 7, "2027-02-27T16:02:20Z", "deploy-bot", "c0891b3d190f"),
        *("B. Beispiel", "--approved-by"),
    )
    note = CommitNote(COMMIT, "Ada Muster", 1803744000, "Ask for the chart", signed=False, branches=("main",))
    return TracedRun(evidence, grade(evidence), receipt, SAME, note)


def changed() -> RunEvidence:
    times = "2027-03-01T00:00:01Z", "2027-03-01T00:00:01.5Z", "2027-03-01T00:00:02Z"
    run = RunFacts("2bc39d7a-57fe-4a26-93b1-eef72c54a4fb", "lookup", WORKFLOW, "success", *times)
    before = WorkflowReading(WORKFLOW, FIRST, COMMIT, "2027-02-27T16:02:20Z")
    after = WorkflowReading(WORKFLOW, SECOND, COMMIT, "2027-03-01T00:00:01.640Z")
    return RunEvidence(run, (before, after), (times[1], times[2]), after)


def statement(evidence: RunEvidence, grading: Grading) -> RunStatement:
    return RunStatement("clinic", "prod", evidence, grading, None, None, AccountNames())


def blocks() -> list[str]:
    found = re.findall(r"^```(\w*)\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    return [text for language, text in found if not language]


def test_the_first_example_is_what_trace_prints() -> None:
    command, *said = blocks()[0].splitlines()
    printed = [unstyle(line) for line in trace_lines([proven()])]

    assert command.startswith("$ cyberflow trace db9a7562 ")
    assert said == printed[: len(said)]
    assert len(said) == 6


def test_the_second_is_what_verify_prints() -> None:
    first, second = proven(), changed()
    graded = grade(second)
    statements = (
        CheckedStatement(1, first.run.id, statement(first.evidence, first.grading), (), (SAME.reason,)),
        CheckedStatement(
            2, second.run.id, statement(second, graded), (Finding(f"`changed`: {graded.reason}", contradicted=False),)
        ),
    )
    done = Verification(statements, 4, ())

    assert blocks()[1].splitlines() == [unstyle(line) for line in verification_lines(done)]
    assert done.exit_code == 4


def test_its_grades_and_keys_are_those_of_the_code() -> None:
    grades = PAGE[PAGE.index("## Grades") : PAGE.index("## Where the facts")]
    assert re.findall(r"^\| `(\w+)` \|", grades, re.MULTILINE) == list(get_args(Grade))

    rows = PAGE[PAGE.index("| key of a run") : PAGE.index("`cyberflow trace --verify FILE --format json`")]
    keys = {key for row in re.findall(r"^\| (`[^|]*) \|", rows, re.MULTILINE) for key in re.findall(r"`(\w+)`", row)}
    assert keys == {*proven().to_json(), "hashes"}
    assert PREDICATE in PAGE
