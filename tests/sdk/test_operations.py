"""What the command line can do, done from Python."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import pytest

from cyberflow.errors import ConflictError, UsageError
from cyberflow.sdk import (
    ApplyOptions,
    BadRows,
    BatchOptions,
    PlanOptions,
    ProjectErrors,
    PruneOptions,
    PullOptions,
    adopt,
    apply,
    batch,
    plan,
    pull,
    resume,
)

EXAMPLE = Path(__file__).parents[2] / "examples" / "red-panda"
QUICK = {"find-article": {"seconds": 0.01}, "collect-facts": {"seconds": 0.01}}


@pytest.fixture
def panda(tmp_path: Path) -> Path:
    folder = tmp_path / "panda"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns(".cyberflow", "dist"))
    with (folder / "rows.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["topic"], ["red panda"], ["otter"]])
    return folder


def test_plan_and_apply_leave_nothing_to_do(panda: Path) -> None:
    planned = plan(panda)
    assert {change.action for change in planned.changes} == {"create"}
    seen: list[str] = []

    applied = apply(panda, on_outcome=lambda outcome: seen.append(outcome.name))

    assert applied.exit_code == 0
    assert seen == [outcome.name for outcome in applied.outcomes]
    assert not plan(panda).pending
    (receipt,) = (panda / ".cyberflow" / "receipts").glob("*.json")
    assert json.loads(receipt.read_text(encoding="utf-8"))["exit_code"] == 0


def test_only_and_prune_are_options(panda: Path) -> None:
    apply(panda, options=ApplyOptions(PlanOptions(only=("find-article",))))
    assert [change.name for change in plan(panda).changes if change.kind == "workflow"] == ["collect-facts"]
    apply(panda)
    for path in panda.rglob("*.yaml"):
        if path.name != "cyberflow.yaml":
            path.unlink()
    options = PlanOptions(prune=PruneOptions(workflows=True, force=True))
    assert {change.action for change in plan(panda, options=options).changes} >= {"delete"}
    assert not plan(panda).pending


def test_a_project_with_errors_is_refused_with_its_findings(panda: Path) -> None:
    (panda / "broken.yaml").write_text("workflows: {x: {prompt: <nothing>}}\n", encoding="utf-8")

    with pytest.raises(ProjectErrors) as refused:
        plan(panda)

    assert [found.rule for found in refused.value.found] == ["undeclared-input"]


def test_a_protected_target_wants_its_name(panda: Path) -> None:
    settings = panda / "cyberflow.yaml"
    settings.write_text(
        settings.read_text(encoding="utf-8") + "\ntargets: {local: {protect: true}}\n", encoding="utf-8"
    )

    with pytest.raises(UsageError, match="protected"):
        apply(panda)
    with pytest.raises(UsageError, match="not the name"):
        apply(panda, confirm="prod")

    assert apply(panda, confirm="local").exit_code == 0


def test_pull_writes_and_never_over_what_differs(panda: Path) -> None:
    apply(panda)
    folder, found = pull(panda, options=PullOptions(into=panda / ".cyberflow" / "pulled"))
    assert {one.name for one in found.verified.pulled} == {"find-article", "collect-facts"}
    first = folder.path / "find-article.yaml"
    first.write_text("mine\n", encoding="utf-8")

    with pytest.raises(ConflictError):
        pull(panda, options=PullOptions(into=folder.path))

    assert first.read_text(encoding="utf-8") == "mine\n"


def test_adopt_of_what_is_not_there_is_refused(panda: Path) -> None:
    apply(panda)
    with pytest.raises(UsageError):
        adopt([("find-article", "00000000-0000-4000-8000-000000000000")], panda)


@pytest.mark.slow
def test_a_batch_with_its_ledger_and_its_resume(panda: Path) -> None:
    apply(panda)
    options = BatchOptions(simulate=QUICK, out=panda / "results.jsonl")

    done = batch("research", panda / "rows.csv", panda, options=options)

    assert done.succeeded
    assert [entry.number for entry in done.rows] == [1, 2]
    assert done.results.exists()
    again = resume(done.ledger, panda)
    assert [entry.session_id for entry in again.rows] == [entry.session_id for entry in done.rows]


def test_bad_rows_send_nothing(panda: Path) -> None:
    apply(panda)
    (panda / "rows.csv").write_text("topik\nx\n", encoding="utf-8")

    with pytest.raises(BadRows) as refused:
        batch("research", panda / "rows.csv", panda)

    assert refused.value.count == len(refused.value.faults) == 1
    assert not (panda / ".cyberflow" / "ledgers").exists()
