"""A stand-in for Bamboo Data Center: XML unless JSON is asked for, and anonymous unless `os_authType=basic` is said.

State: `plans` {PROJ-PLAN: {enabled, result, revision}}, `guest` (anonymous callers may read plans), `captcha`, `xsrf`
(POSTs need `X-Atlassian-Token: no-check`), `denied` (True: no Build permission), `queue_seconds`, `build_seconds`.
Effects: `builds` [{plan, number, since, variables, revision, removed}].
"""

from __future__ import annotations

from reconciler.sandbox.message import Request, Response
from reconciler.sandbox.services.base import Call, RefusalError, Service, serve, table
from reconciler.sandbox.services.markup import answer
from reconciler.sandbox.services.memory import State, entry, number, record, spend, stage

_LIFE = {"queued": "Queued", "running": "InProgress", "finished": "Finished"}
_VARIABLE = "bamboo.variable."


def handle(request: Request, state: State, now: float) -> Response:
    """Answer one request to a Bamboo server."""
    return serve(SERVICE, request, state, now)


def _user(call: Call) -> Response:
    return _shown(call, "user", {"name": _caller(call), "fullName": "GitLab Bot", "email": "bot@acme.example"})


def _server(call: Call) -> Response:
    return _shown(call, "info", {"version": "9.6.5", "edition": "", "buildNumber": "90605", "state": "RUNNING"})


def _plan(call: Call) -> Response:
    key = _name(call, "plan")
    plan = _known_plan(call, key)
    shown = {"key": key, "shortKey": key.partition("-")[2], "name": key, "enabled": plan["enabled"], "type": "chain"}
    return _shown(call, "plan", {**shown, "isActive": False, "isBuilding": bool(_open_builds(call, key))})


def _queue(call: Call) -> Response:
    key = _name(call, "plan")
    plan = _known_plan(call, key)
    if call.state.get("denied"):
        return _error(call, 403, "You don't have permission to run this plan")
    if call.state.get("xsrf") and call.header("x-atlassian-token") != "no-check":
        return _error(call, 403, "XSRF check failed")
    if not plan["enabled"]:
        return _error(call, 400, f"Plan {key} is disabled and can not be queued")
    variables = {name[len(_VARIABLE) :]: text for name, text in call.form.items() if name.startswith(_VARIABLE)}
    build = _enqueue(call, key, variables, call.form.get("customRevision"), call.form.get("stage"))
    result = f"{key}-{build['number']}"
    link = {"href": f"{call.root}/rest/api/latest/result/{result}", "rel": "self"}
    shown = {"planKey": key, "buildNumber": build["number"], "buildResultKey": result}
    return _shown(call, "restQueuedBuild", {**shown, "triggerReason": "Manual build", "link": link})


def _update_and_build(call: Call) -> Response:
    """What GitLab calls on a push."""
    key = call.query.get("buildKey", "")
    _known_plan(call, key)
    _enqueue(call, key, {}, None, None)
    return Response(200, {"Content-Type": "application/xml"}, b"<response><success>true</success></response>")


def _dequeue(call: Call) -> Response:
    build = _build(call, _name(call, "result"))
    build["removed"] = True
    return Response(204)


def _result(call: Call) -> Response:
    return _shown(call, "result", _shown_result(call, _build(call, _name(call, "result"))))


def _by_changeset(call: Call) -> Response:
    revision = _name(call, "revision")
    found = [_shown_result(call, b) for b in _builds(call) if b["revision"] == revision and not b["removed"]]
    if not found:
        return _error(call, 404, f"No result found for changeset {revision}")
    return _shown(call, "results", {"results": {"size": len(found), "result": found}})


def _reader(call: Call) -> Response | None:
    if refusal := _locked(call):
        return refusal
    return None if _caller(call) or call.state.get("guest") else _error(call, 401, "Client must be authenticated")


def _logged_in(call: Call) -> Response | None:
    if refusal := _locked(call):
        return refusal
    return None if _caller(call) else _error(call, 401, "Client must be authenticated to access this resource")


def _locked(call: Call) -> Response | None:
    if not spend(call.state, "captcha"):
        return None
    reason = {"X-Authentication-Denied-Reason": f"CAPTCHA_CHALLENGE; login-url={call.root}/userlogin!doDefault.action"}
    return Response(403, {"Content-Type": "text/html", **reason}, b"<html>Forbidden</html>")


_API = "/rest/api/latest"

SERVICE = Service(
    routes=(
        *table(("GET", f"{_API}/info", _server), ("GET", f"{_API}/info.json", _server)),
        *table(
            ("GET", f"{_API}/plan/{{plan}}", _plan),
            ("GET", f"{_API}/result/byChangeset/{{revision}}", _by_changeset),
            ("GET", f"{_API}/result/{{result}}", _result),
            guard=_reader,
        ),
        *table(
            ("GET", f"{_API}/currentUser", _user),
            ("GET", f"{_API}/currentUser.json", _user),
            ("POST", f"{_API}/queue/{{plan}}", _queue),
            ("DELETE", f"{_API}/queue/{{result}}", _dequeue),
            ("GET|POST", "/updateAndBuild.action", _update_and_build),
            guard=_logged_in,
        ),
    ),
    contexts=2,
)


# ---------------------------------------------------------------------------------------------------------------------


def _caller(call: Call) -> str:
    """Who calls; basic credentials without `os_authType=basic` are not looked at."""
    if call.basic() and call.query.get("os_authType") != "basic":
        return ""
    return call.account() or ""


def _wants_json(call: Call) -> bool:
    return call.request.path.endswith(".json")


def _name(call: Call, part: str) -> str:
    return call.names[part].removesuffix(".json")


def _shown(call: Call, name: str, value: State) -> Response:
    return answer(call, name, value, json=_wants_json(call))


def _error(call: Call, status: int, message: str) -> Response:
    return answer(call, "status", {"message": message, "status-code": status}, status=status, json=_wants_json(call))


def _known_plan(call: Call, key: str) -> State:
    plan = entry(call.state, "plans", key, enabled=True, result="Successful")
    if plan is None or key.count("-") != 1:
        raise RefusalError(_error(call, 404, f"Plan {key} not found."))
    return plan


def _builds(call: Call) -> list[State]:
    return list(call.state.get("builds", []))


def _open_builds(call: Call, key: str) -> list[State]:
    return [b for b in _builds(call) if b["plan"] == key and _stage(call, b) != "finished"]


def _enqueue(call: Call, key: str, variables: State, revision: str | None, only: str | None) -> State:
    made = {"plan": key, "number": number(call.state, f"build {key}"), "since": call.now, "variables": variables}
    return record(call.state, "builds", **made, revision=revision, stage=only, removed=False)


def _build(call: Call, result: str) -> State:
    key, _, count = result.rpartition("-")
    build = next((b for b in _builds(call) if b["plan"] == key and str(b["number"]) == count), None)
    if build is None or build["removed"]:
        raise RefusalError(_error(call, 404, f"Result {result} not found."))
    return build


def _stage(call: Call, build: State) -> str:
    waiting, working = call.state.get("queue_seconds", 0.5), call.state.get("build_seconds", 1.0)
    return stage(call.now, build["since"], float(waiting), float(working))


def _shown_result(call: Call, build: State) -> State:
    step = _stage(call, build)
    result = _known_plan(call, build["plan"])["result"] if step == "finished" else "Unknown"
    key = f"{build['plan']}-{build['number']}"
    shown = {"key": key, "buildResultKey": key, "number": build["number"], "buildNumber": build["number"]}
    link = {"href": f"{call.root}/rest/api/latest/result/{key}", "rel": "self"}
    return {**shown, "lifeCycleState": _LIFE[step], "state": result, "buildState": result, "link": link}
