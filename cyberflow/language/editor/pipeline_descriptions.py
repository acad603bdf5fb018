"""What an editor says of the keys of pipelines. A part of `descriptions`."""

from __future__ import annotations

from typing import Any, NamedTuple


class KeyDescription(NamedTuple):
    """A description and examples of values."""

    text: str
    examples: tuple[Any, ...] = ()


PIPELINE_MODELS = {
    "Pipeline": "Chains, workflows and tasks joined, with functions, waits and lists between them.",
    "PipelineStep": "One step of a pipeline: it has exactly one of `run`, `call`, `wait`.",
    "Wait": "A wait until a moment, or for somebody's answer: one of `until`, `signal`.",
    "StepRetry": "How often a failed step is tried again, after which ends, and how long after.",
}


def pipeline_fields(
    description: KeyDescription, inputs: KeyDescription, secrets: KeyDescription
) -> dict[str, dict[str, KeyDescription]]:
    """By model, then by key as written; the words for what all declarations have are handed in."""
    return {
        "Pipeline": {
            "description": description,
            "inputs": KeyDescription(f"The pipeline's own parameters. {inputs.text}", ({"month": "string"},)),
            "secrets": secrets,
            "steps": KeyDescription(
                "Steps in an order that works; each starts as soon as what it reads or names under `after` is over."
            ),
            "outputs": KeyDescription("What the pipeline gives back.", ({"count": {"$ref": "total.outputs.count"}},)),
        },
        "PipelineStep": _STEP,
        "Wait": {
            "until": KeyDescription(
                "The moment that is waited for, a date and time: text, `<at>`, or a ref.", ("2026-04-01T06:00:00Z",)
            ),
            "signal": KeyDescription(
                "The question that `runs signal` answers; `<month>` is an input.", ("Close <month>?",)
            ),
            "outputs": KeyDescription(
                "What the answer holds: names to types, as in `inputs`.", ({"approved": "boolean"},)
            ),
            "timeout": KeyDescription("Past it, the step has failed.", ("48h",)),
        },
        "StepRetry": {
            "times": KeyDescription("How many more attempts, at most.", (2,)),
            "on": KeyDescription("The ends after which it is tried again: `error`, `task_failed`.", (["error"],)),
            "after": KeyDescription("How long after the failure.", ("1m",)),
        },
    }


_STEP = {
    "id": KeyDescription("The step's name; refs read its outputs by it."),
    "run": KeyDescription("A chain, workflow, task or pipeline, by its declared name."),
    "call": KeyDescription("A typed Python function of a module under `python:`.", ("flows.glue:total",)),
    "wait": KeyDescription(
        "A duration, `{until: …}`, or `{signal: …}`.",
        ("2h", {"signal": "Close <month>?", "outputs": {"approved": "boolean"}, "timeout": "48h"}),
    ),
    "each": KeyDescription(
        "One name over one list: the step runs once for each entry, which is `<name>` in it.",
        ({"invoice": {"$ref": "find.outputs.invoices"}},),
    ),
    "key": KeyDescription(
        "What names an item of `each`: a text or integer, another one in each; left out, its index.",
        ("<invoice.number>",),
    ),
    "parallel": KeyDescription("How many items run at a time; 10 when left out.", (5,)),
    "inputs": KeyDescription(
        "Values for what is run or called: literals, tokens such as `<month>`, or `{$ref: STEP.outputs.NAME}`.",
        ({"month": "<month>"},),
    ),
    "secrets": KeyDescription(
        "Secrets of the pipeline by the name they have there.", ({"password": "<$epic_password>"},)
    ),
    "files": KeyDescription(
        "Files for what is run, by the name it takes them under: a file of a step, a project file, or `<name>` for "
        "`--file name=PATH`.",
        ({"banner": {"$ref": "banner.files['9.images.0']"}},),
    ),
    "when": KeyDescription("The step runs when this boolean is true.", ({"$ref": "total.outputs.large"},)),
    "unless": KeyDescription("The step runs when this boolean is false.", ({"$ref": "total.outputs.large"},)),
    "after": KeyDescription("Steps that must be over, besides those that are read.", (["release"],)),
    "on_failure": KeyDescription(
        "`stop`: no more items, and what depends on the step does not run. `continue`: a failure is forgiven, and null "
        "stands where an item has failed."
    ),
    "retry": KeyDescription("More attempts after a failure.", ({"times": 2, "on": ["error"], "after": "1m"},)),
}
