"""A stand-in for Sentry: projects, client keys, releases, deploys, and the envelope endpoint that a DSN leads to.

State: `projects` {"org/slug": {id, keys: [{public, isActive}]}}, `denied_scopes` (list, e.g. "project:releases": 403),
`unhealthy`, `closed_keys` (list of public keys that are refused), `open_keys` (only these are accepted). Effects:
`releases` {"org/version": release}, `deploys` {"org/version": [deploy]}, `events`.
"""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import urlsplit

from reconciler.sandbox.message import Request, Response
from reconciler.sandbox.services.base import Call, Guard, RefusalError, Service, serve, table
from reconciler.sandbox.services.memory import State, digest, entry, iso, mapping, number, record, retry_after, sequence

_DOCUMENTED_KEY = "examplePublicKey"
_VERSION = re.compile(r"[^/\\\r\n\t]{1,200}")
_EVENT_LIMIT = 1024 * 1024
_RELEASE_FIELDS = ("ref", "refs", "commits", "url", "dateReleased")


def handle(request: Request, state: State, now: float) -> Response:
    """Answer one request to Sentry or its ingest hosts."""
    return serve(SERVICE, request, state, now)


def _organisation(call: Call) -> Response:
    return Response.of_json(200, {"id": "1", "slug": call.names["org"], "name": call.names["org"]})


def _project(call: Call) -> Response:
    project = _known_project(call, call.names["org"], call.names["project"])
    shown = {"id": str(project["id"]), "slug": call.names["project"], "name": call.names["project"], "status": "active"}
    return Response.of_json(200, {**shown, "organization": {"id": "1", "slug": call.names["org"]}})


def _keys(call: Call) -> Response:
    project = _known_project(call, call.names["org"], call.names["project"])
    host = urlsplit(call.root).netloc
    seen = {str(event["key"]) for event in sequence(call.state.get("events"))} | {_DOCUMENTED_KEY}
    rows = project["keys"] if "keys" in project else [{"public": key} for key in sorted(seen)]
    keys = [{"id": row["public"], "name": "Default", "isActive": row.get("isActive", True), **row} for row in rows]
    for key in keys:
        key["dsn"] = {"public": f"https://{key['public']}@{host}/{project['id']}"}
    return Response.of_json(200, keys)


def _validate(call: Call) -> Response:
    return Response.of_json(200, {"version": "0", "auth": {"scopes": ["org:ci"]}, "user": None})


def _create_release(call: Call) -> Response:
    sent = _sent(call)
    version, projects = sent.get("version"), sent.get("projects")
    if not isinstance(version, str) or not _VERSION.fullmatch(version) or version in (".", "..", "latest"):
        return Response.of_json(400, {"version": ["Release with this name is not allowed"]})
    if not isinstance(projects, list) or not projects:
        return Response.of_json(400, {"projects": ["This field is required."]})
    if any(_project_named(call, call.names["org"], str(slug)) is None for slug in projects):
        return Response.of_json(400, {"projects": ["Invalid project ids or slugs"]})
    releases = call.state.setdefault("releases", {})
    key = f"{call.names['org']}/{version}"
    status = 208 if key in releases else 201
    release = releases.setdefault(key, {"version": version, "projects": [], "dateCreated": iso(call.now)})
    release["projects"] += [{"slug": slug} for slug in projects if {"slug": slug} not in release["projects"]]
    release |= {name: sent[name] for name in _RELEASE_FIELDS if name in sent}
    return Response.of_json(status, {"id": digest(key)[:8], "shortVersion": version, **release})


def _releases(call: Call) -> Response:
    prefix = f"{call.names['org']}/"
    found = [release for key, release in mapping(call.state.get("releases")).items() if key.startswith(prefix)]
    return Response.of_json(200, found[::-1])


def _one_release(call: Call) -> Response:
    release = _release(call)
    if call.request.method == "PUT":
        release |= {name: value for name, value in _sent(call).items() if name in _RELEASE_FIELDS}
    return Response.of_json(200, release)


def _deploys(call: Call) -> Response:
    _release(call)
    key = f"{call.names['org']}/{call.names['version']}"
    if call.request.method == "GET":
        return Response.of_json(200, mapping(call.state.get("deploys")).get(key, []))
    sent = _sent(call)
    if not sent.get("environment"):
        return Response.of_json(400, {"environment": ["This field is required."]})
    kept = ("environment", "name", "url", "dateStarted", "projects")
    deploy = {"id": str(number(call.state, "deploy")), "dateFinished": sent.get("dateFinished") or iso(call.now)}
    deploy |= {name: sent.get(name) for name in kept}
    call.state.setdefault("deploys", {}).setdefault(key, []).append(deploy)
    return Response.of_json(201, deploy)


def _envelope(call: Call) -> Response:
    """Lines: header, then item header and payload in turn. One without items is accepted before its key is read."""
    header, items = _items(call)
    if not items:
        return Response.of_json(200, {})
    key = _public_key(call, header)
    allowed = call.state.get("open_keys")
    refused = call.is_bad(key) or key in call.state.get("closed_keys", []) or _is_other_project(call, key)
    if not key or refused or (allowed is not None and key not in allowed):
        detail = "event submission rejected with_reason: ProjectId"
        return Response.of_json(403 if key else 401, {"detail": detail if key else "missing authorization information"})
    if any(len(payload) > _EVENT_LIMIT for _, payload in items):
        return Response.of_json(413, {"detail": "event is too large"})
    name = str(header.get("event_id") or digest("event", number(call.state, "event"))[:32]).replace("-", "")
    for kind, payload in items:
        record(call.state, "events", id=name, type=kind, project=call.names["id"], key=key, payload=_read(payload))
    return Response.of_json(200, {"id": name})


def _health(call: Call) -> Response:
    is_healthy = not call.state.get("unhealthy")
    if call.request.path.rstrip("/").endswith("_health"):
        return Response.of_text(200 if is_healthy else 500, "ok" if is_healthy else "nope")
    return Response.of_json(200 if is_healthy else 503, {"is_healthy": is_healthy})


def _scoped(scope: str) -> Guard:
    def guard(call: Call) -> Response | None:
        if not call.token() or not call.account():
            return Response.of_json(401, {"detail": "Invalid token" if call.token() else _ABSENT})
        if scope in call.state.get("denied_scopes", []):
            return Response.of_json(403, {"detail": "You do not have permission to perform this action."})
        return None

    return guard


def _throttled(call: Call) -> Response:
    wait = str(retry_after(call.state))
    limits = {"Retry-After": wait, "X-Sentry-Rate-Limits": f"{wait}:error;transaction:organization:quota"}
    return Response.of_json(429, {"detail": "You are attempting to use this endpoint too frequently."}, limits)


_ABSENT = "Authentication credentials were not provided."
_RELEASES = "/api/0/organizations/{org}/releases/"

SERVICE = Service(
    routes=(
        *table(
            ("GET", "/api/0/organizations/{org}/", _organisation),
            ("GET", "/api/0/projects/{org}/{project}/", _project),
            ("GET", "/api/0/projects/{org}/{project}/keys/", _keys),
            guard=_scoped("project:read"),
        ),
        *table(("GET", "/api/0/auth/validate/", _validate), guard=_scoped("")),
        *table(
            ("GET", _RELEASES, _releases),
            ("POST", _RELEASES, _create_release),
            ("GET|PUT", _RELEASES + "{version}/", _one_release),
            ("GET|POST", _RELEASES + "{version}/deploys/", _deploys),
            guard=_scoped("project:releases"),
        ),
        *table(
            ("GET", "/_health/", _health),
            ("GET", "/api/relay/healthcheck/live/", _health),
            ("GET", "/api/relay/healthcheck/ready/", _health),
            ("POST", "/api/{id}/envelope/", _envelope),
        ),
    ),
    throttled=_throttled,
    missing=lambda _call: Response.of_json(404, {"detail": "The requested resource does not exist"}),
    contexts=2,
)


# ---------------------------------------------------------------------------------------------------------------------


def _sent(call: Call) -> State:
    return mapping(call.json(Response.of_json(400, {"detail": "JSON parse error"})))


def _project_named(call: Call, org: str, slug: str) -> State | None:
    projects = mapping(call.state.get("projects"))
    key = next((k for k, p in projects.items() if k.startswith(f"{org}/") and str(mapping(p).get("id")) == slug), "")
    return entry(call.state, "projects", key or f"{org}/{slug}", id="1")


def _known_project(call: Call, org: str, slug: str) -> State:
    project = _project_named(call, org, slug)
    if project is None:
        raise RefusalError(Response.of_json(404, {"detail": "The requested resource does not exist"}))
    return project


def _release(call: Call) -> State:
    release = mapping(call.state.get("releases")).get(f"{call.names['org']}/{call.names['version']}")
    if release is None:
        raise RefusalError(Response.of_json(404, {"detail": "The requested resource does not exist"}))
    return mapping(release)


def _is_other_project(call: Call, key: str) -> bool:
    """Whether the state lists this key, but for another project than the one in the path, or as switched off."""
    for project in map(mapping, mapping(call.state.get("projects")).values()):
        for row in map(mapping, sequence(project.get("keys"))):
            if row.get("public") == key:
                return str(project.get("id", "1")) != call.names["id"] or not row.get("isActive", True)
    return False


def _items(call: Call) -> tuple[State, list[tuple[str, bytes]]]:
    malformed = RefusalError(Response.of_json(400, {"detail": "malformed envelope"}))
    lines = call.body.removesuffix(b"\n").split(b"\n")
    header = _read(lines[0])
    heads, payloads = [_read(line) for line in lines[1::2]], lines[2::2]
    if not isinstance(header, dict) or len(heads) != len(payloads):
        raise malformed
    items = []
    for head, payload in zip(heads, payloads, strict=True):
        if not isinstance(head, dict) or not head.get("type") or head.get("length", len(payload)) != len(payload):
            raise malformed
        items.append((str(head["type"]), payload))
    return header, items


def _read(line: bytes) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _public_key(call: Call, header: State) -> str:
    pairs = re.findall(r"(\w+)=([^,\s]+)", call.header("x-sentry-auth"))
    dsn = header.get("dsn")
    return (
        dict(pairs).get("sentry_key")
        or call.query.get("sentry_key")
        or (urlsplit(dsn).username or "" if isinstance(dsn, str) else "")
    )
