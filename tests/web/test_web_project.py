"""What the page reads of a project and may start: findings, drawings, plans, ledgers, runs."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from cyberflow.emulator.platform import Platform
from cyberflow.run.work.entry import LedgerEntry, LedgerHeader
from cyberflow.run.work.ledger import Ledger
from cyberflow.sdk.runs.origins import remember_ledger
from cyberflow.web.project.events import Changes
from cyberflow.web.project.routes import dev_site

EXAMPLE = Path(__file__).parents[2] / "examples" / "patient-intake"
TOKEN = {"Authorization": "Bearer sesame"}


class Site:
    """The whole site of one project, asked in process."""

    def __init__(self, root: Path, platform: Platform) -> None:
        self.root = root
        self.state = root / ".cyberflow"
        self.app = dev_site(platform, self.state, "sesame")

    def ask(self, path: str, *, method: str = "GET", token: bool = True, **options: Any) -> httpx.Response:
        async def send() -> httpx.Response:
            async with httpx.AsyncClient(
                transport=httpx.ASGITransport(self.app), base_url="http://127.0.0.1"
            ) as client:
                return await client.request(method, path, headers=TOKEN if token else {}, **options)

        return asyncio.run(send())


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    root = tmp_path / "clinic"
    shutil.copytree(EXAMPLE, root, ignore=shutil.ignore_patterns(".cyberflow"))
    with Platform.open(":memory:", api_key="sesame") as platform:
        yield Site(root, platform)


def test_nothing_of_the_project_is_given_without_the_token(site: Site) -> None:
    for path in ("overview.json", "findings.json", "plan.json", "ledgers.json", "sessions.json", "events"):
        assert site.ask(f"/project/{path}", token=False).status_code == 401
    assert site.ask("/project/runs", method="POST", token=False, json={"name": "intake"}).status_code == 401


def test_the_overview_has_the_types_of_what_a_chain_takes(site: Site) -> None:
    about = site.ask("/project/overview.json").json()

    intake = next(one for one in about["runnables"] if one["name"] == "intake")
    assert about["project"] == "patient-intake"
    assert [one["name"] for one in intake["inputs"]] == ["patient", "date", "username"]
    assert intake["secrets"] == [{"name": "epic_password", "has_source": False}]
    assert intake["files"] == ["referral"]
    assert intake["steps"][2]["inputs"]["mrn"] == {"$ref": "lookup.outputs.mrn"}


def test_findings_follow_the_files(site: Site) -> None:
    assert site.ask("/project/findings.json").json() == []
    chains = site.root / "chains.yaml"
    chains.write_text(chains.read_text("utf-8").replace("lookup.outputs.mrn", "lookup.outputs.mrm", 1), "utf-8")

    (found,) = site.ask("/project/findings.json").json()

    assert (found["rule"], found["path"], found["severity"]) == ("unknown-output", "chains.yaml", "error")
    about = site.ask("/project/overview.json").json()
    assert about["findings"]["error"] == 1
    assert "inputs" not in about["runnables"][0], "types are certain when the project has no errors"


def test_a_drawing_bears_the_names_of_its_steps_and_no_style(site: Site) -> None:
    svg = site.ask("/project/drawings/intake").json()["svg"]

    assert 'data-step="lookup"' in svg
    assert "<style" not in svg
    assert site.ask("/project/drawings/nothing").status_code == 404


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"name": "intak"}, "intak"),
        ({"name": "intake"}, "input `patient` is missing"),
        ({"name": "intake", "secrets": {"epic_password": "hunter2-hunter2"}}, "is not a source"),
        ({"name": "intake", "secrets": {"epic_password": "prompt:"}}, "is not a source"),
        ({"nam": "intake"}, "the form is not one"),
    ],
)
def test_a_form_that_does_not_fit_is_refused_in_words(site: Site, form: dict[str, Any], said: str) -> None:
    answer = site.ask("/project/runs", method="POST", json=form)

    assert answer.status_code == 400
    assert said in answer.json()["message"]


def test_a_secret_that_was_typed_in_place_of_its_source_is_not_said_again(site: Site) -> None:
    form = {"name": "intake", "secrets": {"epic_password": "hunter2-hunter2"}}

    assert "hunter2" not in site.ask("/project/runs", method="POST", json=form).text


def test_ledgers_show_failures_and_waits_first_and_no_inputs(site: Site) -> None:
    header = LedgerHeader("7e0f2a52-5b6d-4c5e-9a75-0a3f6c1c8a11", "intake", "local", total=3)
    with Ledger.create(site.state / "ledgers" / "march.db", header) as ledger, ledger.transaction():
        ledger.write(
            [
                LedgerEntry("intake[1]", "intake", 1, stage="ended", status="success", inputs={"mrn": "M1234"}),
                LedgerEntry("intake[2]", "intake", 2, stage="ended", status="error", error="no chart"),
            ]
        )
    (site.state / "ledgers" / "torn.db").write_bytes(b"no ledger")

    listed = {one["name"]: one for one in site.ask("/project/ledgers.json").json()}
    shown = site.ask("/project/ledgers/march")

    assert listed["march"]["counts"] == {"success": 1, "error": 1, "waiting": 1}
    assert "problem" in listed["torn"]
    assert [one["id"] for one in shown.json()["entries"]] == ["intake[2]", "intake[1]"]
    assert "M1234" not in shown.text
    assert site.ask("/project/ledgers/april").status_code == 404


def test_what_waits_is_answered_once_and_by_its_type(site: Site) -> None:
    header = LedgerHeader("7e0f2a52-5b6d-4c5e-9a75-0a3f6c1c8a11", "month-end", "local", kind="pipeline")
    outputs = {"approved": {"schema": {"type": "boolean"}, "required": True}}
    with Ledger.create(site.state / "ledgers" / "march.db", header) as ledger, ledger.transaction():
        facts = {"question": "Close March?", "outputs": outputs}
        ledger.write([LedgerEntry("release", "release", kind="wait", stage="accepted", facts=facts)])

    def answer(value: Any) -> httpx.Response:
        return site.ask("/project/ledgers/march/answers", method="POST", json={"step": "release", "outputs": value})

    (entry,) = site.ask("/project/ledgers/march").json()["entries"]
    assert entry["status"] == "waiting"
    assert entry["waits"]["question"] == "Close March?"
    assert site.ask("/project/ledgers/march").json()["counts"] == {"waiting": 1}
    assert answer({"approved": "perhaps"}).status_code == 400
    assert answer({"approved": True}).json() == {"id": "release"}
    assert answer({"approved": False}).status_code == 409
    (entry,) = site.ask("/project/ledgers/march").json()["entries"]
    assert entry["waits"]["is_answered"] is True


def test_a_ledger_that_stands_elsewhere_is_one_of_the_project(site: Site) -> None:
    header = LedgerHeader("7e0f2a52-5b6d-4c5e-9a75-0a3f6c1c8a11", "intake", "local", total=1)
    for folder in (site.state / "ledgers", site.state.parent / "mine"):
        Ledger.create(folder / "may.db", header).close()
        remember_ledger(site.state, folder / "may.db")

    assert {one["name"] for one in site.ask("/project/ledgers.json").json()} >= {"may", "may-2"}
    assert site.ask("/project/ledgers/may-2").json()["path"] == str(site.state.parent / "mine" / "may.db")


@pytest.mark.slow
def test_the_tests_of_the_project_are_run_and_measured(site: Site) -> None:
    ran = site.ask("/project/tests", method="POST").json()

    assert {test["status"] for test in ran["tests"]} == {"passed"}
    assert ran["coverage"]["chains"]["intake"]["hit"] > 0


def test_what_changed_is_told_once_to_every_page() -> None:
    values = {"platform": 0, "project": 0}

    async def listen() -> list[dict[str, int]]:
        over = False
        changes = Changes(
            {"platform": lambda: values["platform"]}, {"project": lambda: values["project"]}, lambda: over
        )
        pages = [changes.stream(), changes.stream()]
        told = []
        async for text in pages[0]:
            told.append(json.loads(text.removeprefix("data: ")))
            values["platform"] = len(told)
            if len(told) == 3:
                break
        assert json.loads((await anext(pages[1])).removeprefix("data: ")) == told[-1]
        over = True
        for page in pages:
            await page.aclose()
        return told

    numbers = [one.get("platform", 0) for one in asyncio.run(listen())]
    assert numbers == sorted(numbers)
    assert numbers[-1] > numbers[0]
