"""A stand-in for Snyk: who a token is, organisations, the source-control integrations and imports of its older API.

State: `regions` {token: host it belongs to}, `plan` ("free": no API), `orgs` {id: {name}}. Effects: `integrations`
{org: {type: {id, url}}}, `imports` {job id: {org, integration, target}}.
"""

from __future__ import annotations

import re

from reconciler.sandbox.message import Request, Response
from reconciler.sandbox.services.base import Call, RefusalError, Service, serve, table
from reconciler.sandbox.services.memory import State, entry, iso, mapping, number, uuid_of

_REST = {"Content-Type": "application/vnd.api+json"}
_VERSION = re.compile(r"\d{4}-\d\d-\d\d(~(beta|experimental))?")


def handle(request: Request, state: State, now: float) -> Response:
    """Answer one request to Snyk."""
    return serve(SERVICE, request, state, now)


def _self(call: Call) -> Response:
    attributes = {"name": "GitLab Bot", "email": "bot@acme.example", "default_org_context": uuid_of("org")}
    return _resource({"id": uuid_of("user"), "type": "user", "attributes": attributes})


def _org(call: Call) -> Response:
    name = call.names["org"]
    org = entry(call.state, "orgs", name, name="Acme")
    if org is None:
        return _rest_error(404, "Org was not found")
    return _resource({"id": name, "type": "org", "attributes": {"name": org["name"], "slug": org["name"].lower()}})


def _me(_call: Call) -> Response:
    return Response.of_json(200, {"id": uuid_of("user"), "username": "gitlab-bot", "orgs": []})


def _integrations(call: Call) -> Response:
    return Response.of_json(200, {kind: row["id"] for kind, row in _held(call).items()})


def _one_kind(call: Call) -> Response:
    row = _held(call).get(call.names["kind"])
    return Response.of_json(200, {"id": row["id"]}) if row else _error(404, "Integration not found")


def _create(call: Call) -> Response:
    kind, row = _sent(call)
    if kind in _held(call):
        return _error(409, f"Integration {kind} already exists")
    row["id"] = uuid_of("integration", call.names["org"], number(call.state, "integration"))
    call.state.setdefault("integrations", {}).setdefault(call.names["org"], {})[kind] = row
    return Response.of_json(200, {"id": row["id"], "brokerToken": None})


def _update(call: Call) -> Response:
    kind, row = _sent(call)
    held = mapping(_held(call).get(kind))
    if held.get("id") != call.names["id"]:
        return _error(404, "Integration not found")
    held.update({name: value for name, value in row.items() if value is not None})
    return Response.of_json(200, {"id": held["id"]})


def _import(call: Call) -> Response:
    target = mapping(mapping(call.json(_error(400, "Invalid JSON"))).get("target"))
    if _by_id(call) is None:
        return _error(404, "Integration not found")
    if not target:
        return _error(400, "target is required")
    job = uuid_of("import", number(call.state, "import"))
    where = {"org": call.names["org"], "integration": call.names["id"]}
    call.state.setdefault("imports", {})[job] = {**where, "target": target, "created": iso(call.now)}
    path = f"/v1/org/{where['org']}/integrations/{where['integration']}/import/{job}"
    return Response.of_json(201, {}, {"Location": call.root + path})


def _import_job(call: Call) -> Response:
    job = mapping(call.state.get("imports")).get(call.names["job"])
    if job is None:
        return _error(404, "Import job not found")
    return Response.of_json(200, {"id": call.names["job"], "status": "complete", "created": job["created"], "logs": []})


def _rest(call: Call) -> Response | None:
    if not _is_secure(call):
        return Response.of_text(404, "Not Found")
    if not _VERSION.fullmatch(call.query.get("version", "")):
        return _rest_error(400, "Missing or invalid version query parameter")
    if not _is_known(call):
        return _rest_error(401, "Unauthorized")
    return _rest_error(403, "API access needs another plan") if call.state.get("plan") == "free" else None


def _older(call: Call) -> Response | None:
    if not _is_secure(call):
        return Response.of_text(404, "Not Found")
    if not _is_known(call):
        return _error(401, "Not authorised")
    return _error(403, "The org is not entitled for api access") if call.state.get("plan") == "free" else None


_KINDS = "/v1/org/{org}/integrations"

SERVICE = Service(
    routes=(
        *table(("GET", "/rest/self", _self), ("GET", "/rest/orgs/{org}", _org), guard=_rest),
        *table(
            ("GET", "/v1/user/me", _me),
            ("GET", _KINDS, _integrations),
            ("POST", _KINDS, _create),
            ("GET", _KINDS + "/{kind}", _one_kind),
            ("PUT", _KINDS + "/{id}", _update),
            ("POST", _KINDS + "/{id}/import", _import),
            ("GET", _KINDS + "/{id}/import/{job}", _import_job),
            guard=_older,
        ),
    ),
    throttled=lambda _call: _rest_error(429, "Too many requests"),
)


# ---------------------------------------------------------------------------------------------------------------------


def _resource(value: State) -> Response:
    return Response.of_json(200, {"jsonapi": {"version": "1.0"}, "data": value}, _REST)


def _rest_error(status: int, message: str) -> Response:
    row = {"id": uuid_of("error", message), "status": str(status), "title": message, "detail": message}
    return Response.of_json(status, {"jsonapi": {"version": "1.0"}, "errors": [row]}, _REST)


def _error(status: int, message: str) -> Response:
    return Response.of_json(status, {"code": status, "message": message, "error": message})


def _is_secure(call: Call) -> bool:
    return call.request.base.startswith("https:") or not call.host.endswith("snyk.io")


def _is_known(call: Call) -> bool:
    token = call.token("token", "bearer")
    home = mapping(call.state.get("regions")).get(token, call.host)
    return bool(token) and not call.is_bad(token) and home == call.host


def _held(call: Call) -> State:
    if entry(call.state, "orgs", call.names["org"]) is None:
        raise RefusalError(_error(404, "Org was not found or you may not have the correct permissions"))
    return mapping(mapping(call.state.get("integrations")).get(call.names["org"]))


def _by_id(call: Call) -> State | None:
    return next((row for row in _held(call).values() if row["id"] == call.names["id"]), None)


def _sent(call: Call) -> tuple[str, State]:
    sent = mapping(call.json(_error(400, "Invalid JSON")))
    credentials = mapping(sent.get("credentials"))
    if not sent.get("type") or not credentials.get("token"):
        raise RefusalError(_error(400, "type and credentials are required"))
    return str(sent["type"]), {
        "url": credentials.get("url"),
        "broker": mapping(sent.get("broker")).get("enabled", False),
    }
