"""docs: one page about the project, with all that it declares and nothing that runs or comes from elsewhere."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.cli.cli_program import Program, replace

SHELL = "cyberflow docs --quiet --no-tests --out"
HOSTILE = '<script>alert(1)</script><img src=x onerror=alert(2)> & "quoted" \u202ebackwards'
VOID = {"meta", "img", "br", "hr"}


class Page(HTMLParser):
    """A page as a browser would take it apart: its elements and their attributes, with those left open."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def values(self, name: str) -> list[str]:
        return [str(given[name]) for _, given in self.elements if name in given]


def write(program: Program, *words: str) -> str:
    answer = program("docs", *words)
    assert answer.code == 0, answer.text
    assert "wrote site.html" in answer.err
    return Path("site.html").read_text(encoding="utf-8")


def check_page(text: str) -> Page:
    page = Page(text)
    assert page.open == []
    tags = {tag for tag, _ in page.elements}
    assert not tags & {"script", "link", "iframe", "object", "embed", "base", "form"}
    assert not [name for _, given in page.elements for name in given if name.startswith("on")]
    assert all(source.startswith("data:image/") for source in page.values("src"))
    assert "http://" not in text
    assert "url(" not in text
    ids = page.values("id")
    assert len(ids) == len(set(ids))
    inside = {one.removeprefix("#") for one in page.values("href") if one.startswith("#")}
    assert inside <= set(ids)
    return page


@pytest.mark.slow
def test_the_page_says_what_the_clinic_declares(intake: Path, program: Program) -> None:
    text = write(program)
    page = check_page(text)

    assert {"d-intake", "d-book-visit", "d-patient-lookup", "d-sign-in", "t-Patient"} <= set(page.values("id"))
    assert "Signs in, finds the patient&#x27;s chart and books the visit" in text
    assert "<code>$epic_password</code>" in text
    assert "<code>mrn ← lookup.mrn</code>" in text
    assert '<dt>Used by</dt><dd><a href="#d-intake">intake</a></dd>' in text
    assert "Make sure that the banner of the open chart shows the record number <mark>{mrn}</mark>" in text
    assert len({one for one in page.values("src") if one.startswith("data:image/png;base64,")}) == 3
    assert "17 of 17 passed" in text
    assert "100 % of its points were gone through." in text
    assert "Last receipt" not in text


@pytest.mark.slow
def test_the_same_project_gives_the_same_bytes(intake: Path, program: Program) -> None:
    assert write(program) == write(program)


def test_pipelines_functions_and_tasks_are_there(example: Callable[[str], Path], program: Program) -> None:
    example("month-end")
    text = write(program, "--no-tests")
    check_page(text)

    assert '<a href="#d-list-invoices">list-invoices</a>' in text
    assert '<a href="#d-file-invoice">file-invoice</a>, each invoice' in text
    assert "<code>flows.glue:total</code>" in text
    assert "<dt>Runs on Cyberun</dt>" in text
    assert '<td data-name="Test">a-small-month-is-closed-unasked</td>' in text
    assert "passed" not in text.partition("</style>")[2]


def test_the_last_receipt_is_told(intake: Path, program: Program) -> None:
    head = {"version": 2, "project": "patient-intake", "target": "local", "plan": "1" * 64}
    change = {"action": "create", "kind": "workflow", "status": "created"}
    for day, exit_code in (("20260301", 0), ("20260302", None)):
        told = {
            **head,
            "at": f"{day}T100000",
            "by": "ada",
            "approved_by": "Dr. <Bo>",
            "commit": "abc+",
            "exit_code": exit_code,
            "changes": [{**change, "name": "sign-in"}, {**change, "name": "<gone>"}],
        }
        path = intake / ".cyberflow" / "receipts" / f"{day}T100000000000.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(told), encoding="utf-8")
    text = write(program, "--no-tests")
    check_page(text)

    assert "<dt>When</dt><dd>20260302T100000</dd>" in text
    assert "<dt>Approved by</dt><dd>Dr. &lt;Bo&gt;</dd>" in text
    assert "<dt>Exit code</dt><dd>none: it was never over</dd>" in text
    assert "<dt>Changes</dt><dd>2 created</dd>" in text
    assert '<a href="#d-sign-in">sign-in</a></td><td data-name="Change">create</td>' in text
    assert "<code>&lt;gone&gt;</code>" in text
    assert "20260301" not in text


def test_foreign_text_stays_text(intake: Path, program: Program) -> None:
    quoted = json.dumps(HOSTILE)
    replace(intake / "chains.yaml", "description: Signs in", f"description: {quoted} # Signs in")
    replace(intake / "workflows.yaml", "description: Books", f"description: {quoted} # Books")
    prompt = intake / "prompts" / "book-visit.md"
    prompt.write_text(
        prompt.read_text(encoding="utf-8") + "\n\n`<b onclick=x>` [away](https://example.com/?a=1&b=2)\n", "utf-8"
    )
    text = write(program, "--no-tests")
    check_page(text)

    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "\u202e" not in text
    assert "<code>&lt;b onclick=x&gt;</code>" in text
    assert '<a href="https://example.com/?a=1&amp;b=2">away</a>' in text


def test_a_prompt_in_the_wire_form_is_sanitised_too(intake: Path, program: Program) -> None:
    replace(intake / "workflows.yaml", "prompts/sign-in.md", "prompts/sign-in.wire")
    (intake / "prompts" / "sign-in.wire").write_text(
        '<p onclick="x()">{username} {$password} <a href="javascript:alert(1)">c</a><img src="http://e.com/x.png">'
        "<script>alert(1)</script></p></div></article><svg><title><img src=x onerror=y></title></svg><pre>\n\n&lt;b>"
        + "<div>"
        * 2000,
        encoding="utf-8",
    )
    text = write(program, "--no-tests")
    page = check_page(text)

    assert "<p><mark>{username}</mark> <mark>{$password}</mark> <a>c</a>" in text
    assert "<pre>\n\n&lt;b&gt;" in text
    assert [tag for tag, _ in page.elements].count("article") == 1 + 3 + 4


def test_errors_of_the_project_are_told_and_nothing_is_written(intake: Path, program: Program) -> None:
    replace(intake / "chains.yaml", "workflow: sign-in", "workflow: sign-inn")
    answer = program("docs")

    assert answer.code == 1
    assert "there is no workflow `sign-inn`" in answer.text
    assert not Path("site.html").exists()


def test_a_secret_of_the_machine_is_not_in_the_page(
    intake: Path, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in re.findall(r"env: (\w+)", (intake / "cyberflow.yaml").read_text(encoding="utf-8")):
        monkeypatch.setenv(name, "Tr0ub4dor-and-3")
    assert "Tr0ub4dor-and-3" not in write(program, "--no-tests")


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/stdout").exists(), reason="a device of Unix")
def test_it_goes_where_the_standard_output_goes(example: Callable[[str], Path]) -> None:
    folder = example("red-panda")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    script = (
        f"{SHELL} one.html && {SHELL} /dev/stdout | cat > two.html && (echo begin; {SHELL} /dev/stdout) > three.html"
    )
    subprocess.run(["bash", "-ec", script], cwd=folder, env={**os.environ, "PATH": path}, check=True, timeout=120)

    page = (folder / "one.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert (folder / "two.html").read_text(encoding="utf-8") == page
    assert (folder / "three.html").read_text(encoding="utf-8") == f"begin\n{page}"
