from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from tests.web.browser import Browser

pytestmark = pytest.mark.slow
SHOWN = "(document.getElementById('view')?.innerText ?? '')"


def made(client: httpx.Client, path: str, body: Any, **headers: str) -> Any:
    answer = client.post(path, json=body, headers=headers)
    assert answer.is_success, answer.text
    return answer.json()


def workflow(client: httpx.Client, name: str, **fields: Any) -> str:
    return str(made(client, "/v1/workflows", {"name": name, "main_prompt": "<p>Open it.</p>"} | fields)["id"])


def chain(client: httpx.Client, **seconds: float) -> tuple[str, list[str]]:
    """A chain of one step per alias, each with its own workflow."""
    script = {alias: {"seconds": length} for alias, length in seconds.items()}
    kept = made(client, "/v1/local/scripts", {"script": script})["id"]
    steps = [{"workflow_id": workflow(client, f"Work {alias}"), "session_alias": alias} for alias in seconds]
    answer = made(client, "/v1/runs/chain", {"steps": steps}, **{"X-Cyberflow-Script": kept})
    return answer["session_id"], answer["run_ids"]


def status(client: httpx.Client, run: str) -> str:
    return str(client.get(f"/v1/runs/{run}").json()["status"])


def click(browser: Browser, text: str, *, inside: str = "document") -> None:
    found = f"[...{inside}.querySelectorAll('button')].find((one) => one.innerText.trim() === {text!r})"
    browser.until(f"!!{found}")
    browser.ask(f"{found}.click()")


def test_an_empty_platform_says_what_to_type(browser: Browser, address: str) -> None:
    browser.open(address)
    browser.until(f"{SHOWN}.includes('No runs yet.') && {SHOWN}.includes('cyberflow apply')")
    browser.open(f"{address}/#/workflows")
    browser.until(f"{SHOWN}.includes('No workflows yet.')")
    browser.open(f"{address}/#/machines")
    browser.until(f"{SHOWN}.includes('local-1') && {SHOWN}.includes('available')")
    assert browser.complaints == []


def test_the_list_follows_a_chain_by_itself(browser: Browser, client: httpx.Client, address: str) -> None:
    browser.open(address)
    browser.until(f"{SHOWN}.includes('No runs yet.')")

    chain(client, lookup=3, book=3)

    browser.until(f"{SHOWN}.includes('lookup → book')")
    browser.until("document.querySelectorAll('.chain .steps .status.running').length === 1")
    browser.until("document.querySelectorAll('.chain .steps .status.success').length === 2")
    assert browser.ask("document.querySelector('.chain .top .status').innerText") == "Success"
    assert browser.complaints == []


def test_focus_stays_where_it_was_when_a_row_changes(browser: Browser, client: httpx.Client, address: str) -> None:
    _, runs = chain(client, lookup=2)
    row = f'a[href="#/runs/{runs[0]}"]'
    browser.open(address)
    browser.until(f"!!document.querySelector('{row} .running')")
    browser.ask(f"document.querySelector('{row}').focus()")

    browser.until(f"!!document.querySelector('{row} .success')")

    assert browser.ask(f"document.activeElement === document.querySelector('{row}')")


def test_filters_by_status_and_text_and_keeps_them_in_the_address(
    browser: Browser, client: httpx.Client, address: str
) -> None:
    one, other = workflow(client, "Alpha"), workflow(client, "Beta")
    kept = made(client, "/v1/local/scripts", {"script": {other: {"seconds": 0, "error": "no window"}}})["id"]
    made(client, "/v1/runs", {"workflow_id": one, "input_values": {"chart": "K-4711"}})
    made(client, "/v1/runs", {"workflow_id": other}, **{"X-Cyberflow-Script": kept})
    browser.open(address)
    browser.until("document.querySelectorAll('a.row').length === 2")

    click(browser, "Failed")
    browser.until(f"{SHOWN}.includes('Beta') && !{SHOWN}.includes('Alpha')")
    assert browser.ask("location.hash") == "#/runs?status=failed"
    click(browser, "All")
    browser.press("/")
    assert browser.ask("document.activeElement.type") == "search"
    for key in "k-4711":
        browser.press(key)
    browser.until(f"{SHOWN}.includes('Alpha') && !{SHOWN}.includes('Beta')")
    browser.until("location.hash === '#/runs?q=k-4711'")
    browser.open("about:blank")
    browser.open(f"{address}/#/runs?q=nowhere")
    browser.until(f"{SHOWN}.includes('No run fits this filter.')")


def test_rows_and_views_are_reached_by_keyboard(browser: Browser, client: httpx.Client, address: str) -> None:
    _, runs = chain(client, lookup=0, book=0)
    browser.open(address)
    browser.until("document.querySelectorAll('a.row').length === 2")
    browser.press("/")
    browser.press("ArrowDown")
    browser.press("ArrowDown")
    assert browser.ask("document.activeElement.hash") == f"#/runs/{runs[1]}"

    browser.ask("document.activeElement.click()")

    browser.until("document.activeElement.tagName === 'H1' && document.activeElement.innerText.includes('book')")
    browser.until("document.title.startsWith('Work book')")


def test_cancelling_asks_first(browser: Browser, client: httpx.Client, address: str) -> None:
    _, runs = chain(client, lookup=600, book=600)
    browser.open(f"{address}/#/runs/{runs[0]}")

    click(browser, "Cancel run")
    click(browser, "Keep it")
    browser.until("document.querySelector('dialog') === null")
    assert status(client, runs[0]) == "running"
    click(browser, "Cancel run")
    click(browser, "Cancel run", inside="document.querySelector('dialog')")

    browser.until("document.querySelector('.actions .status').innerText === 'Cancelled'")
    assert [status(client, run) for run in runs] == ["cancelled", "cancelled"]


def test_releasing_a_machine_names_what_it_cancels(browser: Browser, client: httpx.Client, address: str) -> None:
    _, runs = chain(client, lookup=600, book=600)
    browser.open(f"{address}/#/machines")

    click(browser, "Release")
    said = browser.until("document.querySelector('dialog')?.innerText")
    assert "2 runs of it are cancelled" in said
    assert "lookup" in said
    assert "book" in said
    click(browser, "Release", inside="document.querySelector('dialog')")

    browser.until(f"{SHOWN}.includes('available')")
    assert [status(client, run) for run in runs] == ["cancelled", "cancelled"]


def test_images_come_through_signed_urls(browser: Browser, client: httpx.Client, address: str) -> None:
    out = io.BytesIO()
    Image.new("RGB", (40, 20), "teal").save(out, "PNG")
    image = client.post("/v1/workflows/prompt-image", files={"file": ("a.png", out.getvalue(), "image/png")}).json()
    shown = workflow(
        client, "Pictures", main_prompt=f'<p>Click <img src="{image["supabase_url"]}" alt="the button"></p>'
    )
    run = made(client, "/v1/runs", {"workflow_id": shown})["id"]

    browser.open(f"{address}/#/workflows/{shown}")
    browser.until("document.querySelector('.prompt img')?.naturalWidth === 40")
    browser.open(f"{address}/#/runs/{run}")
    browser.until("document.querySelector('.shot img')?.naturalWidth > 100")
    browser.ask("document.querySelector('.shot').click()")
    browser.until("document.querySelector('dialog.light img')?.naturalWidth > 100")
    assert browser.complaints == []


def test_versions_say_what_changed(browser: Browser, client: httpx.Client, address: str) -> None:
    shown = workflow(client, "Versions", input_schema='{"type": "object", "$comment": "cyberflow:a/b new 0"}')
    for change in ({"input_schema": '{"type": "object", "$comment": "cyberflow:a/b x 0"}'}, {"main_prompt": "Other."}):
        client.patch(f"/v1/workflows/{shown}", json=change).raise_for_status()

    browser.open(f"{address}/#/workflows/{shown}")
    browser.until("document.querySelectorAll('.versions li').length === 3")

    told = browser.ask("[...document.querySelectorAll('.versions .line')].map((one) => one.children[1].innerText)")
    assert told == ["prompt", "marker", "created"]


def test_an_attachment_is_downloaded_under_a_safe_name(
    browser: Browser, client: httpx.Client, address: str, tmp_path: Path
) -> None:
    file = {"filename": "../../odd:name.txt", "content": "aGVsbG8=", "target_path": "C:/in/x.txt"}
    run = made(client, "/v1/runs", {"workflow_id": workflow(client, "Files"), "file_inputs": [file]})["id"]
    browser.send("Page.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
    browser.open(f"{address}/#/runs/{run}")

    browser.until("!!document.querySelector('.files button')")
    browser.ask("document.querySelector('.files button').click()")
    browser.until("document.querySelector('.files button').disabled === false")
    browser.until("new Promise((resolve) => setTimeout(() => resolve(true), 500))")

    assert [path.read_text() for path in tmp_path.glob("*name.txt")] == ["hello"]


def test_what_is_not_there_is_said(browser: Browser, address: str) -> None:
    for path in (
        "runs/00000000-0000-4000-8000-000000000000",
        "runs/..%2Fmachines",
        "workflows/x",
        "machines/1",
        "other",
    ):
        browser.open(f"{address}/#/{path}")
        browser.until(f"{SHOWN}.includes('There is nothing at this address.')")
        browser.open("about:blank")


def test_a_platform_with_a_key_asks_for_it(browser: Browser, keyed_address: str) -> None:
    browser.open(keyed_address)
    browser.until(f"{SHOWN}.includes('asks for its API key')")
    browser.ask("document.querySelector('input[type=password]').value = 'wrong'")
    click(browser, "Open")
    browser.until(f"{SHOWN}.includes('That key was refused.')")
    browser.ask("document.querySelector('input[type=password]').value = 'cd_sesame'")
    click(browser, "Open")
    browser.until(f"{SHOWN}.includes('No runs yet.')")


def test_a_key_in_the_fragment_opens_and_leaves_the_address(browser: Browser, keyed_address: str) -> None:
    browser.open(f"{keyed_address}/#key=cd_sesame")
    browser.until(f"{SHOWN}.includes('No runs yet.')")
    assert browser.ask("location.href") == f"{keyed_address}/#/runs"


@pytest.mark.parametrize("width", [360, 420, 800, 1280])
def test_no_view_is_wider_than_its_window(browser: Browser, client: httpx.Client, address: str, width: int) -> None:
    long = "a" * 250
    shown = workflow(client, long, main_prompt=f"<p>{long}</p><pre>{long}</pre>")
    run = made(client, "/v1/runs", {"workflow_id": shown, "input_values": {long: long}})["id"]
    browser.size(width, 800)
    for path in ("runs", f"runs/{run}", "workflows", f"workflows/{shown}", "machines"):
        browser.open(f"{address}/#/{path}")
        browser.until("!!document.querySelector('#view h1')")
        browser.ask("new Promise((resolve) => setTimeout(() => resolve(true), 300))")
        assert browser.ask("document.documentElement.scrollWidth <= innerWidth"), path
