"""graph: what flows where is in the picture, and every format can be read by those who read it."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from itertools import combinations
from pathlib import Path
from shutil import rmtree
from typing import Any

import pytest

from cyberflow.diagram.dot import to_dot
from cyberflow.diagram.layout import PILL, TYPE, lay_out
from cyberflow.diagram.mermaid import to_mermaid
from cyberflow.diagram.model import Diagram, DiagramEdge, DiagramNode
from cyberflow.diagram.svg import to_svg
from cyberflow.diagram.text_metrics import truncate, width, wrap
from tests.cli.cli_program import Program, replace

NASTY = 'a "q" <b>x</b> & #35; `code` *s* _u_ [l](http://x) {{h}} | ; 1. x \\ end --> %% \n日本 😀 \x00\x1b'
SVG = "{http://www.w3.org/2000/svg}"


def drawn(program: Program, *words: str) -> dict[str, Any]:
    answer = program("graph", *words, "--format", "json")
    assert answer.code == 0, answer.text
    picture: dict[str, Any] = json.loads(answer.out)
    return picture


def edges(picture: dict[str, Any]) -> set[tuple[str, ...]]:
    keys = ("from", "to", "kind", "output", "input", "type")
    return {tuple(edge.get(key, "") for key in keys) for edge in picture["edges"]}


def hostile() -> Diagram:
    nodes = (
        DiagramNode("input", "end", "source", NASTY),
        DiagramNode("step", "subgraph", "middle", NASTY, 1, NASTY),
        DiagramNode("session", "graph", "middle", "class"),
        DiagramNode("output", "a-b", "sink", NASTY),
    )
    wires = (
        DiagramEdge("input:end", "step:subgraph", "value", "", NASTY, NASTY),
        DiagramEdge("step:subgraph", "output:a-b", "value", NASTY, "x", NASTY),
    )
    return Diagram("chain", "hostile", NASTY, nodes, wires)


def test_a_chain_says_what_flows_where(intake: Path, program: Program) -> None:
    picture = drawn(program, "intake")
    found = edges(picture)

    assert picture["kind"] == "chain"
    steps = [(node["number"], node["name"], node["workflow"]) for node in picture["nodes"] if node["kind"] == "step"]
    assert steps == [(1, "login", "sign-in"), (2, "lookup", "patient-lookup"), (3, "book", "book-visit")]
    assert ("step:login", "step:lookup", "order", "", "", "") in found
    assert ("step:lookup", "step:book", "value", "mrn", "mrn", "string") in found
    assert ("step:lookup", "output:medications", "value", "medications", "medications", "string[]") in found
    assert ("secret:epic_password", "step:login", "secret", "", "password", "") in found
    assert ("input:patient", "step:lookup", "value", "", "patient", "") in found
    assert ("input:patient", "step:book", "value", "", "reason", "") in found
    assert ("input:date", "step:book", "value", "", "date", "") in found
    assert {"id": "input:date", "kind": "input", "name": "date", "type": "string"} in picture["nodes"]


def test_aliases_machines_and_refs_inside_values(intake: Path, program: Program) -> None:
    rmtree(intake / "tests")  # they are of the chain as it was
    replace(
        intake / "chains.yaml",
        "    secrets: [epic_password]",
        "    session: {before: patient-lookup}\n    secrets: [epic_password]",
    )
    replace(intake / "chains.yaml", "      username: string\n", "")
    replace(intake / "chains.yaml", "    session:", "    from_machine: [username]\n    session:")
    replace(
        intake / "chains.yaml",
        "      mrn: {$ref: lookup.outputs.mrn}\n      med",
        "      of: <patient.dob>\n"
        "      both: [{$ref: before.outputs.coverage.payer}, {$ref: lookup.outputs.mrn}]\n      med",
    )

    found = edges(drawn(program, "intake"))

    assert ("machine:username", "step:login", "value", "", "username", "") in found
    assert ("session:before", "output:both", "value", "coverage.payer", "both", "string") in found
    assert ("step:lookup", "output:both", "value", "mrn", "both", "string") in found
    assert ("input:patient", "output:of", "value", "", "of", "") in found


def test_a_workflow_and_the_project(intake: Path, program: Program) -> None:
    workflow = drawn(program, "book-visit")
    project = drawn(program)

    assert ("workflow:book-visit", "output:slot", "value", "slot", "slot", "string") in edges(workflow)
    assert [node["kind"] for node in workflow["nodes"]] == ["input"] * 3 + ["workflow"] + ["output"] * 2
    assert edges(project) == {
        ("chain:intake", "workflow:sign-in", "use", "login", "", ""),
        ("chain:intake", "workflow:patient-lookup", "use", "lookup", "", ""),
        ("chain:intake", "workflow:book-visit", "use", "book", "", ""),
    }


def test_a_task(intake: Path, program: Program) -> None:
    (intake / "tasks.yaml").write_text(
        "tasks:\n  poster:\n    workflow: text-to-image@2\n    inputs: {heading: string}\n"
        "    parameters: {prompt: A poster for <heading>}\n",
        encoding="utf-8",
    )

    picture = drawn(program, "poster")

    assert edges(picture) == {("input:heading", "task:poster", "value", "", "heading", "")}


def test_mermaid_of_an_example(example: Callable[[str], Path], program: Program) -> None:
    example("red-panda")

    answer = program("graph", "research")

    assert answer.out.splitlines()[:10] == [
        "---",
        'title: "research"',
        "---",
        "flowchart TD",
        '  n0(["topic: string"])',
        '  n1["1 · <b>step1</b><br/>find-article"]',
        '  n2["2 · <b>step2</b><br/>collect-facts"]',
        '  n3(["article"])',
        '  n4(["facts"])',
        '  n5(["source"])',
    ]
    assert "  n1 ==> n2" in answer.out
    assert '  n1 -->|"result → search_query: string"| n2' in answer.out


def test_mermaid_quotes_everything() -> None:
    for line in to_mermaid(hostile()).splitlines()[4:]:
        assert line.isprintable()
        bare = re.sub(r'"[^"]*"', '""', line)
        assert re.fullmatch(
            r'  (n\d+(\(\[""\]\)|\(""\)|\[""\])|n\d+ (-->|==>|-\.->)(\|""\|)? n\d+|class(Def)? [\w,]+ .+)', bare
        ), line
        for text in re.findall(r'"([^"]*)"', line):
            plain = re.sub(r"</?b>|<br/>", "", text)
            assert not re.search(r"[<>&`*]|#(?!\d+;)", plain), text


def test_dot_quotes_everything() -> None:
    text = to_dot(hostile())

    string = r'"(?:[^"\\]|\\.)*"'
    for line in text.splitlines()[1:-1]:
        bare = re.sub(string, "S", line)
        assert re.fullmatch(r"  (\w+=\w+|(node|edge|n\d+|n\d+ -> n\d+) \[\w+=[\w]+(, \w+=\w+)*\]);", bare), line
        assert line.isprintable()


def test_an_unknown_name_is_wrong_usage(intake: Path, program: Program) -> None:
    answer = program("graph", "intaek")

    assert answer.code == 2
    assert "did you mean `intake`?" in answer.err


def test_a_project_with_errors_is_not_drawn(intake: Path, program: Program) -> None:
    replace(intake / "chains.yaml", "workflow: sign-in", "workflow: sign-inn")

    answer = program("graph", "intake", "--format", "svg")

    assert answer.code == 1
    assert "unknown-workflow" in answer.text
    assert "<svg" not in answer.out


def boxes(picture: Diagram) -> Iterator[tuple[str, tuple[float, float, float, float]]]:
    layout = lay_out(picture)
    for block in layout.blocks:
        yield block.node.id, (layout.left, block.top, layout.right, block.top + block.height)
        for port in block.right:
            if port.label:
                label = (
                    layout.right + 10,
                    port.y - 4 - TYPE,
                    layout.right + 10 + width(port.label, TYPE, fixed=True),
                    port.y - 2,
                )
                yield f"{block.node.id} {port.name}", label
    for pill in layout.pills:
        yield pill.node.id, (pill.x, pill.y - PILL / 2, pill.x + pill.width, pill.y + PILL / 2)


def chain_of(steps: int) -> Diagram:
    """Each step reads the three before it; every third gives an output back, twice."""
    nodes = [DiagramNode("input", f"given_{index}", "source", "{name: string, dob?: string}") for index in range(4)]
    nodes += [DiagramNode("step", f"step_{index}", "middle", "some-workflow", index + 1) for index in range(steps)]
    nodes += [DiagramNode("output", f"out_{index}", "sink", "string") for index in range(steps)]
    wires = [
        DiagramEdge(f"input:given_{index % 4}", f"step:step_{index}", "value", input="what") for index in range(steps)
    ]
    for index in range(steps):
        wires += [
            DiagramEdge(f"step:step_{before}", f"step:step_{index}", "value", "result", f"from_{before}", "string[]")
            for before in range(max(0, index - 3), index)
        ]
        wires.append(
            DiagramEdge(
                f"step:step_{index // 3 * 3}", f"output:out_{index}", "value", "result", f"out_{index}", "string[]"
            )
        )
    return Diagram("chain", "wide", "Many steps. " * 40, tuple(nodes), tuple(wires))


@pytest.mark.parametrize("picture", [chain_of(1), chain_of(10), hostile()], ids=["one", "ten", "hostile"])
def test_nothing_lies_on_anything_else(picture: Diagram) -> None:
    layout = lay_out(picture)
    placed = list(boxes(picture))

    for (one, left), (other, right) in combinations(placed, 2):
        apart = left[2] <= right[0] or right[2] <= left[0] or left[3] <= right[1] or right[3] <= left[1]
        assert apart, (one, other)
    for name, box in placed:
        assert min(box) >= 0, name
        assert box[2] <= layout.size[0], name
        assert box[3] <= layout.size[1], name


def segments(picture: Diagram) -> Iterator[tuple[int, tuple[float, float, float]]]:
    """Vertical parts of wires: which wire, where, from, to."""
    for index, wire in enumerate(lay_out(picture).wires):
        ys = [wire.start[1], *(y for _, y in wire.ends)]
        if min(ys) < max(ys):
            yield index, (wire.lane, min(ys), max(ys))


def test_wires_never_share_a_lane_and_pass_no_block_or_label() -> None:
    picture = chain_of(10)
    layout = lay_out(picture)
    verticals = list(segments(picture))

    assert verticals
    for (one, left), (other, right) in combinations(verticals, 2):
        assert left[0] != right[0] or left[2] < right[1] or right[2] < left[1], (one, other)
    for _, (x, low, high) in verticals:
        for name, box in boxes(picture):
            assert not (box[0] < x < box[2] and low < box[3] and box[1] < high), name
    rows = [(round(y, 1), side) for wire in layout.wires for side, y in [wire.start, *wire.ends]]
    assert len(rows) == len(set(rows)), "two wires end in one row of one side"


@pytest.mark.parametrize("picture", [chain_of(10), hostile(), Diagram("project", "empty", "", (), ())])
def test_the_svg_is_xml_and_holds_no_script_or_link(picture: Diagram) -> None:
    root = ET.fromstring(to_svg(picture))

    assert root.tag == f"{SVG}svg"
    assert {one.tag.removeprefix(SVG) for one in root.iter()} <= {
        *("svg", "title", "style", "rect", "text", "tspan", "path", "circle", "g")
    }
    shown = {text for one in root.iter() if one.tag in (f"{SVG}text", f"{SVG}tspan") for text in one.itertext()}
    assert picture.name in shown
    assert "prefers-color-scheme: dark" in to_svg(picture)
    assert "http" not in re.sub(r"xmlns=\"[^\"]*\"|<t[^>]*>[^<]*", "", to_svg(picture))


def test_the_svg_says_every_name_and_the_whole_type_in_a_tooltip(intake: Path, program: Program) -> None:
    root = ET.fromstring(program("graph", "intake", "--format", "svg").out)
    shown = {text for one in root.iter() if one.tag in (f"{SVG}text", f"{SVG}tspan") for text in one.itertext()}
    tips = {one.text for one in root.iter(f"{SVG}title")}

    assert {"login", "lookup", "book", "patient-lookup", "$epic_password", "confirmation", "string[]"} <= shown
    assert "{payer: string, member_id: string, expires?: string}" in tips


def test_letters_are_judged_on_the_safe_side() -> None:
    assert width("日本", 10) >= 20
    assert width("WWW", 10) > width("www", 10) * 0.9 > width("iii", 10)
    assert truncate("a long text", 30, 10).endswith("…")
    assert width(truncate("a long text", 30, 10), 30) <= 90 + 30
    assert wrap("one two three four five six", 60, 10, 2)[-1].endswith("…")
    assert wrap("one", 100, 10, 2) == ["one"]
    assert wrap("", 100, 10, 2) == []


def test_a_pipeline_is_drawn_with_what_flows_and_what_waits(example: Callable[[str], Path], program: Program) -> None:
    example("month-end")
    found = edges(drawn(program, "month-end"))
    assert (
        "step:find",
        "step:file",
        "value",
        "invoices",
        "each",
        "{number: string, payer: string, amount: number}[]",
    ) in found
    assert ("step:file", "step:total", "value", "receipt", "receipts", "(string | null)[]") in found
    assert ("step:banner", "step:close", "value", "9.images.0", "banner", "file") in found
    assert ("input:month", "step:release", "value", "", "signal", "") in found
    assert ("secret:epic_password", "step:find", "secret", "", "password", "") in found
    steps = {node["name"]: node["workflow"] for node in drawn(program, "month-end")["nodes"] if node["kind"] == "step"}
    assert steps["file"] == "file-invoice, each invoice"
    assert steps["release"] == "Close <month>?, if"
    assert ("pipeline:month-end", "chain:close-month", "use", "close", "", "") in edges(drawn(program))
    shown = program("show", "month-end", "--format", "json")
    assert json.loads(shown.out)["kind"] == "pipeline"
    assert "pipeline  month-end" in program("show").out
