"""A step that is tried again would do again what it did on the screen.

A retry runs the whole once more, from its first step. In a chain of several steps those before the one that failed have
done their work: what they typed and saved is there, and would be typed and saved again. This is a warning. Of a
pipeline that a step runs a retry does only once more what failed in it.

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

from cyberflow.compiler.graph import ChainNode, Graph
from cyberflow.diagnostics import Diagnostic, Label


def find(graph: Graph) -> Iterator[Diagnostic]:
    for pipeline in graph.pipelines.values():
        for step in pipeline.steps:
            if step.step.retry is None or step.callee is None:
                continue
            for chain in _chains(graph, step.callee.name, set()):
                if len(chain.steps) > 1:
                    labels = (Label(chain.at("steps").at_key(), f"{len(chain.steps)} steps"),)
                    message = f"a `retry` of `{step.id}` does again what `{chain.name}` has done"
                    help = f"make `{chain.name}` safe to repeat and say so, or cut it into chains of one step"
                    yield Diagnostic("retry-repeats", message, step.at("retry").at_key(), labels=labels, help=help)


def _chains(graph: Graph, name: str, seen: set[str]) -> Iterator[ChainNode]:
    """The chains that a step runs: the one it names, or those of a pipeline, of which a retry runs what failed."""
    if name in graph.chains:
        yield graph.chains[name]
    elif name in graph.pipelines and name not in seen:
        seen.add(name)
        for step in graph.pipelines[name].steps:
            yield from _chains(graph, step.callee.name, seen) if step.callee is not None else ()
