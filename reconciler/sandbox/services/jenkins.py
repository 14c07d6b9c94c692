"""A stand-in for Jenkins: who calls, crumbs, the GitLab plugin's endpoint; `jenkins_build` has jobs, queue and builds.

State: `jobs` {full name: {buildable, parameters {name: default}, result, token, webhook_token}}, `crumb` ("passwords",
the default: only callers in `passwords` need one; "all"; "off": 404), `passwords` (list of `user:password`), `denied`
(permissions such as "Overall/Read", "Job/Build"), `anonymous_read`, `plugin` (False: no GitLab plugin),
`endpoint_authentication`, `root_url` (a wrong one for Location), `queue_seconds`, `build_seconds`.
Effects: `queue` {id: item}, `builds` {job: [build]}.
"""

from __future__ import annotations

from reconciler.sandbox.message import Request, Response
from reconciler.sandbox.services import jenkins_build as build
from reconciler.sandbox.services.base import Call, Service, serve, table
from reconciler.sandbox.services.memory import State, digest

_VERSION = "2.479.3"
_PERMISSIONS = {"Overall/Read": "hudson.model.Hudson.Read", "Job/Build": "hudson.model.Item.Build"}


def handle(request: Request, state: State, now: float) -> Response:
    """Answer one request to a Jenkins server."""
    build.advance(state, now)
    return serve(SERVICE, request, state, now)


def _who_am_i(call: Call) -> Response:
    name = call.account()
    if "Overall/Read" in call.state.get("denied", []) and name:
        return _forbidden(call, "Overall/Read")
    shown = {"name": name or "anonymous", "authenticated": True, "anonymous": not name}
    return Response.of_json(200, {**shown, "authorities": ["authenticated" if name else "anonymous"]})


def _crumb(call: Call) -> Response:
    if call.state.get("crumb") == "off":
        return Response.of_text(404, "Not Found")
    session = digest("session", call.account() or "anonymous")[:26]
    body = {"crumbRequestField": "Jenkins-Crumb", "crumb": _crumb_for(session)}
    return Response.of_json(200, body, {"Set-Cookie": f"JSESSIONID.stand-in={session}; Path=/; HttpOnly"})


def _overview(call: Call) -> Response:
    jobs = [{"name": name, "url": build.job_url(call, name)} for name in call.state.get("jobs", {})]
    return Response.of_json(200, {"mode": "NORMAL", "nodeName": "", "numExecutors": 2, "jobs": jobs})


def _plugin(call: Call) -> Response:
    """The plugin's endpoint: only a POST that carries an event does anything."""
    name = call.names["path"]
    job = build.job_named(call, name)
    if job is None or call.state.get("plugin", True) is False:
        return Response.of_text(404, "Not Found")
    event = call.header("x-gitlab-event")
    if call.request.method == "GET" or not event:
        return Response(200)
    if call.state.get("endpoint_authentication") and not call.account():
        return _forbidden(call, "Job/Build")
    if job.get("webhook_token") and call.header("x-gitlab-token") != job["webhook_token"]:
        return Response.of_text(401, "Invalid token")
    if job["buildable"] and not (job.get("multibranch") and event != "Push Hook"):
        build.enqueue(call, name, dict(job.get("parameters") or {}), cause=f"Triggered by GitLab: {event}")
    return Response(200)


def _authenticated(call: Call) -> Response | None:
    if call.account() is None:
        user = (call.basic() or ("token", ""))[0]
        return Response.of_text(401, f"Invalid password/token for user: {user}", _CHALLENGE)
    return None


def _reader(call: Call) -> Response | None:
    if refusal := _authenticated(call):
        return refusal
    allowed = call.account() or call.state.get("anonymous_read")
    denied = "Overall/Read" in call.state.get("denied", [])
    return None if allowed and not denied else _forbidden(call, "Overall/Read")


def _builder(call: Call) -> Response | None:
    """May the caller build: with the job's own token, or logged in, allowed, and with a crumb where one is needed."""
    if "token" in call.query:
        job = build.job_named(call, build.full_name(call.names["job"])) or {}
        is_right = job.get("token", call.query["token"]) == call.query["token"] and not call.is_bad(call.query["token"])
        return None if is_right else _forbidden(call, "Job/Build")
    if refusal := _reader(call):
        return refusal
    if not call.account() or "Job/Build" in call.state.get("denied", []):
        return _forbidden(call, "Job/Build")
    if call.request.method == "POST" and _needs_crumb(call) and not _has_crumb(call):
        return Response.of_text(403, "No valid crumb was included in the request")
    return None


_CHALLENGE = {"WWW-Authenticate": 'Basic realm="Jenkins"'}
_JOB = "/job/{job*}"

SERVICE = Service(
    routes=(
        *table(("GET", "/whoAmI/api/json", _who_am_i), ("GET", "/crumbIssuer/api/json", _crumb), guard=_authenticated),
        *table(("GET|POST", "/project/{path*}", _plugin), guard=_authenticated),
        *table(
            ("GET", "/api/json", _overview),
            ("GET", "/queue/api/json", build.read_queue),
            ("GET", "/queue/item/{item}/api/json", build.read_item),
            ("GET", f"{_JOB}/config.xml", build.read_configuration),
            ("GET", f"{_JOB}/{{build}}/consoleText", build.read_console),
            ("GET", f"{_JOB}/api/json", build.read_job_or_build),
            guard=_reader,
        ),
        *table(
            ("GET|POST", f"{_JOB}/build", build.start),
            ("GET|POST", f"{_JOB}/buildWithParameters", build.start_with_parameters),
            ("POST", f"{_JOB}/{{build}}/stop", build.stop),
            ("POST", f"{_JOB}/config.xml", build.write_configuration),
            ("POST", "/createItem", build.create_job),
            ("POST", "/queue/cancelItem", build.cancel),
            guard=_builder,
        ),
    ),
    headers={"X-Jenkins": _VERSION},
    contexts=2,
)


# ---------------------------------------------------------------------------------------------------------------------


def _forbidden(call: Call, permission: str) -> Response:
    name = call.account() or "anonymous"
    required = _PERMISSIONS.get(permission, permission)
    headers = {"X-You-Are-Authenticated-As": name, "X-Required-Permission": required}
    return Response.of_text(403, f"{name} is missing the {permission} permission", headers)


def _crumb_for(session: str) -> str:
    return digest("crumb", session)


def _needs_crumb(call: Call) -> bool:
    mode = call.state.get("crumb", "passwords")
    user, password = call.basic() or ("", "")
    return mode == "all" or (mode == "passwords" and f"{user}:{password}" in call.state.get("passwords", []))


def _has_crumb(call: Call) -> bool:
    cookies = dict(piece.strip().partition("=")[::2] for piece in call.header("cookie").split(";"))
    session = cookies.get("JSESSIONID.stand-in", "")
    return bool(session) and call.header("jenkins-crumb") == _crumb_for(session)
