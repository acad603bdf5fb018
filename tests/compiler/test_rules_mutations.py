"""Whatever is done to the bytes of a project, `check` gives findings and neither fails nor hangs."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cyberflow.cli.views.findings.diagnostics_text import DiagnosticRenderer
from cyberflow.cli.views.findings.findings_json import render_json
from cyberflow.compiler.check import check
from cyberflow.compiler.rules import RULES
from cyberflow.language.project.load import read_project

EXAMPLES = Path(__file__).parents[2] / "examples"
PROJECTS = sorted(path.parent for path in EXAMPLES.glob("*/cyberflow.yaml"))
SUFFIXES = (".yaml", ".md", ".json")
PIECES = (
    *(
        b"{",
        b"}",
        b"[",
        b"]",
        b"<",
        b">",
        b"'",
        b'"',
        b"|",
        b">",
        b"#",
        b"&a ",
        b"*a ",
        b"!x ",
        b": ",
        b"- ",
        b"\n",
        b"\t",
    ),
    *(
        b"\r\n",
        b"\x00",
        b"\xff",
        b"\xef\xbb\xbf",
        b"${{",
        b"}}",
        b"{%",
        b"%}",
        b"{#",
        b"<$",
        b"{{",
        b"\\",
        b"$ref",
        b"<<: ",
        b"---\n",
    ),
    *(
        b"type",
        b"default",
        b"secrets: ",
        b"null",
        b"0x",
        b"# cyberflow: ignore[",
        b"\xf0\x9f\x98\x80",
        b"  ",
        b"1e999",
        b".nan",
        b"",
    ),
)
EDITS = st.lists(st.tuples(st.integers(0, 2**16), st.integers(0, 30), st.sampled_from(PIECES)), min_size=1, max_size=5)


def mutated(data: bytes, edits: list[tuple[int, int, bytes]]) -> bytes:
    for at, cut, piece in edits:
        start = at % (len(data) + 1)
        data = data[:start] + piece + data[start + cut :]
    return data


@pytest.fixture(scope="module")
def copies(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("projects")
    for project in PROJECTS:
        shutil.copytree(project, folder / project.name, ignore=shutil.ignore_patterns(".cyberflow", "dist"))
    return sorted(folder.iterdir())


@given(st.integers(0, 2**16), st.integers(0, 2**16), EDITS)
@settings(max_examples=120, deadline=5000, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_mutations_give_findings(
    copies: list[Path], which: int, file: int, edits: list[tuple[int, int, bytes]]
) -> None:
    root = copies[which % len(copies)]
    files = sorted(path for path in root.rglob("*") if path.suffix in SUFFIXES and path.is_file())
    path = files[file % len(files)]
    before = path.read_bytes()
    path.write_bytes(mutated(before, edits))
    try:
        sourced = read_project(root)
        found = check(sourced)
        printer = DiagnosticRenderer.of(sourced, found)
        for one in found:
            assert one.rule in RULES
            span = sourced.sources.span(one.place)
            assert (span.line, span.column) < (span.end_line, span.end_column)
            assert one.rule in printer.render(one)
        assert render_json(sourced, found)
    finally:
        path.write_bytes(before)
