"""The bundle of a project with pipelines: what is written is read back, and a bundle without any is as it was."""

from __future__ import annotations

import json

import pytest

from cyberflow.compiler.bundle import Bundle, load_bundle
from cyberflow.compiler.pipeline.file_refs import FileRef, read_file_ref
from cyberflow.compiler.pipeline.form import (
    BundledCall,
    BundledCondition,
    BundledEach,
    BundledPipeline,
    BundledRetry,
    BundledStep,
    BundledWait,
)
from cyberflow.errors import UsageError

STEPS = [
    BundledStep("find", "chain", run="list-invoices", inputs={"month": "<month>"}, secrets={"password": "<$pw>"}),
    BundledStep(
        "file",
        "workflow",
        run="file-invoice",
        each=BundledEach("invoice", {"$ref": "find.outputs.invoices"}, "<invoice.number>", 5),
        inputs={"invoice": "<invoice>"},
        needs=["find"],
        on_failure="continue",
        retry=BundledRetry(2, ["error"], "1m"),
    ),
    BundledStep("total", "call", call=BundledCall("flows.glue:total", outputs={"n": {"schema": {}, "required": True}})),
    BundledStep(
        "release",
        "wait",
        wait=BundledWait(signal="Close <month>?", timeout="48h"),
        condition=BundledCondition({"$ref": "total.outputs.large"}),
    ),
]
PIPELINE = BundledPipeline("month-end", steps=STEPS, outputs={"count": {"$ref": "total.outputs.n"}})


def test_a_pipeline_is_read_back_as_it_was_written() -> None:
    bundle = Bundle("p", "local", pipelines=[PIPELINE])
    read = load_bundle(bundle.to_json())
    assert read == bundle
    assert json.loads(bundle.to_json())["version"] == 2
    assert read.pipeline("month-end") == PIPELINE


def test_a_bundle_without_pipelines_is_of_the_version_before() -> None:
    data = json.loads(Bundle("p", "local").to_json())
    assert data["version"] == 1
    assert "pipelines" not in data


def test_a_bundle_of_a_later_version_is_refused() -> None:
    with pytest.raises(UsageError, match="version 3, this cyberflow reads versions up to 2"):
        load_bundle('{"version": 3}')


def test_a_file_of_a_step_is_read() -> None:
    assert read_file_ref({"$ref": "banner.files['9.images.0']"}) == FileRef("banner", "9.images.0")
    assert read_file_ref({"$ref": "banner.files.poster"}) == FileRef("banner", "poster")
    assert str(FileRef("banner", "9.images.0")) == "banner.files['9.images.0']"
    for wrong in ("banner.outputs.x", "banner.files", "banner.files[0]", "banner.files.a.b", 7):
        assert isinstance(read_file_ref({"$ref": wrong}), str)
