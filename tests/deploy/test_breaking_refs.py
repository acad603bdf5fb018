"""Who reads an output, however its path is written."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cyberflow.compiler.bundle import Bundle, BundledChain
from cyberflow.compiler.pipeline.form import BundledCondition, BundledEach, BundledPipeline, BundledStep
from cyberflow.deploy.plan.breaking import find_breaking_changes

BEFORE = {"output_schema": {"type": "object", "properties": {"mrn": {"type": "string"}}}}
AFTER = {"output_schema": {"type": "object", "properties": {"mrn": {"type": "integer"}}}}


def bundle(value: Any, outputs: Any = None) -> Bundle:
    steps = [
        {"workflow_id": "lookup", "session_alias": "find"},
        {"workflow_id": "book", "session_alias": "book", "inputs": {"x": value}},
    ]
    return Bundle("clinic", "local", chains=[BundledChain("intake", {"steps": steps}, outputs=outputs or {})])


@pytest.mark.parametrize(
    "value",
    [
        {"$ref": "find.outputs.mrn"},
        {"$ref": "find.outputs['mrn']"},
        {"$ref": 'find.outputs["mrn"]'},
        {"$ref": "find['outputs'].mrn"},
        {"$ref": "find.outputs.mrn[0]"},
        {"$ref": "find.outputs['mrn'].id"},
        [1, {"deep": {"$ref": "find.outputs['mrn']"}}],
    ],
    ids=json.dumps,
)
def test_a_chain_that_reads_a_changed_output_is_named(value: Any) -> None:
    (found,) = find_breaking_changes(bundle(value), "lookup", BEFORE, AFTER)

    assert (found.chain, found.step) == ("intake", "book")


@pytest.mark.parametrize(
    "value",
    ["find.outputs.mrn", {"$ref": "find.outputs.name"}, {"$ref": "book.outputs.mrn"}, {"$ref": 7}],
    ids=json.dumps,
)
def test_others_are_not(value: Any) -> None:
    (found,) = find_breaking_changes(bundle(value), "lookup", BEFORE, AFTER)

    assert (found.chain, found.step) == (None, None)


def test_the_outputs_of_a_chain_read_too() -> None:
    (found,) = find_breaking_changes(bundle(1, {"m": {"$ref": "find.outputs['mrn']"}}), "lookup", BEFORE, AFTER)

    assert (found.chain, found.step) == ("intake", None)


def in_pipelines() -> Bundle:
    """`outer` runs `inner`, which runs a chain that hands on what `lookup` found."""
    one = BundledChain(
        "one",
        {"steps": [{"workflow_id": "lookup", "session_alias": "find"}]},
        outputs={"mrn": {"$ref": "find.outputs.mrn"}, "name": {"$ref": "find.outputs.name"}},
    )
    inner = BundledPipeline(
        "inner",
        steps=[
            BundledStep("one", "chain", run="one"),
            BundledStep("tell", "workflow", run="tell", inputs={"text": [{"$ref": "one.outputs.mrn"}]}),
            BundledStep("name", "workflow", run="tell", inputs={"text": {"$ref": "one.outputs.name"}}),
        ],
        outputs={"list": {"$ref": "one.outputs.mrn"}},
    )
    outer = BundledPipeline(
        "outer",
        steps=[
            BundledStep("inner", "pipeline", run="inner"),
            BundledStep("each", "workflow", run="tell", each=BundledEach("one", {"$ref": "inner.outputs.list"})),
            BundledStep("look", "workflow", run="lookup", condition=BundledCondition({"$ref": "look.outputs.mrn"})),
        ],
    )
    return Bundle("clinic", "local", chains=[one], pipelines=[outer, inner])


def test_pipelines_that_read_it_through_chains_and_other_pipelines_are_named() -> None:
    found = list(find_breaking_changes(in_pipelines(), "lookup", BEFORE, AFTER))
    users = {(one.chain or one.pipeline, one.step) for one in found}
    assert users == {("one", None), ("inner", "tell"), ("inner", None), ("outer", "each"), ("outer", "look")}
    assert str(found[-1]).startswith("breaking for pipeline `")


def test_a_step_of_a_pipeline_whose_input_became_narrower_is_named() -> None:
    wanted = {"input_schema": {"type": "object", "properties": {"mrn": {"type": "string"}}, "required": ["mrn"]}}
    before = {"input_schema": {"type": "object", "properties": {"mrn": {"type": "string"}}}}
    found = [one for one in find_breaking_changes(in_pipelines(), "lookup", before, wanted) if one.pipeline]
    assert [(one.pipeline, one.step, one.reason) for one in found] == [("outer", "look", "`mrn` is now required")]
