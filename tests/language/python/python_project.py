"""A project of Python modules that a test writes, and what came of it."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent
from typing import Any

from cyberflow.compiler.bundle import Bundle
from cyberflow.compiler.check import check, check_target
from cyberflow.compiler.compile import compile_bundle
from cyberflow.diagnostics import Diagnostic
from cyberflow.language.project.load import RawProject, read_project

HEAD = """
from pydantic import BaseModel
from cyberflow import Secret, chain, workflow, workflow_ref

class Patient(BaseModel):
    mrn: str
    medications: list[str]

@workflow
def lookup(name: str, *, password: Secret) -> Patient:
    '''Find <name> with <$password>; save {{mrn}} and {{medications}}.'''
    raise NotImplementedError

@workflow
def book(mrn: str, reason: str) -> None:
    '''Open <mrn>, book for <reason>.'''
"""


class Project:
    """Writes files, reads the project, and answers what came of it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.write("cyberflow.yaml", "project: made\npython: [flows/*.py]\n")

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text), encoding="utf-8")

    def flow(self, text: str) -> None:
        """A module with two workflows, `lookup` and `book`, and this."""
        self.write("flows/flow.py", HEAD + dedent(text))

    def read(self) -> RawProject:
        return read_project(self.root)

    def findings(self) -> list[Diagnostic]:
        return check(self.read())

    def bundle(self) -> Bundle:
        graph, builder, found = check_target(self.read(), "local")
        assert not [one for one in found if one.severity == "error"]
        return compile_bundle(graph, builder)

    def steps(self, chain: str) -> list[dict[str, Any]]:
        found = self.bundle().chain(chain)
        assert found is not None
        steps: list[dict[str, Any]] = found.request["steps"]
        return steps

    def line(self, one: Diagnostic) -> str:
        """The source that a finding underlines."""
        span = self.read().sources.span(one.place)
        lines = (self.root / span.path).read_text(encoding="utf-8").splitlines()
        end = span.end_column - 1 if span.end_line == span.line else None
        return lines[span.line - 1][span.column - 1 : end]
