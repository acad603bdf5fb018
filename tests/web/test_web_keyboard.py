"""The page with the keyboard alone: a chain is found, started, followed and left again without a pointer."""

from __future__ import annotations

import json

import pytest

from tests.web.browser import Browser
from tests.web.test_web_alive import SHOWN, STATES, WHO, page, project

__all__ = ["page", "project"]
pytestmark = [pytest.mark.slow, pytest.mark.enable_socket]
MOST_STOPS = 120
FOCUS = "document.activeElement"
NAME = f"""(() => {{
    const one = {FOCUS};
    if (one === document.body) return '';
    const label = one.closest('.labelled')?.querySelector('code')?.innerText ?? one.dataset.step;
    return label ?? (one.getAttribute('aria-label') || one.innerText || '').trim().split('\\n')[0];
}})()"""
SEEN = f"""[{FOCUS}, {FOCUS}.parentElement].map((one) => getComputedStyle(one))
    .some((style) => style.outlineStyle !== 'none' || style.boxShadow !== 'none')"""


def tab_to(browser: Browser, name: str) -> None:
    """Press Tab until what has this name is reached; on the way, whatever has the focus is seen to have it."""
    passed: list[str] = []
    for _ in range(MOST_STOPS):
        browser.press("Tab")
        here = browser.ask(NAME)
        assert here == "" or browser.ask(SEEN), (here, browser.ask(f"{FOCUS}.outerHTML.slice(0, 200)"))
        if here == name:
            return
        passed.append(here)
    pytest.fail(f"{name!r} is not reached, but {passed}")


def write(browser: Browser, name: str, text: str) -> None:
    tab_to(browser, name)
    for key in text:
        browser.press(key)


def test_a_chain_is_found_started_and_followed(browser: Browser, page: str) -> None:
    browser.open(page)
    browser.until(f"{SHOWN}.includes('No runs yet.')")

    tab_to(browser, "Chains")
    browser.press("Enter")
    browser.until(f"location.hash === '#/chains' && {SHOWN}.includes('intake')")
    tab_to(browser, "intake")
    browser.press("Enter")
    browser.until("!!document.querySelector('.run-form')")
    write(browser, "patient", json.dumps(WHO))
    write(browser, "date", "03012026")
    write(browser, "username", "svc-intake")
    write(browser, "$epic_password", "env:EPIC_PASSWORD")
    write(browser, "referral", "inputs.json")
    browser.press("Enter")
    browser.until(f"location.hash.startsWith('#/sessions/') && ({STATES}) === 'success,success,success'")

    tab_to(browser, "lookup")
    browser.press("Enter")
    browser.until("document.querySelector('.step-head a')?.innerText === 'lookup'")
    assert browser.ask(NAME) == "lookup"
    tab_to(browser, "Runs")
    browser.press("Enter")
    browser.until("location.hash === '#/runs'")
    assert browser.complaints == []
