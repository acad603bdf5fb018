"""Dispatch of Cyberun's requests: that of the platform, but for the body of a refusal, the team of a session's token,
and that no key makes a write happen once.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from cyberflow.emulator.contract.errors import ApiResponse, HttpError, InvalidRequest
from cyberflow.emulator.http.dispatch import Dispatcher, Endpoint, read_body, respond_json

JWT_PREFIX = "eyJ"
AGENT_PREFIX = "ak-"


def envelope(message: str) -> dict[str, str]:
    return {"error_message": message}


class CyberunDispatcher(Dispatcher):
    def error_response(self, error: HttpError | InvalidRequest) -> Response:
        if isinstance(error, HttpError):
            status, said = (401 if error.message == "Not authenticated" else error.status), error.message
        else:
            places = "; ".join(f"{'.'.join(map(str, one['loc'][1:]))}: {one['msg']}" for one in error.violations)
            status, said = 400, f"invalid request: {places}"
        return respond_json(status, envelope(said), tuple(error.headers.items()))

    def authenticate(self, request: Request) -> str:
        """As the platform's, but that an agent's key is for its own protocol alone."""
        caller = super().authenticate(request)
        if caller.startswith(AGENT_PREFIX):
            raise HttpError(403, "an agent's key is not accepted here: use an integration key (sk-)")
        return caller

    async def perform_once(self, endpoint: Endpoint, request: Request, caller: str) -> ApiResponse:
        self.check_team(request, caller)
        return self.perform(endpoint, request, await read_body(endpoint, request), None)

    def admit(self, request: Request) -> None:
        """Raise HttpError for a caller without a right to be here; for routes beside the table of endpoints."""
        self.check_team(request, self.authenticate(request))

    def check_team(self, request: Request, caller: str) -> None:
        if caller.startswith(JWT_PREFIX) and not request.headers.get("x-team-id"):
            raise HttpError(400, "X-Team-ID header is required")
