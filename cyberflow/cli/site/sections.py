"""The parts of the page: an article for each declaration, the types, the tests, the last receipt."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from cyberflow.cli.site.elements import Html, code, drop_harmful, element, facts, join, table, to_html
from cyberflow.cli.site.prompt import prompt_html
from cyberflow.compiler.graph import AnyCaller, ChainNode, DeclarationNode, Graph, TaskNode, WorkflowNode
from cyberflow.compiler.interface import FieldSet
from cyberflow.compiler.type_notation import TypeReader
from cyberflow.deploy.receipts import StoredReceipt
from cyberflow.diagram.from_graph import build_diagram
from cyberflow.diagram.model import Diagram, DiagramEdge
from cyberflow.diagram.svg import to_svg
from cyberflow.language.flow_tests.cases import Case
from cyberflow.schema.describe import describe
from cyberflow.sdk.project import CompiledProject
from cyberflow.testing.coverage import Coverage
from cyberflow.testing.verdicts import Verdict

_XMLNS = ' xmlns="http://www.w3.org/2000/svg"'


@dataclass(frozen=True)
class SiteFacts:
    """All that the page is made of. `verdicts` are those of the tests, None where they were not run."""

    graph: Graph
    compiled: CompiledProject
    cases: tuple[Case, ...] = ()
    verdicts: tuple[Verdict, ...] | None = None
    receipt: StoredReceipt | None = None


def link(graph: Graph, name: str) -> Html:
    """A name, leading to its article where there is one."""
    groups = (graph.pipelines, graph.chains, graph.workflows, graph.tasks)
    return element("a", name, href=f"#d-{name}") if any(name in group for group in groups) else code(name)


def picture(drawn: Diagram, name: str) -> Html:
    """A diagram; pictures of one page share its style."""
    svg = to_svg(replace(drawn, description=""), has_style=False, title_id=f"p-{name}").replace(_XMLNS, "", 1)
    return element("div", Html(drop_harmful(svg)), class_="p-picture", tabindex="0")


def caller_article(given: SiteFacts, caller: AnyCaller) -> Html:
    """A chain or a pipeline: its graph, what it takes, its steps, what it gives."""
    drawn = build_diagram(given.graph, caller.name)
    assert drawn is not None  # noqa: S101 - the graph draws whatever it holds
    pools = (caller.body.machine, *caller.body.pools) if isinstance(caller, ChainNode) else ()
    outputs = [(code(node.name), code(node.text)) for node in drawn.nodes if node.kind == "output"]
    return _article(
        caller,
        picture(drawn, caller.name),
        facts([("Runs on", join((code(one) for one in pools if one), ", "))]),
        _takes(caller),
        _under("Steps", table(("Step", "Runs", "Reads", "What it does"), _step_rows(given.graph, caller, drawn))),
        _under("Outputs", table(("Output", "Type"), outputs)),
        _tests_of(given, caller.name),
    )


def _step_rows(graph: Graph, caller: AnyCaller, drawn: Diagram) -> Iterator[tuple[str, ...]]:
    for node in drawn.nodes:
        if node.kind == "step" and (step := caller.step(node.name)):
            reads = [_read(edge) for edge in drawn.edges if edge.target == node.id and edge.kind != "order"]
            name = step.runs[0] if step.runs else ""
            runs = [link(graph, name), node.text.removeprefix(name)] if name else [node.text]
            yield code(node.name), join(runs), join(reads, ", "), node.description


def _read(edge: DiagramEdge) -> Html:
    kind, _, name = edge.source.partition(":")
    source = f"${name}" if kind == "secret" else f"{name}.{edge.output}" if edge.output else name
    return code(source if edge.input in ("", name) and not edge.output else f"{edge.input} ← {source}")


def workflow_article(given: SiteFacts, node: WorkflowNode) -> Html:
    """A workflow: its prompt as it reads, its types, and who uses it."""
    compiled, body = given.compiled, node.body
    made = compiled.bundle.workflow(node.name)
    prompt = str(made.payload["main_prompt"]) if made else ""
    users = [one.name for one in given.graph.callers if any(_runs(step, node.name) for step in one.steps)]
    checks = [(code(one.name), one.type.replace("_", " "), one.description or "") for one in body.checks or ()]
    return _article(
        node,
        facts(
            [
                ("Used by", join((link(given.graph, name) for name in users), ", ")),
                ("From the machine", join(map(code, body.from_machine), ", ")),
                ("Files", join((code(str(one.path or f"<{one.name}>")) for one in body.files), ", ")),
                ("Tags", ", ".join(body.tags or ())),
            ]
        ),
        _takes(node),
        _under("Outputs", _field_table("Output", node.outputs)),
        _under("Prompt", element("div", prompt_html(prompt, compiled.bundle, compiled.assets), class_="p-prompt")),
        _under("Checks after a run", table(("Check", "Kind", "What it asks"), checks)),
        _tests_of(given, node.name),
    )


def _runs(step: Any, name: str) -> bool:
    return step.runs is not None and step.runs[0] == name


def task_article(given: SiteFacts, node: TaskNode) -> Html:
    """A task of Cyberun."""
    users = [one.name for one in given.graph.callers if any(_runs(step, node.name) for step in one.steps)]
    pairs = [
        ("Runs on Cyberun", code(node.body.workflow)),
        ("Used by", join((link(given.graph, name) for name in users), ", ")),
        ("Timeout", node.body.timeout or ""),
    ]
    return _article(node, facts(pairs), _takes(node), _tests_of(given, node.name))


def _article(node: DeclarationNode[Any], *parts: Html) -> Html:
    place = node.definition.place.path
    about = element("p", node.body.description or "")
    head = element("h3", node.name), element("p", place, class_="p-quiet")
    return element("article", *head, about, *parts, id=f"d-{node.name}")


def _takes(node: DeclarationNode[Any]) -> Html:
    secrets = [(code(f"${one.name}"), "" if one.required else "optional") for one in node.secrets.fields.values()]
    return join(
        [
            _under("Inputs", _field_table("Input", node.inputs)),
            _under("Secrets, by name", table(("Secret", "Needed"), secrets)),
        ]
    )


def _field_table(head: str, fields: FieldSet) -> Html:
    rows = [
        (code(one.name), code(describe(one.schema)), str(one.schema.get("description", "")), _need(one.required))
        for one in fields.fields.values()
    ]
    return table((head, "Type", "What it is", "Needed"), rows)


def _need(required: bool) -> str:
    return "" if required else "optional"


def _under(title: str, content: Html) -> Html:
    return join([element("h4", title), content]) if content else content


def _tests_of(given: SiteFacts, name: str) -> Html:
    """The tests that run a declaration, and how much of it they went through."""
    ends = {one.name: one.status for one in given.verdicts or ()}
    rows = [
        (one.name, str(one.data.get("description") or ""), _status(ends.get(one.name, "")))
        for one in given.cases
        if one.run == name
    ]
    covered = [one for one in coverage(given) if one.name == name and rows]
    said = [f"{one.percent:g} % of its points were gone through." for one in covered]
    said += [f"Not yet: {', '.join(one.missing)}." for one in covered if one.missing]
    return _under("Tests", join([table(("Test", "What it shows", "Verdict"), rows), element("p", " ".join(said))]))


def coverage(given: SiteFacts) -> Iterable[Any]:
    """How much of each chain and pipeline the tests went through; nothing where they were not run."""
    if given.verdicts is None:
        return ()
    played = [one.played for one in given.verdicts if one.played is not None]
    return Coverage.of(given.compiled.bundle, played).chains


def _status(status: str) -> Html:
    return element("span", status, class_=f"p-{status}") if status else Html()


def type_articles(graph: Graph) -> list[Html]:
    """The types that the project names, with their members."""
    reader = TypeReader(graph.project.types, graph.project.files)
    made = []
    for name, definition in sorted(graph.project.types.items()):
        schema = reader.read_type(definition.body, definition.place)
        listed, needed = schema.get("properties"), schema.get("required", ())
        rows = [
            (code(key), code(describe(one, root=schema)), _description(one), _need(key in needed))
            for key, one in (listed.items() if isinstance(listed, dict) else ())
        ]
        inner = table(("Member", "Type", "What it is", "Needed"), rows) or element("p", code(describe(schema)))
        about = element("p", definition.place.path, class_="p-quiet"), element("p", _description(schema))
        made.append(element("article", element("h3", name), *about, inner, id=f"t-{name}"))
    return made


def _description(schema: Any) -> str:
    return str(schema.get("description", "")) if isinstance(schema, dict) else ""


def _exit_code(receipt: StoredReceipt) -> str:
    code = receipt.data.get("exit_code")
    return "none: it was never over" if code is None else str(code)


def receipt_article(graph: Graph, receipt: StoredReceipt) -> Html:
    """The last apply: who, when, from which commit, what became of it."""
    ends = Counter(str(one.get("status", "")) for one in receipt.changes)
    done = [
        (link(graph, str(one.get("name", ""))), str(one.get("action", "")), str(one.get("status", "")))
        for one in receipt.changes
    ]
    pairs = [
        ("When", receipt.text("at") or ""),
        ("By", receipt.text("by") or ""),
        ("Approved by", receipt.text("approved_by") or ""),
        ("Commit", code(receipt.text("commit") or "")),
        ("Exit code", _exit_code(receipt)),
        ("Changes", ", ".join(f"{number} {end}" for end, number in sorted(ends.items()) if end)),
        ("Receipt", to_html(receipt.name)),
    ]
    return element("article", facts(pairs), table(("What", "Change", "What became of it"), done))
