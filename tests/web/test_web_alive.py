"""The page of a project as people use it: chains that move, forms, buttons, commands to copy, and what axe says."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.processes import started
from tests.web.browser import Browser

pytestmark = [pytest.mark.slow, pytest.mark.enable_socket]
HERE = Path(__file__).parent
EXAMPLE = HERE.parents[1] / "examples" / "patient-intake"
AXE = HERE / "node_modules" / "axe-core" / "axe.min.js"
TSC = HERE / "node_modules" / "typescript" / "bin" / "tsc"
SHOWN = "(document.getElementById('view')?.innerText ?? '')"
WHO = {"name": {"first": "Ada", "last": "Lovelace"}, "dob": "1990-01-01"}
STATES = "[...document.querySelectorAll('.drawing [data-step]')].map((one) => one.dataset.status).join()"
ADDRESSES = ["#/runs", "#/chains", "#/chains/intake", "#/project", "#/ledgers", "#/workflows", "#/machines"]
SERIOUS = """axe.run(document, {resultTypes: ['violations']}).then((all) => all.violations
    .filter((one) => ['serious', 'critical'].includes(one.impact))
    .map((one) => [one.id, ...one.nodes.slice(0, 3).map((node) => node.html.slice(0, 160))]))"""
CYBERFLOW = [sys.executable, "-m", "cyberflow"]
ENVIRONMENT = {**os.environ, "EPIC_PASSWORD": "canary-4711"}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "clinic"
    shutil.copytree(EXAMPLE, root, ignore=shutil.ignore_patterns(".cyberflow"))
    hostile = "<script>document.title='taken'</script><img src=x onerror=document.title='taken'>"
    chains = root / "chains.yaml"
    text = chains.read_text("utf-8")
    described = "description: Signs in, finds the patient's chart and books the visit"
    assert described in text
    chains.write_text(text.replace(described, f"description: {json.dumps(hostile)}"), "utf-8")
    return root


@pytest.fixture
def page(project: Path) -> Iterator[str]:
    """The address of `cyberflow dev` for the project, with its workflows on it."""
    command = [*CYBERFLOW, "dev", "--port", "0"]
    with started(command, cwd=project, stdout=subprocess.PIPE, env=ENVIRONMENT, text=True) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(3)]
        applied = subprocess.run([*CYBERFLOW, "apply", "--target", "local", "--yes"], cwd=project, check=False)
        assert applied.returncode == 0
        yield lines[2].removeprefix("page: ").strip()
        process.send_signal(signal.SIGINT)
        assert process.wait(120) == 0


def go(browser: Browser, address: str) -> None:
    browser.ask(f"void (location.hash = {address!r})")


def fill(browser: Browser, name: str, value: str) -> None:
    labels = "[...document.querySelectorAll('.labelled')]"
    field = f"{labels}.find((one) => one.querySelector('code').innerText === {name!r}).querySelector('.field')"
    event = "field.dispatchEvent(new Event('input', {bubbles: true}))"
    browser.ask(f"{{ const field = {field}; field.value = {value!r}; {event}; }}")


def start(browser: Browser, page: str) -> None:
    """Start the chain by its form."""
    browser.open(page)
    browser.until(f"{SHOWN}.includes('No runs yet.')")
    fill_and_run(browser)


def fill_and_run(browser: Browser) -> None:
    go(browser, "#/chains/intake")
    browser.until("!!document.querySelector('.run-form')")
    fill(browser, "patient", json.dumps(WHO))
    fill(browser, "date", "2026-03-01")
    fill(browser, "username", "svc-intake")
    fill(browser, "$epic_password", "env:EPIC_PASSWORD")
    fill(browser, "referral", "inputs.json")
    browser.ask("document.querySelector('.run-form .primary').click()")
    browser.until("location.hash.startsWith('#/sessions/')")


def test_a_chain_that_was_started_by_its_form_moves_from_scheduling_to_success(browser: Browser, page: str) -> None:
    start(browser, page)

    seen = [browser.until(f"/[a-z]/.test({STATES}) && {STATES}")]
    while seen[-1] != "success,success,success":
        seen.append(browser.until(f"({STATES}) !== {seen[-1]!r} && ({STATES})"))

    assert "running" in seen[0] or "scheduling" in seen[0]
    assert any(states.startswith("success,running") for states in seen)
    assert browser.until(f"{SHOWN}.includes('← lookup.outputs.mrn')")
    assert "canary" not in browser.ask("document.documentElement.outerHTML")
    assert browser.ask("document.title") != "taken"
    assert browser.complaints == []


def test_the_step_is_chosen_with_the_keyboard(browser: Browser, page: str) -> None:
    start(browser, page)
    browser.until(f"({STATES}) === 'success,success,success'")

    browser.ask("document.querySelector('.drawing [data-step=lookup]').focus()")
    browser.press("Enter")

    shown = "!!document.querySelector('.step-head a')?.innerText.includes('lookup')"
    browser.until(f"location.hash.endsWith('step=lookup') && {shown}")


def test_the_command_that_is_copied_works_where_it_is_pasted(browser: Browser, page: str, project: Path) -> None:
    start(browser, page)
    browser.until(f"({STATES}) === 'success,success,success'")
    fill(browser, "referral", "inputs.json")
    text = browser.until("document.querySelector('.again .command code')?.innerText")

    words = shlex.split(text)
    assert words[0] == "cyberflow"
    done = subprocess.run(
        [*CYBERFLOW, *words[1:]], cwd=project, env=ENVIRONMENT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    go(browser, "#/runs")
    browser.until("document.querySelectorAll('.chain .top').length === 2")


def test_findings_appear_as_the_file_is_saved(browser: Browser, page: str, project: Path) -> None:
    browser.open(page)
    browser.until(f"{SHOWN}.includes('No runs yet.')")
    go(browser, "#/project")
    browser.until(f"{SHOWN}.includes('Everything that is declared fits together.')")

    chains = project / "chains.yaml"
    chains.write_text(chains.read_text("utf-8").replace("lookup.outputs.mrn", "lookup.outputs.mrm", 1), "utf-8")

    browser.until(f"{SHOWN}.includes('unknown-output') && {SHOWN}.includes('1 error')")
    assert browser.complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_every_address_fits_and_axe_finds_nothing_serious(browser: Browser, page: str, width: int, scheme: str) -> None:
    if not AXE.is_file():
        pytest.skip("axe is not here: `npm ci` in tests/web")
    browser.size(width, 900)
    browser.media(scheme)
    start(browser, page)
    browser.until(f"({STATES}) === 'success,success,success'")
    session = browser.ask("location.hash.split('?')[0]")
    run = browser.ask("document.querySelector('.step-head a').getAttribute('href')")
    workflow = browser.ask(f"fetch('/session.json').then(() => {run!r})")
    del workflow
    for address in (
        session,
        run,
        "#/runs",
        "#/chains",
        "#/chains/intake",
        "#/project",
        "#/ledgers",
        "#/workflows",
        "#/machines",
    ):
        go(browser, address)
        browser.until(f"location.hash.startsWith({address!r}) && !!document.querySelector('#view h1')")
        browser.ask("new Promise((done) => setTimeout(done, 400))")
        assert browser.ask("document.scrollingElement.scrollWidth <= innerWidth"), address
        browser.ask(AXE.read_text("utf-8") + "; true")
        assert browser.ask(SERIOUS) == [], address
    assert browser.complaints == []


def test_the_scripts_have_the_types_that_they_say() -> None:
    if not TSC.is_file() or shutil.which("node") is None:
        pytest.skip("TypeScript is not here: `npm ci` in tests/web")
    command = ["node", str(TSC), "-p", str(HERE / "tsconfig.json")]

    done: Any = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.stdout == ""
