"""What an HTTP status means: the one table that every caller asks, by way of `ApiError`.

Only what the service or the standard promises counts as a refusal; of everything else nothing is claimed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class StatusMeaning:
    """`retried`: the same request is sent again at once. `transient`: it may succeed later. `nothing_was_made`: the
    request was turned down and left nothing behind. `credentials`: every request under this key fares alike.
    `not_found`: what was named is not there. `about_request`: what the request holds is at fault, another may do.
    """

    retried: bool = False
    transient: bool = False
    nothing_was_made: bool = False
    credentials: bool = False
    not_found: bool = False
    about_request: bool = False
    help: str | None = None


_TROUBLE = StatusMeaning(retried=True, transient=True, help="the service failed, not the request: try again later")
_LATER = replace(_TROUBLE, retried=False)
_FOREIGN = replace(_LATER, transient=False)
_REFUSED = StatusMeaning(nothing_was_made=True)
_MISSING = replace(
    _REFUSED,
    not_found=True,
    help="there is no such thing in the organisation of this key: it was deleted, or belongs to another one",
)
_AT_FAULT = replace(_REFUSED, about_request=True)
_KEY = replace(
    _REFUSED,
    credentials=True,
    help="the key was rejected: check that the target's `api_key` names a valid key of this service",
)
UNKNOWN = StatusMeaning()
IN_PROGRESS = replace(_TROUBLE, help="an earlier sending of this very request is still at work there: try again later")
CUT_SHORT = StatusMeaning(
    retried=True, transient=True, help="the answer cannot be read: is the url really that of the service?"
)
"""A success that is not an answer of the service: a web page, or JSON that breaks off."""

TABLE = {
    301: _REFUSED,
    307: _REFUSED,
    308: _REFUSED,
    400: _AT_FAULT,
    401: replace(
        _KEY, help="the key was rejected: check that the target's `api_key` names a valid key of this service"
    ),
    402: replace(_KEY, help="the account of this key has to be paid for before it goes on"),
    403: replace(
        _REFUSED, help="this key may not do that: check that the target's `api_key` belongs to this organisation"
    ),
    404: _MISSING,
    407: replace(_KEY, help="the proxy wants a name and a password: write them into the proxy's url"),
    408: StatusMeaning(retried=True, transient=True),
    409: replace(_AT_FAULT, help="what was asked contradicts the present state; look again and repeat"),
    410: _MISSING,
    413: replace(_AT_FAULT, help="the request is larger than the service takes"),
    422: _AT_FAULT,
    425: replace(_REFUSED, transient=True),
    429: replace(_REFUSED, retried=True, transient=True),
    499: UNKNOWN,
    500: _TROUBLE,
    501: _FOREIGN,
    502: _TROUBLE,
    503: _TROUBLE,
    504: _TROUBLE,
    505: _FOREIGN,
}
EXPIRED_ADDRESS = frozenset({401, 403})
"""What a store answers when a signed address has ended."""
USED_ADDRESS = frozenset({403, 412})
"""What a store answers when nothing can be put under a signed address (any more)."""


def status_meaning(status: int) -> StatusMeaning:
    """The meaning of a status; one that the table lacks is read by its hundred."""
    hundred = status // 100
    return TABLE.get(status) or {4: _REFUSED, 5: _LATER}.get(hundred, UNKNOWN)
