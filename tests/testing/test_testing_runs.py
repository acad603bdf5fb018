"""`cyberflow test` as a person uses it: what is played, what is told, and what is left behind."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from junitparser import JUnitXml

from cyberflow.sdk.flow_tests.suite import FlowSuite
from tests.cli.cli_program import Program
from tests.testing.conftest import GIVEN

Clinic = Callable[[str], Path]


def by_name(answer: Any) -> dict[str, Any]:
    return {one["name"]: one for one in json.loads(answer.out)["tests"]}


def test_all_that_can_be_said_of_a_case(clinic: Clinic, program: Program) -> None:
    folder = clinic("""\
tests:
  visit:
    run: intake
    at: 2026-03-01T08:00:00Z
    inputs: {$file: inputs/ada.json}
    secrets: {epic_password: any}
    files: {referral: ../letter.pdf}
    machine: {username: svc-intake}
    simulate: {lookup: {outputs: {mrn: M7, medications: []}, seconds: 3}}
    expect:
      status: success
      outputs: {mrn: M7, confirmation: A-1}
      steps:
        lookup:
          inputs: {username: svc-intake, note: {$absent: true}}
          outputs: {age: {$absent: true}, medications: {$length: 0}}
          prompt: {$contains: "Sign in as svc-intake with {$password}. Find 7, __EMPTY__."}
        book: {inputs: {$exact: {mrn: M7, reason: Visit of 2026-03-01}}, prompt: {$match: '^Open the chart of M7\\.'}}
""")
    (folder / "letter.pdf").write_bytes(b"%PDF")
    (folder / "tests/inputs").mkdir()
    (folder / "tests/inputs/ada.json").write_text('{"patient": {"id": "7"}, "date": "2026-03-01"}', encoding="utf-8")

    answer = program("test", "--format", "json")

    assert json.loads(answer.out)["summary"] == {"passed": 1, "failed": 0, "errors": 0}, answer.text
    assert answer.code == 0
    (test,) = json.loads(answer.out)["tests"]
    assert (test["name"], test["path"], test["line"], test["status"]) == ("visit", "tests/intake.yaml", 2, "passed")


def test_a_failure_has_its_path_both_values_and_its_line(clinic: Clinic, program: Program) -> None:
    clinic(f"""\
tests:
  visit: {{{GIVEN}, simulate: {{lookup: {{outputs: {{mrn: M7, medications: []}}}}}},
    expect: {{
      outputs: {{mrn: M8}},
      steps: {{book: {{inputs: {{mrn: {{$match: '8$'}}}}}}}}}}}}
""")
    answer = program("test", "--format", "json")

    assert answer.code == 1
    first, second = by_name(answer)["visit"]["failures"]
    assert (first["at"], first["expected"], first["got"], first["line"]) == ("outputs.mrn", "M8", "M7", 4)
    assert (second["at"], second["expected"]) == ("steps.book.inputs.mrn", {"$match": "8$"})
    shown = program("test").out
    assert "failed[visit]: `outputs.mrn` is not as expected\n --> tests/intake.yaml:4:22" in shown
    assert '= expected "M8"\n  =      got "M7"' in shown
    annotated = program("test", "--format", "github").out.splitlines()
    assert annotated[0].startswith("::error file=tests/intake.yaml,line=4,col=22,")


def test_steps_that_fail_and_what_follows(clinic: Clinic, program: Program) -> None:
    clinic(f"""\
tests:
  failed: {{{GIVEN}, simulate: {{lookup: {{status: task_failed, error: two charts}}}},
    expect: {{status: task_failed, outputs: {{$exact: {{}}}},
      steps: {{lookup: {{error: {{$contains: two}}}}, book: {{status: cancelled, inputs: {{$absent: true}}}}}}}}}}
  unexpected: {{{GIVEN}, simulate: {{book: {{status: error, error: it broke}}}}}}
  invalid: {{{GIVEN}, simulate: {{lookup: {{outputs: {{$invalid: {{mrn: 7}}}}}}}},
    expect: {{status: error, steps: {{book: {{error: {{$contains: Input validation failed}}}}}}}}}}
  checked: {{{GIVEN}, simulate: {{book: {{checks: {{schema: failed}}}}}}, expect: {{status: error}}}}
""")
    answer = program("test", "--format", "json")

    statuses = {name: one["status"] for name, one in by_name(answer).items()}
    assert statuses == {"failed": "passed", "unexpected": "failed", "invalid": "passed", "checked": "passed"}
    (failure,) = by_name(answer)["unexpected"]["failures"]
    assert (failure["at"], failure["expected"], failure["got"]) == ("status", "success", "error")
    assert "`book` ended in error: it broke" in program("test", "unexpected").out


def test_cases_are_merged_over_their_test_and_have_names(clinic: Clinic, program: Program) -> None:
    clinic("""\
tests:
  days:
    run: intake
    inputs: {patient: {id: "7"}}
    simulate: {lookup: {outputs: {mrn: M7, medications: [a]}}}
    expect: {outputs: {mrn: M7}}
    cases:
      - {inputs: {date: 2026-03-01}}
      - name: leap day
        inputs: {date: 2028-02-29, patient: {id: "8"}}
        simulate: {lookup: {outputs: {mrn: M8}}}
        expect: {outputs: {mrn: M8}, steps: {lookup: {outputs: {medications: [a]}}}}
      - {inputs: {date: 2026-03-02}, expect: {outputs: {mrn: {$not: M7}}}}
""")
    answer = program("test", "--format", "json")

    found = by_name(answer)
    assert {name: one["status"] for name, one in found.items()} == {
        "days[0]": "passed",
        "days[leap day]": "passed",
        "days[2]": "failed",
    }
    assert [found[name]["line"] for name in found] == [8, 9, 13]
    assert found["days[2]"]["failures"][0]["line"] == 13
    assert program("test", "days[leap day]").out.startswith("1 passed")
    assert program("test", "-k", "LEAP").out.startswith("1 passed")


def test_tasks_end_in_their_own_words_and_are_cancelled_past_their_limit(clinic: Clinic, program: Program) -> None:
    clinic("""\
tests:
  good: {run: poster, inputs: {heading: Hi}, expect: {steps: {poster: {inputs: {prompt: A poster for Hi}}}}}
  late: {run: poster, inputs: {heading: Hi}, simulate: {poster: {seconds: 3600}}, expect: {status: cancelled}}
  broken: {run: poster, inputs: {heading: Hi}, simulate: {poster: {status: failed, error: no memory}},
    expect: {status: failed, steps: {poster: {error: no memory}}}}
  unexpected: {run: poster, inputs: {heading: Hi}, simulate: {poster: {status: failed}}}
""")
    answer = program("test", "--format", "json")

    statuses = {name: one["status"] for name, one in by_name(answer).items()}
    assert statuses == {"good": "passed", "late": "passed", "broken": "passed", "unexpected": "failed"}
    assert by_name(answer)["unexpected"]["failures"][0]["expected"] == "completed"


def test_a_chain_that_joins_a_session_finds_its_aliases(clinic: Callable[..., Path], program: Program) -> None:
    clinic(
        "tests: {joined: {run: go-on, simulate: {login: {outputs: {token: T9}}}, expect: {outputs: {token: T9}}}}\n",
        """\
workflows:
  sign-in: {prompt: Sign in with <$password>., secrets: [password], outputs: {token: string}}
  use: {prompt: Use <token>., inputs: {token: string}, outputs: {token: string}}
chains:
  go-on:
    session: {login: sign-in}
    steps: [{id: use, workflow: use, inputs: {token: {$ref: login.outputs.token}}}]
    outputs: {token: {$ref: login.outputs.token}}
""",
    )
    answer = program("test")
    assert answer.code == 0, answer.text


def test_what_the_service_would_refuse_is_an_error(clinic: Callable[..., Path], program: Program) -> None:
    clinic(
        "tests: {t: {run: c, inputs: {n: 1.5}}}\n",
        """\
workflows: {w: {prompt: 'Type <n>.', inputs: {n: integer}, outputs: {}}}
chains: {c: {inputs: {n: any}, steps: [{id: w, workflow: w, inputs: {n: <n>}}]}}
""",
    )
    answer = program("test", "--format", "json")

    (test,) = json.loads(answer.out)["tests"]
    assert (answer.code, test["status"]) == (1, "error")
    assert "`n` must be `integer`" in test["error"]
    assert json.loads(answer.out)["summary"]["errors"] == 1


def test_ten_minutes_are_over_at_once(clinic: Clinic, program: Program) -> None:
    clinic(f"tests: {{slow: {{{GIVEN}, simulate: {{lookup: {{seconds: 600}}, book: {{seconds: 600}}}}}}}}\n")
    begun = time.process_time()

    assert program("test").code == 0
    assert time.process_time() - begun < 10


def test_nothing_is_written_and_no_socket_is_opened(
    clinic: Clinic, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = clinic(f"tests: {{visit: {{{GIVEN}}}}}\n")
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    monkeypatch.setattr("socket.socket.connect", lambda *_: pytest.fail("a socket was opened"))

    assert program("test", "--coverage").code == 0
    assert program("test", "--edges").code in (0, 1)
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


def test_kept_platforms_can_be_opened(clinic: Clinic, program: Program, tmp_path: Path) -> None:
    from cyberflow.emulator.platform import Platform

    clinic(f"tests: {{visit: {{{GIVEN}}}}}\n")
    assert program("test", "--keep", "kept").code == 0
    with Platform.open(tmp_path / "kept" / "visit.db") as platform:
        assert platform.advance() is None


def test_each_case_keeps_a_platform_of_its_own(clinic: Clinic, program: Program, tmp_path: Path) -> None:
    clinic(f"tests: {{visit: {{{GIVEN}, cases: [{{name: a b}}, {{name: a-b}}, {{name: c}}]}}}}\n")
    assert program("test", "--keep", "kept").code == 0
    assert len(list((tmp_path / "kept").glob("*.db"))) == 3


def test_junit_is_taken_by_a_reader_of_junit(clinic: Clinic, program: Program) -> None:
    clinic(f"""\
tests:
  good: {{{GIVEN}}}
  bad: {{{GIVEN}, expect: {{outputs: {{mrn: M9, confirmation: "\\u0001\\U0001F600 <&>"}}}}}}
""")
    assert program("test", "--junit", "report.xml").code == 1

    report = JUnitXml.fromfile("report.xml")
    assert (report.tests, report.failures, report.errors) == (2, 1, 0)
    (suite,) = report
    assert suite.name == "tests/intake.yaml"
    good, bad = suite
    assert (good.name, good.is_passed, bad.is_passed) == ("good", True, False)
    assert "outputs.mrn" in bad.result[0].message


def test_an_unused_mock_warns_and_changes_no_exit_code(clinic: Clinic, program: Program) -> None:
    clinic(f"""\
tests:
  visit:
    {{{GIVEN}, simulate: {{lookup: {{status: error}}, book: {{outputs: {{confirmation: x}}}}}},
    expect: {{status: error}}}}
""")
    answer = program("test", "--format", "json")

    assert answer.code == 0
    (warning,) = by_name(answer)["visit"]["warnings"]
    assert (warning["rule"], warning["line"]) == ("unused-mock", 3)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("visits",), "did you mean `visit`?"),
        (("-k", "nothing"), "no test has `nothing` in its name"),
        (("--edges", "intak"), "did you mean `intake`?"),
        (("--as", "x"), "--as goes with --record"),
        (("--repeat", "2"), "--repeat goes with --live"),
        (("--target", "prod"), "there is no target `prod`"),
        (("--record", "5c1a58d7", "visit"), "--as visit"),
        (("--record", "5c1a58d7", "--edges"), "--record does not go with --edges"),
        (("--live", "local", "--fail-under", "0"), "--live does not go with --fail-under"),
    ],
)
def test_wrong_usage(clinic: Clinic, program: Program, words: tuple[str, ...], said: str) -> None:
    clinic(f"tests: {{visit: {{{GIVEN}}}}}\n")
    answer = program("test", *words)
    assert answer.code == 2
    assert said in answer.err


def test_errors_of_check_are_told_as_check_tells_them(clinic: Clinic, program: Program) -> None:
    clinic(f"tests: {{visit: {{{GIVEN}, simulate: {{lokup: {{}}}}}}}}\n")
    answer = program("test")
    assert answer.code == 1
    assert "error[unknown-step]: `intake` has no step `lokup`" in answer.text


def test_a_target_compiles_with_its_own_vars(clinic: Callable[..., Path], program: Program) -> None:
    folder = clinic(
        """\
tests:
  here: {run: w, expect: {steps: {w: {prompt: Open north.}}}}
  there: {run: w, target: prod, expect: {steps: {w: {prompt: Open south.}}}}
""",
        "workflows: {w: {prompt: 'Open ${{ vars.clinic }}.'}}\n",
    )
    settings = "project: clinic\nvars: {clinic: north}\ntargets: {prod: {vars: {clinic: south}, api_key: {env: NO}}}\n"
    (folder / "cyberflow.yaml").write_text(settings, encoding="utf-8")
    answer = program("test")
    assert answer.code == 0, answer.text


def test_coverage_counts_steps_and_optional_outputs(clinic: Clinic, program: Program) -> None:
    clinic(f"""\
tests:
  good: {{{GIVEN}, simulate: {{lookup: {{outputs: {{mrn: M7, medications: [], age: 7}}}}}}}}
  bad: {{{GIVEN}, simulate: {{lookup: {{status: error}}}}, expect: {{status: error}}}}
""")
    answer = program("test", "--coverage", "--format", "json")

    assert json.loads(answer.out)["coverage"] == {
        "percent": 66.7,
        "chains": {
            "intake": {"percent": 66.7, "hit": 4, "total": 6, "missing": ["lookup.age absent", "book failed"]},
        },
    }
    assert program("test", "--fail-under", "60").code == 0
    assert program("test", "--fail-under", "70").code == 1


@pytest.mark.slow
def test_several_processes_say_what_one_says(clinic: Clinic) -> None:
    cases = ", ".join(f"{{inputs: {{date: 2026-03-{day:02}}}}}" for day in range(1, 31))
    clinic(f"tests: {{days: {{run: intake, inputs: {{patient: {{id: x}}}}, cases: [{cases}]}}}}\n")
    suite = FlowSuite.load(Path())
    jobs = suite.jobs(suite.cases)

    one, two = (list(suite.run(jobs, processes)) for processes in (1, 2))

    assert [verdict.name for verdict in one] == [verdict.name for verdict in two]
    assert [verdict.status for verdict in two] == ["passed"] * 30
