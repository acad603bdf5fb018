"""A step that is tried again would do again what it did on the screen.

A retry runs the whole once more, from its first step. In a chain of several steps those before the one that failed have
done their work: what they typed and saved is there, and would be typed and saved again. This is a warning.

     workflows:
       post: {prompt: Post the journal.}
       close: {prompt: Close the month.}
     chains:
       close-month:
         steps:
           - {id: post, workflow: post}
           - {id: close, workflow: close}
     pipelines:
       month-end:
         steps:
    -      - {id: close, run: close-month, retry: {times: 2}}       # posts again what it has posted
    +      - {id: close, run: close-month}

Let the chain be safe to repeat and say so with an `ignore`, cut it into chains of one step, or take the retry away.
"""

from collections.abc import Iterator

from cyberflow.compiler.graph import Graph
from cyberflow.diagnostics import Diagnostic, Label


def find(graph: Graph) -> Iterator[Diagnostic]:
    runs = {caller.name: caller for caller in graph.callers}
    for pipeline in graph.pipelines.values():
        for step in pipeline.steps:
            if step.step.retry is None or step.callee is None:
                continue
            run = runs.get(step.callee.name)
            if run is not None and len(run.steps) > 1:
                labels = (Label(run.at("steps").at_key(), f"{len(run.steps)} steps"),)
                message = f"a `retry` of `{step.id}` does again what `{run.name}` has done"
                help = f"make `{run.name}` safe to repeat and say so, or cut it into {step.callee.kind}s of one step"
                yield Diagnostic("retry-repeats", message, step.at("retry").at_key(), labels=labels, help=help)
