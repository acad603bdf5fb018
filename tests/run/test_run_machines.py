"""A run for which no machine is connected is not waited for in silence."""

from __future__ import annotations

from typing import Any

import pytest

from cyberflow.run.chain.machines import explain_waiting
from tests.run.clinic import World

pytestmark = pytest.mark.anyio


async def add_machine(world: World, name: str, status: str, *pools: str) -> str:
    body: dict[str, Any] = {"fingerprint": name, "unkey_key_id": "k", "name": name, "status": status}
    machine = await world.desk.machines.create(body)
    await world.desk.machines.update(machine.id, {"status": status})
    for pool in pools:
        await world.desk.pools.add_machines(pool, [machine.id])
    return machine.id


async def test_any_machine_will_do_while_one_is_connected(world: World) -> None:
    (first,) = [machine async for machine in world.desk.machines.list()]
    assert await explain_waiting(world.desk, {}) is None
    await world.desk.machines.update(first.id, {"status": "disconnected"})
    assert await explain_waiting(world.desk, {}) == (
        f"no machine is connected (`{first.name}` disconnected): it waits until one is"
    )
    assert await explain_waiting(world.desk, {"session_id": "s"}) is None
    await add_machine(world, "b", "connected")
    assert await explain_waiting(world.desk, {}) is None
    assert "no machine is connected" in (await explain_waiting(world.desk, {"machine_id": first.id}) or "")


async def test_a_machine_must_be_in_every_pool(world: World) -> None:
    epic = (await world.desk.pools.create({"name": "epic"})).id
    chrome = (await world.desk.pools.create({"name": "chrome"})).id
    assert "no machine in `epic` is connected: it waits" in (
        await explain_waiting(world.desk, {"pool_ids": [epic]}) or ""
    )
    await add_machine(world, "only-epic", "connected", epic)
    await add_machine(world, "both", "error", epic, chrome)
    assert await explain_waiting(world.desk, {"pool_ids": [epic]}) is None
    why = await explain_waiting(world.desk, {"pool_ids": [epic, chrome]})
    assert why == "no machine in `epic` and `chrome` is connected (`both` error): it waits until one is"
    await add_machine(world, "c", "connected", epic, chrome)
    assert await explain_waiting(world.desk, {"pool_ids": [epic, chrome]}) is None
