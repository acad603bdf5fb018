"""Effective inputs: who supplies what, as the local platform itself would have it, and as a person reads it."""

from __future__ import annotations

import asyncio
import json
import random
from typing import Any

import pytest

from cyberflow.cli.styles import unstyle
from cyberflow.cli.views.inputs_text import input_lines, inputs_json
from cyberflow.client.cyberdesk.client import Cyberdesk
from cyberflow.client.cyberdesk.wire import Machine, Pool
from cyberflow.client.http.errors import ApiError
from cyberflow.compiler.bundle import Bundle, BundledChain, BundledWorkflow
from cyberflow.emulator.platform import Platform
from cyberflow.errors import UsageError
from cyberflow.remote.inventory import Inventory, read_machines
from cyberflow.remote.requirements.effective import InputSource, effective_inputs

NAMES = ("user", "site", "$pin", "$key")


def workflow(name: str, required: list[str], from_machine: list[str], **properties: Any) -> BundledWorkflow:
    every = {name: {"type": "string"} for name in NAMES} | properties
    schema = {"type": "object", "properties": every, "required": required}
    return BundledWorkflow(name, {"input_schema": json.dumps(schema)}, from_machine=from_machine)


def machine(name: str, sensitive: tuple[str, ...] = (), **parameters: Any) -> Machine:
    fields = {"machine_parameters": parameters, "machine_sensitive_parameters": dict.fromkeys(sensitive, "alias")}
    return Machine.model_validate({"id": f"id-{name}", "name": name, "status": "connected", **fields})


def pool(name: str, sensitive: tuple[str, ...] = (), **parameters: Any) -> Pool:
    fields = {"pool_parameters": parameters, "pool_sensitive_parameters": dict.fromkeys(sensitive, "alias")}
    return Pool.model_validate({"id": f"id-{name}", "name": name, **fields})


FRONT, BACK = machine("front", ("pin",), user="svc-front"), machine("back", site=" ")
EPIC, CHROME = pool("epic", ("pin", "key"), user="svc-epic", site="north"), pool("chrome", site="south")
OFFER = Inventory(
    "prod",
    (FRONT, BACK),
    (EPIC, CHROME),
    pool_members={"id-epic": frozenset({"id-front", "id-back"}), "id-chrome": frozenset({"id-front"})},
)


def sources(bundle: Bundle, name: str, whom: str) -> dict[str, dict[str, str]]:
    found = effective_inputs(bundle, name, whom, OFFER)
    return {one.name: {each.name: each.source for each in one.inputs} for one in found}


def test_a_workflow_on_a_machine_gets_nothing_of_a_pool_that_was_not_asked_for() -> None:
    bundle = Bundle("clinic", "prod", [workflow("lookup", ["user", "$pin", "$key"], ["user", "$pin", "$key"])])

    assert sources(bundle, "lookup", "front") == {
        "front": {"user": "machine front", "site": "left out", "$pin": "machine front", "$key": "missing"}
    }
    assert sources(bundle, "lookup", "epic") == {
        "front": {"user": "machine front", "site": "pool epic", "$pin": "machine front", "$key": "pool epic"},
        "back": {"user": "pool epic", "site": "machine back", "$pin": "pool epic", "$key": "pool epic"},
    }
    assert list(sources(bundle, "lookup", "all")) == ["front", "back"]


def test_what_the_run_gives_comes_first_and_what_it_shadows_is_named() -> None:
    bundle = Bundle("clinic", "prod", [workflow("lookup", ["user", "site"], [], note={"default": "none"})])
    (found,) = (one for one in effective_inputs(bundle, "lookup", "epic", OFFER) if one.name == "front")

    assert found.inputs[:2] == (
        InputSource("user", "run", ("machine front", "pool epic")),
        InputSource("site", "run", ("pool epic",)),
    )
    assert found.inputs[-1] == InputSource("note", "default", value="none")
    assert not found.missing


def test_a_chain_gives_its_steps_inputs_and_names_its_pools() -> None:
    steps = [
        {"workflow_id": "login", "session_alias": "in", "sensitive_inputs": {"pin": "<$pin>"}},
        {"workflow_id": "login", "session_alias": "again", "inputs": {"user": "x"}},
    ]
    chain = BundledChain("intake", {"steps": steps}, pools=["epic", "chrome"])
    bundle = Bundle("clinic", "prod", [workflow("login", ["user", "$pin"], ["user"])], [chain])
    (found,) = effective_inputs(bundle, "intake", "all", OFFER)

    assert [pool.name for pool in found.pools] == ["epic", "chrome"]
    assert [(one.step, one.name, one.source) for one in found.inputs if one.name in ("user", "$pin")] == [
        ("in", "user", "machine front"),
        ("in", "$pin", "run"),
        ("again", "user", "run"),
        ("again", "$pin", "machine front"),
    ]


@pytest.mark.parametrize(
    ("name", "whom", "says"),
    [
        ("lookup", "frnt", "prod has no machine or pool `frnt`"),
        ("lokup", "front", "`lokup` is neither a workflow nor a chain"),
    ],
)
def test_what_is_not_there_is_told(name: str, whom: str, says: str) -> None:
    with pytest.raises(UsageError, match=says) as told:
        effective_inputs(Bundle("clinic", "prod", [workflow("lookup", [], [])]), name, whom, OFFER)
    assert "did you mean" in (told.value.help or "")


def test_it_is_a_table_and_json_without_a_secret() -> None:
    bundle = Bundle("clinic", "prod", [workflow("lookup", ["user", "$pin", "$key"], ["user", "$pin", "$key"])])
    found = effective_inputs(bundle, "lookup", "front", OFFER)

    assert [unstyle(line) for line in input_lines(found)] == [
        "front  connected",
        '  user  machine front "svc-front"',
        "  site  left out",
        "  $pin  machine front",
        "  $key  missing",
        "",
        "missing on 1 of 1 machine: front: $key",
    ]
    data = inputs_json("lookup", "workflow", "prod", found)
    assert data["machines"][0]["inputs"][0]["value"] == "svc-front"
    assert "alias" not in json.dumps(data)


@pytest.mark.slow
def test_it_agrees_with_the_platform_on_200_random_accounts() -> None:
    """The service takes a run exactly where nothing is said to be missing."""
    dice = random.Random(7)

    def parameters() -> dict[str, str]:
        return {name: dice.choice(["x", "x", ""]) for name in ("user", "site") if dice.random() < 0.4}

    def sensitive() -> dict[str, str]:
        return {name: "hush" for name in ("pin", "key") if dice.random() < 0.4}

    async def accepts(desk: Cyberdesk, body: dict[str, Any]) -> bool:
        try:
            run = await desk.runs.create(body)
        except ApiError as error:
            return not error.about_request
        await desk.runs.cancel(run.id)
        return True

    async def compare(desk: Cyberdesk) -> int:
        missing = 0
        with_pool = await desk.pools.create({"name": "epic"})
        (there,) = (await desk.machines.page()).items
        await desk.machines.set_pools(there.id, [with_pool.id])
        for _ in range(200):
            await desk.machines.update(
                there.id, {"machine_parameters": parameters(), "machine_sensitive_parameters": sensitive()}
            )
            await desk.pools.update(
                with_pool.id, {"pool_parameters": parameters(), "pool_sensitive_parameters": sensitive()}
            )
            required = [name for name in NAMES if dice.random() < 0.5]
            declared = workflow("lookup", required, [*NAMES])
            bundle = Bundle("clinic", "local", [declared])
            made = await desk.workflows.create({"name": "x", "main_prompt": "x", **declared.payload})
            whom = dice.choice([there.id, with_pool.id])
            offer = await read_machines(desk, {whom}, "local")
            (found,) = effective_inputs(bundle, "lookup", whom, offer)
            body: dict[str, Any] = {"workflow_id": made.id, "machine_id": there.id}
            if whom == with_pool.id:
                body["pool_ids"] = [with_pool.id]
            assert await accepts(desk, body) is not bool(found.missing), (required, found)
            missing += bool(found.missing)
        return missing

    async def ask() -> int:
        with Platform.open(":memory:") as platform:
            async with Cyberdesk.connect("http://local", "key", app=platform.app) as desk:
                return await compare(desk)

    assert 20 < asyncio.run(ask()) < 180
