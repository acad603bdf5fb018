"""Names that exist on the platform from the start."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cyberflow.emulator.platform import Platform
from cyberflow.emulator.seeds import Seeds
from cyberflow.language.project.load import read_project
from cyberflow.targets.local_names import names_of
from tests.emulator.emulator_api import Api, TurnedClock

if TYPE_CHECKING:
    from pathlib import Path

ID = "7d7b2b1c-7c8f-4a46-9c4e-1f2a3b4c5d6e"
SEEDS = Seeds(
    pools=frozenset({"epic", ID}),
    machines=frozenset({"front desk", ID}),
    models=frozenset({"Fast One", "Default Agent", ID}),
    workflows=frozenset({"poster@3", ID}),
)


def names(api: Api, path: str) -> list[str]:
    found = api.get(path)
    return sorted(item["name"] for item in (found if isinstance(found, list) else found["items"]))


def test_they_are_there_and_usable(clock: TurnedClock) -> None:
    with Platform.open(":memory:", clock=clock, seeds=SEEDS) as platform:
        api = Api(platform)
        pools = {pool["name"]: pool for pool in api.get("/v1/pools", include="machines")["items"]}
        workflow = api.workflow()
        runs = [
            api.post("/v1/runs", {"workflow_id": workflow, **where})["id"]
            for where in ({"pool_ids": [pools["epic"]["id"]]}, {"pool_ids": [ID]}, {"machine_id": ID})
        ]
        clock.forward(60)

        assert set(pools) == {"epic", ID}
        assert names(api, "/v1/machines") == [ID, "front desk", "local-1"]
        assert names(api, "/v1/model-configurations").count("Default Agent") == 1
        assert api.get(f"/v1/model-configurations/{ID}")["name"] == ID
        assert [api.run(id)["status"] for id in runs] == ["success"] * 3
        slugs = [found["workflow_slug"] for found in api.get("/api/v1/r/workflows")["workflow_list"]]
        assert sorted(slugs) == ["poster", f"workflow-{ID[:8]}"]
        assert api.get(f"/api/v1/r/workflows/{ID}")["id"] == ID


def test_again_adds_nothing_and_changes_nothing(clock: TurnedClock, tmp_path: Path) -> None:
    for _ in range(2):
        with Platform.open(tmp_path / "local.db", clock=clock, seeds=SEEDS) as platform:
            api = Api(platform)
            platform.seed(SEEDS)
            api.post("/v1/local/seeds", {"pools": ["epic"], "machines": ["third"]})
            (machine,) = [one for one in api.get("/v1/machines")["items"] if one["name"] == "third"]
            api.patch(f"/v1/machines/{machine['id']}", {"status": "disconnected"})
    with Platform.open(tmp_path / "local.db", clock=clock, seeds=SEEDS) as platform:
        api = Api(platform)
        assert [one["status"] for one in api.get("/v1/machines", name="third")["items"]] == ["disconnected"]
        assert names(api, "/v1/pools") == [ID, "epic"]
        assert api.get("/api/v1/r/workflows")["page_meta"]["total_count"] == 2


def test_an_empty_platform_has_one_machine(api: Api) -> None:
    assert names(api, "/v1/machines") == ["local-1"]
    assert names(api, "/v1/pools") == []


@pytest.mark.parametrize("body", [{"pools": "epic"}, {"pool": []}, {"machines": [1]}])
def test_a_body_of_another_shape_is_422(api: Api, body: dict[str, Any]) -> None:
    assert api.request("POST", "/v1/local/seeds", json=body).status_code == 422


PROJECT = """
project: clinic
vars: {where: epic}
workflows:
  look:
    prompt: Look.
    models: {main: Fast, cache_detection: Cheap, fallbacks: [A, B]}
    checks: [{name: eyes, type: output_data_agentic_check, check_prompt: Is it?, model: Judge}]
chains:
  go: {pools: [north, "%s"], steps: [{id: a, workflow: look}]}
  alone: {machine: desk, steps: [{id: a, workflow: look}]}
  broken: {pools: 7, machine: [], steps: []}
tasks:
  poster: {workflow: text-to-image@2}
"""


@pytest.mark.parametrize(("written", "pool"), [("south", "south"), ("${{ vars.where }}", "epic")])
def test_the_names_are_those_of_the_sources(tmp_path: Path, written: str, pool: str) -> None:
    (tmp_path / "cyberflow.yaml").write_text(PROJECT % written, encoding="utf-8")
    found = names_of(read_project(tmp_path))
    assert found["pools"] == {"north", pool}
    assert found["machines"] == {"desk"}
    assert found["models"] == {"Fast", "Cheap", "A", "B", "Judge"}
    assert found["workflows"] == {"text-to-image@2"}


def test_a_project_that_cannot_be_read_names_nothing(tmp_path: Path) -> None:
    (tmp_path / "cyberflow.yaml").write_text("project: [", encoding="utf-8")
    assert not any(names_of(read_project(tmp_path)).values())
