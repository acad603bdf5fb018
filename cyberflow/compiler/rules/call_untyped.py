"""A function that a pipeline calls does not say what it takes or gives.

Its parameters are the inputs of the step and the fields of what it returns the outputs, so both are annotated: with
types that JSON knows, and a pydantic model, a dataclass or a TypedDict to return, or None. A parameter `key` gets the
id of the item. A call takes no secrets.

     # flows/glue.py
     from dataclasses import dataclass


     @dataclass
     class Total:
         count: int


    -def total(receipts: list[str]):                 # and what does it return?
    +def total(receipts: list[str]) -> Total:
         return Total(len(receipts))
     # flows/month.yaml
     pipelines:
       month-end:
         inputs: {receipts: "string[]"}
         steps:
           - {id: total, call: "flows.glue:total", inputs: {receipts: <receipts>}}

Annotate every parameter and the result.
"""

from collections.abc import Iterator

from cyberflow.compiler.graph import Graph
from cyberflow.diagnostics import Diagnostic, Label


def find(graph: Graph) -> Iterator[Diagnostic]:
    seen: set[str] = set()
    for pipeline in graph.pipelines.values():
        for step in pipeline.steps:
            function = graph.functions.get(step.step.call or "")
            if function is None or function.name in seen:
                continue
            seen.add(function.name)
            for problem in function.problems:
                labels = (Label(problem.place, "here"),)
                message = f"the types of `{function.name}` cannot be read: {problem.message}"
                yield Diagnostic("call-untyped", message, step.at("call"), labels=labels, help=problem.help)
