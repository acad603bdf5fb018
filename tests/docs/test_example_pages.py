"""The drawing in examples/red-panda/README.md is that of its chain."""

from __future__ import annotations

from cyberflow.compiler.check import check_target
from cyberflow.language.project.load import read_project
from tests.docs.page import ROOT, blocks


def test_the_drawing_is_that_of_the_chain() -> None:
    drawing = blocks("examples/red-panda/README.md")[0].text
    graph, _, found = check_target(read_project(ROOT / "examples" / "red-panda"), "local")
    chain = graph.chains["research"]

    assert not found
    places = [drawing.index(f"{step.id} {step.workflow.name}") for step in chain.steps if step.workflow]
    assert len(places) == 2
    assert places == sorted(places)
    assert drawing.split()[0] in chain.inputs.fields
