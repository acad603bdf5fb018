"""A pipeline waits for an answer, and for as long as it takes.

Nobody may ever give it, and what comes after would wait for good. This is a warning.

     workflows:
       close-month: {prompt: Close the month.}
     pipelines:
       month-end:
         steps:
    -      - {id: release, wait: {signal: "Close the month?", outputs: {approved: boolean}}}
    +      - {id: release, wait: {signal: "Close the month?", outputs: {approved: boolean}, timeout: 48h}}
           - {id: close, run: close-month, when: {$ref: release.outputs.approved}}

Say how long is long enough: `timeout: 48h`. The step fails when it is over.
"""

from collections.abc import Iterator

from cyberflow.compiler.graph import Graph
from cyberflow.diagnostics import Diagnostic
from cyberflow.language.pipelines import Wait


def find(graph: Graph) -> Iterator[Diagnostic]:
    for pipeline in graph.pipelines.values():
        for step in pipeline.steps:
            wait = step.step.wait
            if isinstance(wait, Wait) and wait.signal is not None and wait.timeout is None:
                message, help = (
                    f"this `signal` may never come, and `{step.id}` waits for it",
                    "give it a `timeout`: `timeout: 48h`",
                )
                yield Diagnostic("unbounded-wait", message, step.at("wait", "signal").at_key(), help=help)
