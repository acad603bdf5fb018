from __future__ import annotations

import httpx
import pytest

from tests.web.browser import Browser
from tests.web.hostile import CANARY, World, attack, build

pytestmark = pytest.mark.slow
SHOWN = "(document.getElementById('view')?.innerText ?? '')"
HARMFUL = """[...document.querySelectorAll('*')].filter((element) =>
    ['IFRAME', 'OBJECT', 'FORM', 'STYLE', 'MATH'].includes(element.tagName.toUpperCase())
    || [...element.attributes].some(({name, value}) => name.startsWith('on')
        || (['href', 'src', 'action', 'formaction'].includes(name) && /^\\s*javascript:/i.test(value)))
    ).map((element) => element.outerHTML)"""


def visit(browser: Browser, url: str) -> None:
    browser.open("about:blank")
    browser.open(url)
    browser.until("!!document.querySelector('#view h1')")


def unfold(browser: Browser) -> None:
    browser.ask("document.querySelectorAll('details').forEach((one) => { one.open = true; }); true")
    browser.ask("new Promise((resolve) => setTimeout(() => resolve(true), 300))")


def views(address: str, world: World) -> dict[str, tuple[str, ...]]:
    """Each view, and the places whose texts must be readable there as they are."""
    run = ("wf-name", "key", "value", "out-key", "out-value", "out-deep", "talk-text", "tool", "arg", "arg-value")
    return {
        f"{address}/#/runs": ("wf-name", "error-text", "alias"),
        f"{address}/#/runs/{world.run}": (*run, "result", "odd-x", "plain-content", "file", "check-name"),
        f"{address}/#/runs/{world.failed}": ("error-text",),
        f"{address}/#/runs/{world.live}": ("alias", "m-name"),
        f"{address}/#/sessions/{world.session}": ("alias", "m-name", "wf-name"),
        f"{address}/#/workflows": ("wf-name", "tag-name"),
        f"{address}/#/workflows/{world.workflow}": ("wf-name", "in-name", "in-text", "check-name", "command"),
        f"{address}/#/machines": ("m-name", "m-host", "m-os", "m-key", "m-value", "pool-name", "pool-text"),
    }


def test_hostile_texts_stay_texts_and_secrets_are_nowhere(browser: Browser, client: httpx.Client, address: str) -> None:
    world = build(client)

    for url, places in views(address, world).items():
        visit(browser, url)
        for place in places:
            browser.until(f"document.getElementById('view').textContent.includes({attack(place)!r})")
        unfold(browser)
        assert browser.ask(HARMFUL) == [], url
        assert browser.ask("document.querySelectorAll('script').length") == 1, url
        assert browser.ask("document.documentElement.dataset.pwned ?? ''") == "", url
        assert CANARY not in browser.ask("document.documentElement.outerHTML"), url
    # The policy blocks once more what the prompt's markup asks for, in the document that is never shown.
    others = [text for text in browser.complaints if "has been blocked" not in text]
    assert len(others) <= 1
    assert all("image_url=supabase%3A%2F%2Frun-images%2F..%2Fx" in text for text in others)


def test_the_names_of_secrets_are_shown(browser: Browser, client: httpx.Client, address: str) -> None:
    world = build(client)

    visit(browser, f"{address}/#/runs/{world.run}")
    browser.until(f"{SHOWN}.includes('{{$pin}}')")
    visit(browser, f"{address}/#/machines")
    browser.until(f"{SHOWN}.includes('{{$badge}}') && {SHOWN}.includes('{{$key}}')")


def test_a_hostile_prompt_keeps_its_words_and_loses_the_rest(
    browser: Browser, client: httpx.Client, address: str
) -> None:
    world = build(client)

    visit(browser, f"{address}/#/workflows/{world.workflow}")
    browser.until("!!document.querySelector('.prompt')")
    shown = browser.ask("document.querySelector('.prompt').innerText")

    for kept in (
        "prompt-heading",
        "script-link",
        "odd-link",
        "good-link",
        "button-text",
        "inside-details",
        "write {literal}",
    ):
        assert kept in shown
    assert "dataset.pwned" not in shown
    links = browser.ask(
        "[...document.querySelectorAll('.prompt a')].map((one) => [one.textContent, one.href, one.rel])"
    )
    assert links == [["good-link", "https://example.com/manual", "noopener noreferrer"]]
    tokens = browser.ask(
        "[...document.querySelectorAll('.prompt .token')].map((one) => [one.className, one.textContent])"
    )
    assert tokens == [["token input", "{name}"], ["token secret", "{$pin}"], ["token runtime", "{{seen}}"]]
    assert browser.ask("document.querySelectorAll('.prompt img').length") == 0
