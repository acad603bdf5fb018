"""Who reads an output, however its path is written."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cyberflow.compiler.bundle import Bundle, BundledChain
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
