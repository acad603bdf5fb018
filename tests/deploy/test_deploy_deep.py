"""Workflows of others that are nested beyond all bounds: told or passed over, never a traceback."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cyberflow.cli.views.plans.plan_text import plan_lines
from cyberflow.client.cyberdesk.wire import WorkflowRecord
from cyberflow.deploy.plan.plan import plan
from cyberflow.deploy.pull.pull import PullItem
from cyberflow.deploy.pull.verify import verify_pull
from cyberflow.remote.identity import Marker
from cyberflow.remote.snapshot import Snapshot
from tests.deploy.deploy_world import OWNER, bundle_of, declared

TIMES = {"created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z"}
TAG = {"id": "t", "name": OWNER.tag}
SHAPES: dict[str, tuple[str, str, str, str]] = {
    "elements": ("main_prompt", "<div>", "x", "</div>"),
    "quotes": ("main_prompt", "<blockquote>", "x", ""),
    "lists": ("main_prompt", "<ul><li>", "x", ""),
    "objects": ("output_schema", '{"type":"object","properties":{"a":', "{}", "}}"),
    "inputs": ("input_schema", '{"type":"object","properties":{"a":', "{}", "}}"),
    "arrays": ("output_schema", '{"type":"array","items":', "{}", "}"),
    "notation": ("output_schema", '{"a":', '"string"', "}"),
    "broken": ("output_schema", "[", "", ""),
}


@pytest.mark.parametrize("depth", [40, 200, 330, 700, 20_000])
@pytest.mark.parametrize("shape", SHAPES)
def test_no_depth_ends_in_a_traceback(shape: str, depth: int) -> None:
    field, opens, inner, closes = SHAPES[shape]
    fields: dict[str, Any] = {"id": "id-1", "name": "One", "main_prompt": "<p>x</p>", "tags": [TAG], **TIMES}
    fields[field] = opens * depth + inner + closes * depth
    theirs = WorkflowRecord.model_validate(fields)
    ours = theirs.model_copy(update={"input_schema": Marker(OWNER.tag, "one", "id-1", "0").insert_into(None)})

    planned = plan(bundle_of(declared("one")), Snapshot((ours,), ()), OWNER)
    found = verify_pull([PullItem("one", theirs)], Snapshot((theirs,)), OWNER, {}, {})

    assert "\n".join(plan_lines(planned))
    assert json.dumps(planned.to_json())
    assert planned.digest
    assert [one.name for one in found.pulled] == ["one"]
