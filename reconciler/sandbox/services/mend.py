"""A stand-in for Mend (formerly WhiteSource): the logins of its APIs 3.0, 2.0 and 1.x, which are its health check.

State: `bad_credentials` may list user keys, organisation tokens and refresh tokens. It keeps
nothing but a count.
"""

from __future__ import annotations

from reconciler.sandbox.message import Request, Response
from reconciler.sandbox.services.base import Call, Service, serve, table
from reconciler.sandbox.services.memory import State, digest, mapping, number, uuid_of

_TOKEN_SECONDS = 600


def handle(request: Request, state: State, now: float) -> Response:
    """Answer one request to Mend."""
    return serve(SERVICE, request, state, now)


def _login(call: Call) -> Response:
    sent = _sent(call)
    if not _is_good(call, sent, "email", "userKey"):
        return _refused()
    refresh = f"refresh.{digest('refresh', number(call.state, 'session'))}"
    session = {"userUuid": uuid_of("user"), "email": sent["email"], "refreshToken": refresh}
    return Response.of_json(200, {"supportToken": "1", "response": session})


def _access(call: Call) -> Response:
    refresh = call.header("wss-refresh-token")
    if not refresh.startswith("refresh.") or call.is_bad(refresh):
        return _refused()
    token = {"jwtToken": f"jwt.{digest('jwt', refresh)}", "tokenType": "Bearer", "tokenTTL": _TOKEN_SECONDS * 1000}
    return Response.of_json(200, {"supportToken": "1", "response": {**token, "orgUuid": uuid_of("org")}})


def _login_2(call: Call) -> Response:
    sent = _sent(call)
    if not _is_good(call, sent, "email", "orgToken", "userKey"):
        return _refused()
    token = f"jwt.{digest('jwt', number(call.state, 'session'))}"
    value = {"jwtToken": token, "orgUuid": uuid_of("org"), "orgName": "Acme", "jwtTTL": 1_800_000}
    return Response.of_json(200, {"supportToken": "1", "retVal": value})


def _legacy(call: Call) -> Response:
    """One address for all requests, and 200 for all answers."""
    sent = _sent(call)
    if not sent.get("requestType"):
        return Response.of_json(200, {"errorCode": 2000, "errorMessage": "Missing requestType"})
    if not _is_good(call, sent, "userKey", "orgToken"):
        return Response.of_json(200, {"errorCode": 5001, "errorMessage": "User is not allowed to perform this action"})
    return Response.of_json(200, {"orgName": "Acme", "message": "Successful"})


def _throttled(_call: Call) -> Response:
    return Response.of_json(429, {"supportToken": "0", "response": "Too many requests"})


SERVICE = Service(
    routes=table(
        ("POST", "/api/v3.0/login", _login),
        ("POST", "/api/v3.0/login/accessToken", _access),
        ("POST", "/api/v2.0/login", _login_2),
        ("POST", "/api/v1.3", _legacy),
        ("POST", "/api/v1.4", _legacy),
    ),
    throttled=_throttled,
)


# ---------------------------------------------------------------------------------------------------------------------


def _refused() -> Response:
    return Response.of_json(401, {"supportToken": "0", "response": "Login failed"})


def _sent(call: Call) -> State:
    return mapping(call.json(Response.of_json(400, {"supportToken": "0", "response": "Invalid request body"})))


def _is_good(call: Call, sent: State, *names: str) -> bool:
    values = [sent.get(name) for name in names]
    return all(isinstance(value, str) and value and not call.is_bad(value) for value in values)
