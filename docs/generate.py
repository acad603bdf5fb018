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


def _manual() -> str:
    """The page of `man`: roff, of the same texts as the reference."""
    from cyberflow.cli.command_list import COMMANDS
    from cyberflow.cli.main import cyberflow
    from cyberflow.cli.reference.commands import options_of, walk_commands
    from cyberflow.cli.reference.topics import load_topics
    from cyberflow.cli.reference.vocabulary import EXIT_CODES
    from cyberflow.version import __version__

    topics = {one.name: one for one in load_topics() if one.kind == "command"}
    lines = [f'.TH CYBERFLOW 1 "" "cyberflow {__version__}" "User Commands"', ".SH NAME"]
    lines += [r"cyberflow \- workflow-as-code and chain orchestration for Cyberdesk", ".SH SYNOPSIS", ".B cyberflow"]
    lines += [r"[\fIOPTIONS\fR] \fICOMMAND\fR [\fIARGUMENTS\fR]", ".SH DESCRIPTION"]
    lines += [".TP\n" + f".B {name}\n{_roff(text)}" for name, text in COMMANDS.items()]
    lines += [".SH OPTIONS", *_roff_options(options_of(cyberflow)), ".SH COMMANDS"]
    for name, command in walk_commands():
        prose = topics[name].text.partition("\n\n    cyberflow")[0]
        lines += [f".SS cyberflow {name}", "\n.PP\n".join(map(_roff, prose.split("\n\n")))]
        if topics[name].example:
            lines += [".PP", ".EX", _roff(topics[name].example), ".EE"]
        lines += _roff_options(options_of(command))
    lines += [".SH EXIT STATUS", *_roff_options([(str(code), text) for code, text in EXIT_CODES.items()])]
    return "\n".join(lines) + "\n"


def _roff(text: str) -> str:
    escaped = text.replace("\\", r"\e").replace("-", r"\-")
    return "\n".join(rf"\&{line}" if line.startswith((".", "'")) else line for line in escaped.split("\n"))


def _roff_options(options: list[tuple[str, str]]) -> list[str]:
    return [f".TP\n.B {_roff(names)}\n{_roff(text) or chr(92) + '&'}" for names, text in options]


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
    "docs/cyberflow.1": _manual,
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
