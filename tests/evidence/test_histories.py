"""Scripted histories: what happened, and the grade that each run must have. `proven` is never said of a run during
which the content changed; whatever is claimed of one is what was there.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable

import pytest

from cyberflow.evidence.facts import Grade
from cyberflow.remote.canonical import field_hash, wire_fields
from tests.evidence.clinic import Clinic, git

pytestmark = pytest.mark.slow
History = Callable[[Clinic], list[Grade]]
HISTORIES: list[History] = []


def history(function: History) -> History:
    HISTORIES.append(function)
    return function


@history
def a_run_that_nothing_disturbed(clinic: Clinic) -> list[Grade]:
    clinic.run()
    return ["proven"]


@history
def a_chain_that_nothing_disturbed(clinic: Clinic) -> list[Grade]:
    clinic.run("intake")
    return ["proven", "proven"]


@history
def an_apply_during_the_run(clinic: Clinic) -> list[Grade]:
    clinic.run(during=clinic.edit_and_apply)
    return ["changed"]


@history
def an_apply_of_one_workflow_during_a_chain(clinic: Clinic) -> list[Grade]:
    clinic.run("intake", during=clinic.edit_and_apply)
    return ["changed", "proven"]


@history
def an_apply_during_the_run_and_its_revert(clinic: Clinic) -> list[Grade]:
    def both() -> None:
        clinic.edit_and_apply()
        clinic.edit_and_apply("as a nurse would", old="calmly")

    clinic.run(during=both)
    return ["changed"]


@history
def an_edit_by_hand_during_the_run(clinic: Clinic) -> list[Grade]:
    clinic.run(during=lambda: clinic.edit("<p>By hand.</p>"))
    return ["changed"]


@history
def an_edit_by_hand_and_back_during_the_run(clinic: Clinic) -> list[Grade]:
    clinic.run(during=clinic.edit_and_back)
    return ["changed"]


@history
def an_edit_and_back_of_which_the_end_is_after_the_run(clinic: Clinic) -> list[Grade]:
    before = clinic.workflow().main_prompt
    clinic.run(during=lambda: clinic.edit("<p>By hand.</p>"), ended=lambda: clinic.edit(before))
    return ["changed"]


@history
def an_apply_between_the_look_and_the_submission(clinic: Clinic) -> list[Grade]:
    clinic.run(looked=clinic.edit_and_apply)
    return ["bounded"]


@history
def an_edit_and_back_between_the_look_and_the_submission(clinic: Clinic) -> list[Grade]:
    clinic.run(looked=clinic.edit_and_back)
    return ["bounded"]


@history
def an_apply_between_the_end_and_the_reading(clinic: Clinic) -> list[Grade]:
    clinic.run(ended=clinic.edit_and_apply)
    return ["recorded"]


@history
def an_edit_and_back_between_the_end_and_the_reading(clinic: Clinic) -> list[Grade]:
    clinic.run(ended=clinic.edit_and_back)
    return ["recorded"]


@history
def an_apply_after_it_was_read(clinic: Clinic) -> list[Grade]:
    clinic.run()
    clinic.edit_and_apply()
    return ["proven"]


@history
def an_edit_by_hand_after_it_was_read(clinic: Clinic) -> list[Grade]:
    clinic.run()
    clinic.edit("<p>By hand.</p>")
    return ["proven"]


@history
def a_run_on_each_side_of_an_apply(clinic: Clinic) -> list[Grade]:
    clinic.run()
    clinic.edit_and_apply()
    clinic.run()
    return ["proven", "proven"]


@history
def nobody_followed_it(clinic: Clinic) -> list[Grade]:
    clinic.run(follow=False)
    return ["bounded"]


@history
def nobody_followed_it_and_an_apply_came_later(clinic: Clinic) -> list[Grade]:
    clinic.run(follow=False)
    clinic.edit_and_apply()
    return ["recorded"]


@history
def nobody_followed_it_and_an_apply_fell_into_it(clinic: Clinic) -> list[Grade]:
    clinic.run(follow=False, during=clinic.edit_and_apply)
    return ["changed"]


@history
def nobody_followed_it_and_two_applies_fell_into_it_and_after_it(clinic: Clinic) -> list[Grade]:
    clinic.run(follow=False, during=clinic.edit_and_apply)
    clinic.edit_and_apply("gladly", old="calmly")
    return ["changed"]


@history
def the_state_folder_is_gone(clinic: Clinic) -> list[Grade]:
    clinic.run("intake")
    clinic.forget()
    return ["bounded", "bounded"]


@history
def the_state_folder_is_gone_and_an_apply_came_later(clinic: Clinic) -> list[Grade]:
    clinic.run("intake")
    clinic.forget()
    clinic.edit_and_apply()
    return ["recorded", "bounded"]


@history
def the_state_folder_is_gone_and_an_apply_fell_into_it(clinic: Clinic) -> list[Grade]:
    clinic.run(during=clinic.edit_and_apply)
    clinic.forget()
    return ["changed"]


@history
def a_run_of_the_dashboard(clinic: Clinic) -> list[Grade]:
    clinic.run_elsewhere()
    return ["bounded"]


@history
def a_run_of_the_dashboard_with_an_edit_and_back_in_it(clinic: Clinic) -> list[Grade]:
    clinic.run_elsewhere(during=clinic.edit_and_back)
    return ["changed"]


@history
def a_run_of_the_dashboard_with_a_later_edit(clinic: Clinic) -> list[Grade]:
    clinic.run_elsewhere()
    clinic.edit("<p>By hand.</p>")
    return ["recorded"]


@history
def a_duplicate(clinic: Clinic) -> list[Grade]:
    id = clinic.workflow().id
    clinic.ask(lambda desk: desk.workflows.duplicate(id))
    clinic.run_elsewhere("(Copy) lookup")
    return ["bounded"]


@history
def a_duplicate_that_is_edited_while_the_original_runs(clinic: Clinic) -> list[Grade]:
    id = clinic.workflow().id
    clinic.ask(lambda desk: desk.workflows.duplicate(id))
    clinic.run(during=lambda: clinic.edit("<p>By hand.</p>", "(Copy) lookup"))
    return ["proven"]


@history
def a_duplicate_that_is_edited_after_it_ran(clinic: Clinic) -> list[Grade]:
    id = clinic.workflow().id
    clinic.ask(lambda desk: desk.workflows.duplicate(id))
    clinic.run_elsewhere("(Copy) lookup")
    clinic.edit("<p>By hand.</p>", "(Copy) lookup")
    return ["unknown"]


def _make_stranger(clinic: Clinic) -> str:
    """A workflow of the dashboard that says what a declaration of ours says."""
    text = clinic.workflow().main_prompt
    clinic.write("outputs: {slot: string}\n", "outputs: {slot: string}\n  stranger:\n    prompt: Open the chart.\n")
    body = {"name": "stranger", "main_prompt": "<p>Open the chart.</p>"}
    assert text
    made: str = clinic.ask(lambda desk: desk.workflows.create(body)).id
    return made


@history
def an_adopted_workflow(clinic: Clinic) -> list[Grade]:
    clinic.adopt("stranger", _make_stranger(clinic))
    clinic.run_elsewhere("stranger")
    return ["bounded"]


@history
def adopted_after_the_run(clinic: Clinic) -> list[Grade]:
    id = _make_stranger(clinic)
    clinic.run_elsewhere("stranger")
    clinic.adopt("stranger", id)
    return ["unknown"]


@history
def adopted_during_the_run(clinic: Clinic) -> list[Grade]:
    id = _make_stranger(clinic)
    clinic.run_elsewhere("stranger", during=lambda: clinic.adopt("stranger", id))
    return ["changed"]


@history
def a_retry(clinic: Clinic) -> list[Grade]:
    (run,) = clinic.run()
    clinic.retry(run)
    return ["bounded"]


@history
def a_retry_after_an_apply(clinic: Clinic) -> list[Grade]:
    (run,) = clinic.run()
    clinic.edit_and_apply()
    clinic.retry(run)
    return ["changed"]


@history
def a_retry_after_an_edit_and_back(clinic: Clinic) -> list[Grade]:
    (run,) = clinic.run()
    clinic.edit_and_back()
    clinic.retry(run)
    return ["changed"]


@history
def an_apply_of_another_machine_during_the_run(clinic: Clinic) -> list[Grade]:
    other = clinic.clone()
    clinic.run(during=other.edit_and_apply)
    return ["changed"]


@history
def a_run_of_another_machine(clinic: Clinic) -> list[Grade]:
    clinic.runs += clinic.clone().run()
    return ["bounded"]


@history
def a_run_after_the_apply_of_another_machine(clinic: Clinic) -> list[Grade]:
    other = clinic.clone()
    other.edit_and_apply()
    git(clinic.folder, "pull", "-q", str(other.folder), "main")
    clinic.run()
    return ["proven"]


@history
def the_commit_was_amended(clinic: Clinic) -> list[Grade]:
    clinic.run()
    git(clinic.folder, "commit", "-q", "--amend", "-m", "Reworded")
    return ["proven"]


@history
def the_commit_is_gone(clinic: Clinic) -> list[Grade]:
    clinic.run()
    git(clinic.folder, "commit", "-q", "--amend", "-m", "Reworded")
    git(clinic.folder, "reflog", "expire", "--expire=now", "--all")
    git(clinic.folder, "gc", "-q", "--prune=now")
    return ["proven"]


@history
def the_repository_is_gone(clinic: Clinic) -> list[Grade]:
    clinic.run()
    shutil.rmtree(clinic.folder / ".git")
    return ["proven"]


@history
def a_prompt_of_its_own(clinic: Clinic) -> list[Grade]:
    clinic.run_elsewhere(main_prompt="<p>Something else.</p>")
    return ["unknown"]


@history
def a_run_on_what_a_person_changed(clinic: Clinic) -> list[Grade]:
    clinic.edit("<p>By hand.</p>")
    clinic.run(stale_ok=True)
    return ["proven"]


@history
def a_person_s_edit_that_was_written_over(clinic: Clinic) -> list[Grade]:
    clinic.edit("<p>By hand.</p>")
    clinic.apply()
    clinic.run()
    return ["proven"]


@history
def applies_that_write_nothing_during_the_run(clinic: Clinic) -> list[Grade]:
    def again() -> None:
        git(clinic.folder, "commit", "-q", "--allow-empty", "-m", "Nothing")
        clinic.apply()

    clinic.run(during=again)
    return ["proven"]


@history
def renamed_after_the_run(clinic: Clinic) -> list[Grade]:
    clinic.run()
    clinic.write("  lookup:\n", "  find:\n    was: lookup\n", commit=False)
    chains = clinic.folder / "chains.yaml"
    chains.write_text(
        chains.read_text(encoding="utf-8").replace("workflow: lookup", "workflow: find"), encoding="utf-8"
    )
    git(clinic.folder, "commit", "-qam", "Rename")
    clinic.apply()
    return ["proven"]


@pytest.mark.parametrize("happened", HISTORIES, ids=lambda one: one.__name__)
def test_every_grade_is_right(clinic: Clinic, happened: History) -> None:
    clinic.apply()
    expected = happened(clinic)

    traced = clinic.trace()
    assert [one.grading.grade for one in traced] == expected
    known = {field_hash(wire_fields(one)) for one in clinic.ask(lambda desk: desk.workflows.page(limit=100)).items}
    for one in traced:
        claims = one.grading.grade in ("proven", "bounded", "recorded")
        assert (one.grading.hash is not None) == claims
        assert claims or one.grading.commit is None
        if one.grading.grade == "bounded":
            assert one.grading.hash in known
        if one.grading.commit is not None:
            assert one.rebuild.same is not False


def test_there_are_forty_histories_and_no_proof_of_a_run_that_changed() -> None:
    assert len(HISTORIES) >= 40


def test_a_commit_leads_back_to_what_was_applied(clinic: Clinic) -> None:
    clinic.apply()
    first = clinic.head
    clinic.run()
    clinic.edit_and_apply()
    clinic.run("book")
    clinic.run()

    before, other, after = clinic.trace()
    assert (before.grading.commit, after.grading.commit) == (first, clinic.head)
    assert other.grading.commit == first, "an apply that wrote something else leaves its commit alone"
    assert [one.rebuild.same for one in (before, other, after)] == [True] * 3
    receipts = [one.receipt for one in (before, other, after)]
    assert [one.number for one in receipts if one] == [1, 1, 2]
    assert {one.approved_by for one in receipts if one} == {"B. Beispiel"}
    assert after.commit is not None
    assert (after.commit.subject, after.commit.branches) == ("Say calmly", ("main",))


def test_a_fresh_clone_finds_the_commit_of_every_workflow(clinic: Clinic) -> None:
    clinic.apply()
    clinic.run("intake")
    other = clinic.clone()

    traced = other.trace(*clinic.runs)
    assert [one.grading.commit for one in traced] == [clinic.head] * 2
    assert [one.rebuild.same for one in traced] == [True, True]
    assert [one.receipt for one in traced] == [None, None]


@pytest.mark.parametrize(("file", "rebuilt"), [("workflows.yaml", None), ("notes.txt", True)])
def test_a_work_tree_that_differed_is_said(clinic: Clinic, file: str, *, rebuilt: bool | None) -> None:
    path = clinic.folder / file
    path.write_text(path.read_text(encoding="utf-8").replace("nurse", "doctor") + "\n", encoding="utf-8")
    clinic.apply()
    clinic.run()

    (one,) = clinic.trace()
    assert one.grading.commit == f"{clinic.head}+"
    assert one.rebuild.same is rebuilt


def test_without_git_there_is_no_commit(tmp_path: object, clinic: Clinic) -> None:
    shutil.rmtree(clinic.folder / ".git")
    clinic.apply()
    clinic.run()

    (one,) = clinic.trace()
    assert (one.grading.grade, one.grading.commit, one.rebuild.same) == ("proven", None, None)


def test_a_service_that_keeps_little_of_a_version_leaves_it_unknown(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cyberflow.emulator.cyberdesk.workflows.workflows.HISTORY", ("main_prompt", "updated_at"))
    clinic.apply()
    clinic.run(follow=False)
    clinic.edit_and_apply()

    (one,) = clinic.trace()
    assert one.grading.grade == "unknown"
    assert "does not hold all of it" in one.grading.reason


def test_a_run_that_is_not_over_is_unknown(clinic: Clinic) -> None:
    clinic.apply()
    seen: list[str] = []

    def look() -> None:
        runs = clinic.ask(lambda desk: desk.runs.page(limit=1)).items
        (one,) = clinic.trace(runs[0].id)
        seen.append(one.grading.reason)

    clinic.run(during=look)
    assert seen == ["the run is not over"]


def test_git_is_asked_and_nothing_of_it_is_touched(clinic: Clinic) -> None:
    clinic.apply()
    clinic.run()
    before = subprocess.run(["git", "-C", clinic.folder, "status"], capture_output=True, check=True).stdout
    stamps = {path: path.stat().st_mtime_ns for path in (clinic.folder / ".git").rglob("*")}
    clinic.trace()

    assert {path: path.stat().st_mtime_ns for path in (clinic.folder / ".git").rglob("*")} == stamps
    assert subprocess.run(["git", "-C", clinic.folder, "status"], capture_output=True, check=True).stdout == before
