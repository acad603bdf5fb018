from __future__ import annotations

import pytest

from tests.web.loopback import Fetch

KEY = {"Authorization": "Bearer cd_test"}
EVERYWHERE = ["/", "/session.json", "/assets/js/app.js", "/v1/runs", "/v1/health", "/nothing"]


@pytest.mark.parametrize("host", ["127.0.0.1:7700", "127.0.0.1", "localhost:7700", "LOCALHOST:7700", "[::1]:7700"])
@pytest.mark.parametrize("path", ["/", "/session.json", "/v1/runs"])
def test_loopback_names_are_answered(fetch: Fetch, host: str, path: str) -> None:
    assert fetch(path, host=host, headers=KEY).status_code == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:7700", "127.0.0.1.evil.example", "localhost.evil.example", "192.168.0.7", "0.0.0.0"],
)
@pytest.mark.parametrize("path", EVERYWHERE)
def test_a_name_that_was_rebound_to_loopback_is_refused(fetch: Fetch, host: str, path: str) -> None:
    refused = fetch(path, host=host, headers=KEY)

    assert refused.status_code == 421
    assert refused.json()["message"] == "This server answers to 127.0.0.1 and localhost only"


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "http://127.0.0.1:3000", "http://localhost:7700", "https://127.0.0.1:7700", "null"],
)
@pytest.mark.parametrize("method", ["GET", "POST", "PATCH"])
def test_requests_of_other_origins_are_refused(fetch: Fetch, origin: str, method: str) -> None:
    assert fetch("/v1/runs", method=method, headers=KEY | {"Origin": origin}).status_code == 403


def test_our_own_origin_is_answered(fetch: Fetch) -> None:
    assert fetch("/v1/runs", headers=KEY | {"Origin": "http://127.0.0.1:7700"}).status_code == 200


@pytest.mark.parametrize("began", ["cross-site", "same-site"])
@pytest.mark.parametrize("path", EVERYWHERE)
def test_what_another_site_embeds_is_refused(fetch: Fetch, began: str, path: str) -> None:
    headers = KEY | {"Sec-Fetch-Site": began, "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "script"}

    assert fetch(path, headers=headers).status_code == 403


def test_a_link_from_another_site_opens_the_page_but_no_frame_of_it(fetch: Fetch) -> None:
    visit = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}

    assert fetch("/", headers=visit).status_code == 200
    assert fetch("/", headers=visit | {"Sec-Fetch-Dest": "iframe"}).status_code == 403
    assert fetch("/v1/runs", method="POST", headers=visit).status_code == 403


def test_two_host_headers_are_refused(fetch: Fetch) -> None:
    headers = [("Host", "127.0.0.1:7700"), ("Host", "evil.example")]

    assert fetch("/session.json", headers=headers).status_code == 421


def test_no_answer_allows_another_site_to_read_it(fetch: Fetch) -> None:
    for path in EVERYWHERE:
        names = {name.lower() for name in fetch(path, headers=KEY).headers}
        assert not any(name.startswith("access-control-") for name in names)


def test_what_the_platform_serves_is_inert_as_a_document(fetch: Fetch) -> None:
    answer = fetch("/v1/runs", headers=KEY)

    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox; frame-ancestors 'none'"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"


def test_the_platform_behind_keeps_its_own_answers(fetch: Fetch) -> None:
    assert fetch("/v1/runs").status_code == 403
    assert fetch("/v1/nothing", headers=KEY).json()["message"] == "Not Found"
    assert fetch("/v1/tags/x", method="DELETE", headers=KEY).status_code == 404
