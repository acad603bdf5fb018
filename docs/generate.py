"""Writes the pages and schemas that are made from the code; `make docs`. A test fails when one of them is stale."""
# ruff: noqa: INP001 - a script beside the pages it writes

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parent.parent


def _rules() -> str:
    from cyberflow.cli.views.findings.rules_page import render_page

    return render_page()


def _reference() -> str:
    from cyberflow.cli.reference.page import render_reference

    return render_reference()


def _project_schema() -> str:
    from cyberflow.cli.commands.schema import schema_text

    return schema_text("project")


def _declarations_schema() -> str:
    from cyberflow.cli.commands.schema import schema_text

    return schema_text("declarations")


def _tests_schema() -> str:
    from cyberflow.cli.commands.schema import schema_text

    return schema_text("tests")


def _picture() -> str:
    from cyberflow.compiler.check import check_target
    from cyberflow.diagram.from_graph import build_diagram
    from cyberflow.diagram.svg import to_svg
    from cyberflow.language.project.load import read_project

    graph, _, _ = check_target(read_project(ROOT / "examples" / "patient-intake"), "local")
    picture = build_diagram(graph, "intake")
    return to_svg(picture) if picture else ""


PAGES: dict[str, Callable[[], str]] = {
    "docs/rules.md": _rules,
    "docs/reference.md": _reference,
    "docs/images/intake.svg": _picture,
    "schemas/project.json": _project_schema,
    "schemas/declarations.json": _declarations_schema,
    "schemas/tests.json": _tests_schema,
}
"""Every generated file of the repository, and what writes it."""


def main() -> None:
    for name, write in PAGES.items():
        path = ROOT / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(write(), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
