"""Simulations are checked before anything starts: by one code for `run` and for mocks."""

from __future__ import annotations

from typing import Any

import pytest

from cyberflow.compiler.bundle import BundledTask
from cyberflow.errors import UsageError
from cyberflow.run.simulation import check_outcomes, read_outcomes
from tests.run.intake import BOOK, bundle

BUNDLE = bundle()
INTAKE = BUNDLE.chains[0]
GOOD = {"mrn": "M7", "medications": ["a", "b"]}


@pytest.mark.parametrize(
    "outcomes",
    [
        {},
        {"lookup": {}},
        {"lookup": {"outputs": GOOD}, "book-visit": {"seconds": 0}, "file": {"status": "error", "error": ["a", "b"]}},
        {"lookup": {"outputs": {"$invalid": {"mrn": 12}}}},
        {"lookup": {"status": "task_failed", "outputs": {"mrn": 1}, "error": "no"}},
        {"lookup": {"attachments": ["a.csv", {"filename": "b.csv", "content": "x"}], "screenshots": 3, "seconds": 0.5}},
        {"lookup": {"screenshots": ["one", "two"], "checks": {"schema": "failed"}, "status": None}},
    ],
)
def test_what_can_be_used(outcomes: dict[str, Any]) -> None:
    assert list(check_outcomes(outcomes, INTAKE, BUNDLE)) == []


@pytest.mark.parametrize(
    ("outcomes", "at", "words"),
    [
        ({"lokup": {}}, "lokup", "did you mean `lookup`"),
        ({"book-visits": {}}, "book-visits", "did you mean `book-visit`"),
        ({"lookup": {"output": GOOD}}, "lookup.output", "there is no key `output` here; did you mean `outputs`"),
        ({"lookup": []}, "lookup", "must be a mapping"),
        ({"lookup": {"status": "succes"}}, "lookup.status", "did you mean `success`"),
        ({"lookup": {"status": 3}}, "lookup.status", "`status` cannot be 3; one of `success`"),
        ({"lookup": {"seconds": -1}}, "lookup.seconds", "must be a number"),
        ({"lookup": {"seconds": "1"}}, "lookup.seconds", "must be a number"),
        ({"lookup": {"seconds": True}}, "lookup.seconds", "must be a number"),
        ({"lookup": {"screenshots": 0}}, "lookup.screenshots", "must be a number from 1"),
        ({"lookup": {"screenshots": 1.5}}, "lookup.screenshots", "must be a number from 1"),
        ({"lookup": {"attachments": "a.csv"}}, "lookup.attachments", "must be a list"),
        ({"lookup": {"attachments": [{"name": "a"}]}}, "lookup.attachments", "must be a list"),
        ({"lookup": {"error": 3}}, "lookup.error", "must be a text"),
        ({"lookup": {"checks": {"schema": "faild"}}}, "lookup.checks.schema", "did you mean `failed`"),
        ({"lookup": {"outputs": [1]}}, "lookup.outputs", "must be a mapping of names to values"),
        ({"lookup": {"outputs": {"mrn": "M7"}}}, "lookup.outputs.medications", "always gives `medications`"),
        ({"lookup": {"outputs": {**GOOD, "mrm": "x"}}}, "lookup.outputs.mrm", "did you mean `mrn`"),
        (
            {"lookup": {"outputs": {**GOOD, "mrn": 7}}},
            "lookup.outputs.mrn",
            "`mrn` of `lookup` cannot be 7; witness:",
        ),
        ({"book-visit": {"outputs": {}}}, "book-visit.outputs.confirmation", "leaves it out"),
    ],
)
def test_what_cannot(outcomes: dict[str, Any], at: str, words: str) -> None:
    (problem,) = check_outcomes(outcomes, INTAKE, BUNDLE)
    assert problem.at == at
    assert words in problem.message
    with pytest.raises(UsageError, match="the simulation cannot be used") as caught:
        read_outcomes(outcomes, INTAKE, BUNDLE)
    assert caught.value.exit_code == 2


def test_everything_wrong_is_told_at_once() -> None:
    with pytest.raises(UsageError, match="for 2 reasons") as caught:
        read_outcomes({"lokup": {}, "file": {"secnds": 1}}, INTAKE, BUNDLE)
    assert "`lokup`" in caught.value.message
    assert "`secnds`" in caught.value.message


def test_outputs_that_are_wrong_on_purpose_reach_the_platform_bare() -> None:
    read = read_outcomes({"lookup": {"outputs": {"$invalid": {"mrn": 12}}, "seconds": 0}}, INTAKE, BUNDLE)
    assert read == {"lookup": {"outputs": {"mrn": 12}, "seconds": 0}}


def test_a_single_workflow_and_a_task() -> None:
    assert list(check_outcomes({"book-visit": {"outputs": {"confirmation": "C1"}}}, BOOK, BUNDLE)) == []
    (problem,) = check_outcomes({"book-vist": {}}, BOOK, BUNDLE)
    assert "did you mean `book-visit`" in problem.message
    poster = BundledTask("poster", "text-to-image@2")
    for name in ("poster", "text-to-image", "text-to-image@2"):
        assert list(check_outcomes({name: {"status": "failed", "error": "x"}}, poster, BUNDLE)) == []
    assert [one.at for one in check_outcomes({"postr": {}}, poster, BUNDLE)] == ["postr"]
    assert [one.at for one in check_outcomes({"poster": {"status": "done"}}, poster, BUNDLE)] == ["poster.status"]
