"""The pretend GitLab: `handle` answers one request; `kernel` says how areas of the API are added.

Pure: the same world, request and moment give the same answer and the same new world, byte for byte.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256

from ..message import Conversation, Request, Response
from ..world import Row, World
from . import (
    applications,
    commit_statuses,
    error_tracking,
    groups,
    hooks,
    integrations,
    issues,
    issues_links,
    members,
    merge_requests,
    merge_requests_repository,
    meta,
    mirrors,
    notes,
    projects,
    settings,
    terraform_state,
    users,
    variables,
)
from .auth import token_in_query, token_of, token_text
from .body import BAD_REQUEST, has_malformed_address
from .errors import ApiError, error, no_route, not_found, unauthorized
from .kernel import Call, Job, Router, carry_out
from .throttle import observe

AREAS = (
    applications,
    commit_statuses,
    error_tracking,
    groups,
    hooks,
    integrations,
    issues,
    issues_links,
    members,
    merge_requests,
    merge_requests_repository,
    meta,
    mirrors,
    notes,
    projects,
    settings,
    terraform_state,
    users,
    variables,
)
"""The files of the API. Each has `ROUTES`."""

ROUTER = Router(route for area in AREAS for route in area.ROUTES)
JOBS: tuple[tuple[str, Job], ...] = tuple(
    (name, job) for area in (hooks, integrations, mirrors) for name, job in area.JOBS.items()
)
"""Background work by name; several areas may want to hear of the same."""

OLD = error(410, "API V3 is no longer supported. Use API V4 instead.").response


def handle(request: Request, world: World, now: float) -> Conversation:
    """One request to the pretend GitLab: does what is due, answers, and keeps the request in the log."""
    run_due(world, now)
    verdict = observe(world, now, request) if request.path.startswith("/api/") else None
    if verdict is not None and verdict.refusal is not None:
        response = verdict.refusal
    else:
        response = yield from _answer(request, world, now)
    response = _finish(request, response, verdict.headers if verdict else {}, world.count("requests"))
    log(world, now, request, response.status)
    return response


def run_due(world: World, now: float) -> None:
    """Carry out the background work that is due, in order of its time."""
    while world.jobs:
        due = [job for job in world.jobs if job["due"] <= now]
        if not due:
            return
        world.jobs[:] = [job for job in world.jobs if job["due"] > now]
        for job in sorted(due, key=lambda job: float(job["due"])):
            for name, work in JOBS:
                if name == job["job"]:
                    work(world, job["due"], **job["arguments"])


def log(world: World, now: float, request: Request, status: int | None, target: str = "gitlab") -> None:
    """Remember that something was asked; `status` is None where the connection was cut without an answer."""
    text = token_text(request, token_in_query(request)) if target == "gitlab" else None
    token = token_of(world, text) if text else None
    entry: Row = {
        "n": world.count("logged"),
        "at": now,
        "method": request.method,
        "path": f"{request.path}?{request.query}" if request.query else request.path,
        "as": token.get("as") if token else None,
        "status": status,
    }
    if target != "gitlab":
        entry["service"] = target
    world.requests.append(entry)


def _answer(request: Request, world: World, now: float) -> Conversation:
    if has_malformed_address(request):
        return BAD_REQUEST
    found = ROUTER.find(request.method, request.path)
    if found is None:
        return _unknown(request, world)
    route, path = found
    try:
        result = carry_out(Call(world, now, request, route, path))
        return result if isinstance(result, Response) else (yield from result)
    except ApiError as refusal:
        return refusal.response


def _unknown(request: Request, world: World) -> Response:
    if request.path.startswith("/api/v3/"):
        return OLD
    if not request.path.startswith("/api/"):
        return Response.of_text(404, "Not Found\n")
    if request.method == "OPTIONS" and ROUTER.knows(request.path):
        return _options(request, world)
    return no_route().response


def _options(request: Request, world: World) -> Response:
    text = token_text(request, {})
    if text is None or token_of(world, text) is None:
        return unauthorized().response
    section = request.path.split("/")[3]
    thing = {"projects": "Project", "groups": "Group"}.get(section)
    return not_found(thing).response if thing else Response(204)


def _finish(request: Request, response: Response, limits: Mapping[str, str], number: int) -> Response:
    headers = {**response.headers, **limits, "X-Request-Id": f"01SANDBOX{number:017d}"}
    body = response.body
    status = response.status
    if status in (200, 201) and body and "ETag" not in headers:
        headers["ETag"] = f'W/"{sha256(body).hexdigest()[:32]}"'
        if headers["ETag"] in request.headers.get("if-none-match", "") and request.method in ("GET", "HEAD"):
            headers.pop("Content-Type", None)
            status, body = 304, b""
    return Response(status, headers, b"" if request.method == "HEAD" else body)
