"""What an editor says of each key of a test file."""

from __future__ import annotations

from cyberflow.language.editor.notation_schema import Schema, object_schema
from cyberflow.language.editor.pipeline_descriptions import KeyDescription
from cyberflow.language.flow_tests.model import ANY

_SAME = {
    "target": KeyDescription("The target whose `vars` compile it; nothing is sent to it.", ("prod",)),
    "at": KeyDescription("When it begins; the clock jumps from there.", ("2026-03-01T08:00:00Z",)),
    "inputs": KeyDescription(
        "Inputs by name, or `{$file: inputs/ada.json}`.", ({"date": "2026-03-01"}, {"$file": "inputs/ada.json"})
    ),
    "secrets": KeyDescription("Secrets by name: always `any`. What is left out is `any` too.", ({"password": ANY},)),
    "files": KeyDescription("Files that are given at run time: `any`, or a file of the project.", ({"referral": ANY},)),
    "machine": KeyDescription("What machines supply: inputs by name, `$secrets` as `any`.", ({"username": "svc"},)),
    "simulate": KeyDescription("How steps end, by step or workflow; the rest succeeds with examples of its types."),
    "expect": KeyDescription("What is expected: mappings as subsets, lists and scalars exactly, matchers as they say."),
}
TEST_MODELS = {
    "FlowTests": "Tests of flows, run by `cyberflow test` on the local platform.",
    "FlowTest": "A test of a chain, a workflow, a task or a pipeline.",
    "FlowCase": "One case, merged over its test.",
    "Expectation": "What is expected of a run.",
    "ExpectedStep": "What is expected of one step.",
    "Mock": "How a step ends.",
}
TEST_FIELDS = {
    "FlowTests": {"tests": KeyDescription("Tests by name.")},
    "FlowTest": {
        "run": KeyDescription("The chain, workflow, task or pipeline that is run."),
        **_SAME,
        "cases": KeyDescription("Cases, each merged over this test and named `TEST[0]`, or `TEST[NAME]`."),
    },
    "FlowCase": {"name": KeyDescription("Its name, in place of its number.", ("leap day",)), **_SAME},
    "Expectation": {
        "status": KeyDescription("How the run ends: `success`, of a task `completed`.", ("success", "task_failed")),
        "outputs": KeyDescription("The outputs of the run."),
        "steps": KeyDescription("Steps by id."),
    },
    "ExpectedStep": {
        "status": KeyDescription("How the step ends.", ("success", "cancelled")),
        "inputs": KeyDescription("What the step got, refs replaced."),
        "outputs": KeyDescription("What the step gave."),
        "prompt": KeyDescription("What the agent read, values put in; a secret is its token.", ({"$contains": "M7"},)),
        "error": KeyDescription("Why the step did not succeed."),
    },
}
TEST_KINDS = frozenset(TEST_MODELS)
"""Mappings in which nothing is a template."""


def mock_schema() -> Schema:
    """How a step ends, as a schema: what `simulate` takes."""
    statuses = ["success", "task_failed", "error", "cancelled", "completed", "failed"]
    texts = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
    words: dict[str, tuple[Schema, str]] = {
        "outputs": ({"type": "object"}, "Outputs as declared; `{$invalid: {…}}` where they are wrong on purpose."),
        "status": ({"enum": statuses}, "How it ends."),
        "error": (texts, "Why it did not succeed."),
        "seconds": ({"type": "number", "minimum": 0}, "How long it takes, on the clock that jumps."),
        "attachments": ({"type": "array"}, "Files that the agent exports: names, or `{filename, content}`."),
        "screenshots": ({}, "How many screenshots there are, or their captions."),
        "checks": ({"type": "object"}, "How post-run checks end, by their names."),
        "course": ({"type": "array"}, "Of a task: the statuses that it goes through, with their seconds."),
        "abort": ({"type": "number", "minimum": 0}, "Of a task: seconds until it heeds a cancel."),
        "shape": ({"type": "string"}, "Of a task: in which shape its outputs come."),
    }
    properties = {key: {"description": text, **kind} for key, (kind, text) in words.items()}
    return object_schema(properties, description=TEST_MODELS["Mock"])
