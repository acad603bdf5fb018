"""The page about a project: a function of what was compiled, tested and applied. The same facts give the same bytes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

from cyberflow.cli.site.elements import Html, element, to_html
from cyberflow.cli.site.look import CSS
from cyberflow.cli.site.sections import (
    SiteFacts,
    caller_article,
    picture,
    receipt_article,
    task_article,
    type_articles,
    workflow_article,
)
from cyberflow.compiler.graph import DeclarationNode
from cyberflow.diagnostics import pluralize
from cyberflow.diagram.from_graph import build_project_diagram
from cyberflow.diagram.svg import STYLE
from cyberflow.version import __version__

N = TypeVar("N", bound=DeclarationNode[Any])
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def write_page(given: SiteFacts) -> str:
    """The whole document, ending in a line end."""
    graph = given.graph
    parts = {
        "Pipelines": [caller_article(given, one) for one in _by_name(graph.pipelines.values())],
        "Chains": [caller_article(given, one) for one in _by_name(graph.chains.values())],
        "Workflows": [workflow_article(given, one) for one in _by_name(graph.workflows.values())],
        "Tasks": [task_article(given, one) for one in _by_name(graph.tasks.values())],
        "Types": type_articles(graph),
        "Last receipt": [receipt_article(graph, given.receipt)] if given.receipt else [],
    }
    body = [
        element("header", element("h1", graph.project.name), element("p", _summary(given), class_="p-quiet")),
        _contents(given),
        element("section", element("h2", "Overview"), picture(build_project_diagram(graph), "project")),
        *(element("section", element("h2", title), *made) for title, made in parts.items() if made),
        element("footer", f"Written by cyberflow {__version__} from the sources."),
    ]
    head = (
        f'<meta charset="utf-8">\n<meta http-equiv="Content-Security-Policy" content="{to_html(_POLICY)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{to_html(graph.project.name)}</title>\n<style>\n{STYLE}{CSS}</style>"
    )
    main = "\n".join(part for part in body if part)
    return f'<!doctype html>\n<html lang="en">\n<head>\n{head}\n</head>\n<body>\n{main}\n</body>\n</html>\n'


def _by_name(nodes: Iterable[N]) -> list[N]:
    return sorted(nodes, key=lambda node: node.name)


def _summary(given: SiteFacts) -> str:
    graph = given.graph
    kinds = {
        "pipeline": graph.pipelines,
        "chain": graph.chains,
        "workflow": graph.workflows,
        "task": graph.tasks,
        "type": graph.project.types,
        "test": given.cases,
    }
    said = [pluralize(len(found), kind) for kind, found in kinds.items() if found]
    if given.verdicts:
        passed = sum(one.status == "passed" for one in given.verdicts)
        said.append(f"{passed} of {len(given.verdicts)} passed")
    return ", ".join([*said, f"target {given.compiled.target}"])


def _contents(given: SiteFacts) -> Html:
    graph = given.graph
    groups = {
        "Pipelines": graph.pipelines,
        "Chains": graph.chains,
        "Workflows": graph.workflows,
        "Tasks": graph.tasks,
    }
    parts = [_group(title, sorted(names), "d-") for title, names in groups.items()]
    return element("nav", *parts, _group("Types", sorted(graph.project.types), "t-"))


def _group(title: str, names: Iterable[str], anchor: str) -> Html:
    links = element("ul", *(element("li", element("a", name, href=f"#{anchor}{name}")) for name in names))
    return element("section", element("h4", title), links) if links else links
