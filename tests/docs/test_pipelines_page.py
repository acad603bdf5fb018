"""docs/pipelines.md is executed: its pipeline is clean, the same bytes in Python, and wrong where it says so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cyberflow.cli.main import run
from cyberflow.compiler.check import check_target
from cyberflow.compiler.compile import compile_bundle
from cyberflow.language.project.load import read_project

PAGE = (Path(__file__).parents[2] / "docs" / "pipelines.md").read_text(encoding="utf-8")
FENCE = re.compile(r"^```(\w+)\n(.*?)^```", re.DOTALL | re.MULTILINE)
NAMED = {text.split("\n")[0].removeprefix("# "): text for _, text in FENCE.findall(PAGE) if text.startswith("# ")}
PRINTED = next(text for language, text in FENCE.findall(PAGE) if language == "console")
TASK = """
tasks:
  poster: {workflow: text-to-image@2, inputs: {heading: string}, parameters: {prompt: <heading>}}
"""
GLUE = """
from pydantic import BaseModel


class Total(BaseModel):
    count: int
    large: bool


def total(receipts: list[str | None]) -> Total:
    return Total(count=len(receipts), large=len(receipts) > 10)
"""
BILLING = '''
from pydantic import BaseModel

from cyberflow import Secret, workflow


class Invoice(BaseModel):
    number: str


class Found(BaseModel):
    invoices: list[Invoice]


class Filed(BaseModel):
    receipt: str


@workflow
def list_invoices(month: str, *, password: Secret) -> Found:
    """List what is due in <month>; sign in with <$password>."""


@workflow
def file_invoice(invoice: Invoice) -> Filed:
    """File <invoice.number>."""


@workflow(files=[{"name": "banner", "target": "C:/in/banner.png"}])
def close_month(receipts: list[str | None]) -> None:
    """Close with <receipts>."""
'''


def project(folder: Path, name: str, billing: str = BILLING) -> Path:
    """The project of the page with one of its two pipelines."""
    folder.mkdir()
    modules = "billing.py, glue.py" + (", month_end.py" if name.endswith(".py") else "")
    (folder / "cyberflow.yaml").write_text(f"project: clinic\npython: [{modules}]\n{TASK}", encoding="utf-8")
    for file, text in (("glue.py", GLUE), ("billing.py", billing), (name, NAMED[name])):
        (folder / file).write_text(text, encoding="utf-8")
    return folder


def bundle(folder: Path) -> str:
    graph, builder, found = check_target(read_project(folder), "local")
    assert not [(one.rule, one.message) for one in found]
    return compile_bundle(graph, builder).to_json()


def test_the_pipeline_is_clean_and_the_same_in_python(tmp_path: Path) -> None:
    assert bundle(project(tmp_path / "yaml", "pipelines.yaml")) == bundle(project(tmp_path / "python", "month_end.py"))


def test_the_mistake_of_the_page_is_told_as_it_shows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = project(tmp_path / "wrong", "pipelines.yaml", BILLING.replace("list[str | None]", "list[str]"))
    text = (folder / "pipelines.yaml").read_text(encoding="utf-8").removeprefix("# pipelines.yaml\n")
    (folder / "pipelines.yaml").write_text(text, encoding="utf-8")
    assert run(["check", "--no-color", "--project", str(folder)]) == 1
    printed = capsys.readouterr().out.splitlines()
    for line in PRINTED.splitlines()[1:]:
        assert line in printed
    assert "witness: [null]" in "\n".join(printed)
