from __future__ import annotations

import pytest

from cyberflow.client.http.errors import ApiError, ErrorResponse, Unreachable
from cyberflow.client.http.status import status_meaning


def refusal(status: int) -> ApiError:
    return ApiError(ErrorResponse("POST", "/v1/runs/chain", status, "no"))


@pytest.mark.parametrize(
    "status", [400, 401, 402, 403, 404, 405, 409, 410, 411, 413, 414, 415, 422, 425, 429, 431, 451]
)
def test_a_refusal_left_nothing_behind(status: int) -> None:
    """But where an earlier try of the same request may have been carried out, nothing is claimed."""
    error = refusal(status)

    assert error.nothing_was_made
    error.earlier_try_may_have_arrived = True
    assert not error.nothing_was_made


@pytest.mark.parametrize("status", [200, 201, 302, 303, 408, 499, 500, 501, 502, 503, 504, 520, 599])
def test_of_what_is_no_refusal_nothing_is_claimed(status: int) -> None:
    assert not refusal(status).nothing_was_made


@pytest.mark.parametrize(
    ("meaning", "statuses"),
    [
        ("retried", {408, 429, 500, 502, 503, 504}),
        ("credentials", {401, 402, 407}),
        ("not_found", {404, 410}),
        ("about_request", {400, 409, 413, 422}),
    ],
)
def test_each_meaning_is_that_of_a_few_statuses(meaning: str, statuses: set[int]) -> None:
    assert {status for status in range(400, 600) if getattr(status_meaning(status), meaning)} == statuses


def test_trouble_passes_but_for_what_a_server_will_never_do() -> None:
    assert {status for status in range(500, 600) if not status_meaning(status).transient} == {501, 505}
    assert {status for status in range(400, 500) if status_meaning(status).transient} == {408, 425, 429}


def test_an_unsent_request_left_nothing_behind() -> None:
    assert Unreachable("https://a", "name not found", may_have_arrived=False).nothing_was_made
    assert not Unreachable("https://a", "connection reset").nothing_was_made
