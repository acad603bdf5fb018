"""Post-run checks: their moment, their verdicts, and what a failed one does to its run and session."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.emulator.emulator_api import Api, TurnedClock

SCHEMA_CHECK = {"name": "schema", "type": "output_data_passes_schema_validation"}
FILE_CHECK = {
    "name": "file",
    "type": "run_attachment_exists",
    "file_target_mode": "exact",
    "file_names": ["report.pdf"],
}


def test_checks_run_for_a_moment_and_then_the_run_has_succeeded(api: Api, clock: TurnedClock) -> None:
    id = api.workflow(
        output_schema={"type": "object"}, includes_file_exports=True, post_run_checks=[SCHEMA_CHECK, FILE_CHECK]
    )
    run = api.post("/v1/runs", {"workflow_id": id})
    next_one = api.post("/v1/runs", {"workflow_id": id})["id"]
    assert [check["status"] for check in run["post_run_checks"]] == ["pending"] * 2
    clock.forward(1)
    checking = api.run(run["id"])
    assert (checking["status"], checking["ended_at"]) == ("running_checks", None)
    assert [check["status"] for check in checking["post_run_checks"]] == ["running"] * 2
    assert api.run(next_one)["status"] == "running", "a stand-alone run gives its machine back first"
    clock.forward(0.5)
    done = api.run(run["id"])
    assert (done["status"], [check["status"] for check in done["post_run_checks"]]) == ("success", ["success"] * 2)
    assert done["post_run_checks"][1]["matched_filenames"] == ["report.pdf"]


def test_the_schema_check_looks_at_the_outputs(api: Api, clock: TurnedClock) -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}}
    id = api.workflow(
        output_schema=schema, post_run_checks=[SCHEMA_CHECK], post_run_check_failure_cleanup_prompt="Close all."
    )
    script = api.platform.simulate({id: {"outputs": {"n": "seven"}}})
    chain = api.post("/v1/runs/chain", {"steps": [{"workflow_id": id}, {"workflow_id": id}]}, x_cyberflow_script=script)
    clock.forward(1.2)
    assert api.statuses(chain["session_id"]) == ["running_checks", "scheduling"], (
        "a session holds its machine through checks"
    )
    clock.forward(1)
    run = api.run(chain["run_ids"][0])

    assert run["status"] == "error"
    assert run["output_data"] == {"n": "seven"}
    assert run["error"] == ['Post-run check failed: schema: n: the value is not of type "integer"']
    assert run["post_run_checks"][0]["status"] == "failed"
    assert "Close all." in json.dumps(run["run_message_history"])
    assert api.statuses(chain["session_id"]) == ["error", "cancelled"]


@pytest.mark.parametrize("end", ["failed", "infra_error"])
def test_a_script_can_fail_a_check(api: Api, clock: TurnedClock, end: str) -> None:
    id = api.workflow(post_run_checks=[FILE_CHECK])
    script = api.platform.simulate({id: {"checks": {"file": end}}})
    run = api.post("/v1/runs", {"workflow_id": id}, x_cyberflow_script=script)["id"]
    clock.forward(2)
    assert (api.run(run)["status"], api.run(run)["post_run_checks"][0]["status"]) == ("error", end)


def test_checks_of_a_run_that_did_not_get_there_are_cancelled(api: Api, clock: TurnedClock) -> None:
    id = api.workflow(post_run_checks=[FILE_CHECK])
    run = api.post("/v1/runs", {"workflow_id": id})["id"]
    api.patch(f"/v1/workflows/{id}", {"post_run_checks": []})
    cancelled = api.patch(f"/v1/runs/{run}", {"status": "cancelled"})
    assert [check["status"] for check in cancelled["post_run_checks"]] == ["cancelled"], "a run keeps its own snapshot"


def checked(api: Api, clock: TurnedClock, check: dict[str, Any], **script: Any) -> tuple[str, list[str]]:
    """The end of one file check, and the files that it matched."""
    check = {"name": "file", "type": "run_attachment_exists", **check}
    id = api.workflow(post_run_checks=[check])
    header = api.platform.simulate({id: script})
    body = {"workflow_id": id, "input_values": {"ids": ["a", "b"], "n": 2}}
    run = api.post("/v1/runs", body, x_cyberflow_script=header)["id"]
    clock.forward(2)
    (done,) = api.run(run)["post_run_checks"]
    assert (api.run(run)["status"] == "success") == (done["status"] == "success")
    return done["error_message"] or done["status"], done["matched_filenames"]


EXACT = {"file_target_mode": "exact", "file_names": ["a.pdf", "b.pdf"]}
REGEX = {"file_target_mode": "regex", "file_name_regex": r"\.pdf$"}
LOOP = {"file_target_mode": "loop_items", "loop_input": "{ids}", "loop_item_filename_template": "{{loop_item}}.pdf"}
BOTH = ["a.pdf", "b.pdf"]


@pytest.mark.parametrize(
    ("check", "exported", "end", "matched"),
    [
        (EXACT, BOTH, "success", BOTH),
        (EXACT, ["a.pdf"], "Missing: b.pdf", ["a.pdf"]),
        (EXACT | {"allow_missing_attachments": True}, ["a.pdf"], "success", ["a.pdf"]),
        (EXACT, None, "success", BOTH),
        (REGEX, ["a.pdf", "b.csv"], "success", ["a.pdf"]),
        (REGEX, ["b.csv"], "0 files match, not one or more", []),
        (REGEX | {"expected_match_count": 2}, ["a.pdf"], "1 files match, not 2", ["a.pdf"]),
        (REGEX | {"expected_match_count": 1}, BOTH, "2 files match, not 1", BOTH),
        (REGEX | {"expected_match_count_ref": "ids"}, BOTH, "success", BOTH),
        (REGEX | {"expected_match_count_ref": "n"}, ["a.pdf"], "1 files match, not 2", ["a.pdf"]),
        (REGEX, None, "success", []),
        (REGEX | {"file_name_regex": "("}, BOTH, "file_name_regex is not a regular expression", []),
        (LOOP, BOTH, "success", BOTH),
        (LOOP, ["a.pdf"], "Missing: b.pdf", ["a.pdf"]),
        (LOOP, None, "success", BOTH),
        ({}, ["x.txt"], "success", ["x.txt"]),
        ({}, [], "Missing: any file", []),
        ({"type": "run_attachment_image_check"}, ["x.png"], "success", ["x.png"]),
        ({"type": "run_attachment_image_check"}, ["x.txt"], "No image: x.txt", ["x.txt"]),
    ],
)
def test_a_file_check_looks_at_the_exported_files(
    api: Api, clock: TurnedClock, check: dict[str, Any], exported: list[str] | None, end: str, matched: list[str]
) -> None:
    script = {} if exported is None else {"attachments": exported}

    assert checked(api, clock, check, **script) == (end, matched)
