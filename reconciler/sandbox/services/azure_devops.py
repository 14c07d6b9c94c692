"""A stand-in for Azure DevOps: projects, repositories, pipelines and their runs, service hooks, a mirror's Git side.

A caller without credentials is sent to a sign-in page (302), an expired token gets that page at once, and neither is an
error status. State: `expired_credentials` (list), `sign_in` ("203", the default, "302" or "200": how an expired token
is answered), `denied` (list of "projects", "pipelines", "hooks", "code": 403), `projects` {name: {id}}, `pipelines`
{id: {name, result}}, `run_seconds`. Effects: `runs`, `subscriptions`.
"""

from __future__ import annotations

from reconciler.sandbox.message import Request, Response
from reconciler.sandbox.services.base import Call, Guard, RefusalError, Service, serve, table
from reconciler.sandbox.services.memory import (
    State,
    entry,
    is_gone,
    iso,
    mapping,
    number,
    record,
    retry_after,
    stage,
    uuid_of,
    whole,
)

_PAGE = b"<!DOCTYPE html><html><head><title>Azure DevOps Services | Sign In</title></head></html>"
_HTML = {"Content-Type": "text/html; charset=utf-8"}


def handle(request: Request, state: State, now: float) -> Response:
    """Answer one request to Azure DevOps."""
    return serve(SERVICE, request, state, now)


def _sign_in(_call: Call) -> Response:
    return Response(200, _HTML, _PAGE)


def _projects(call: Call) -> Response:
    names = list(mapping(call.state.get("projects"))) or ["acme"]
    rows = [_shown_project(call, name) for name in names][: whole(call.query.get("$top"), 100)]
    return Response.of_json(200, {"count": len(rows), "value": rows})


def _one_project(call: Call) -> Response:
    return Response.of_json(200, _shown_project(call, call.names["project"]))


def _repository(call: Call) -> Response:
    project, name = _shown_project(call, call.names["project"]), call.names["repository"]
    if is_gone(call.state, name):
        return _error(
            404, f"TF401019: The Git repository with name or identifier {name} does not exist.", "GitRepositoryNotFound"
        )
    remote = f"https://dev.azure.com/{call.names['org']}/{call.names['project']}/_git/{name}"
    shown = {"id": uuid_of("repository", name), "name": name, "defaultBranch": "refs/heads/main", "project": project}
    return Response.of_json(200, {**shown, "remoteUrl": remote, "isDisabled": False})


def _run(call: Call) -> Response:
    pipeline = _pipeline(call)
    sent = mapping(call.json(_error(400, "The request body is not valid JSON.", "InvalidRequest")))
    if sent.get("previewRun") or call.request.path.rstrip("/").endswith("/preview"):
        return Response.of_json(200, {"finalYaml": "stages:\n- stage: __default\n", "id": -1})
    kept: State = {name: sent[name] for name in ("resources", "templateParameters", "stagesToSkip") if name in sent}
    variables = mapping(sent.get("variables"))
    kept["variables"] = {
        n: None if mapping(v).get("isSecret") else mapping(v).get("value") for n, v in variables.items()
    }
    run: State = {"id": number(call.state, "run"), "pipeline": call.names["pipeline"], "since": call.now, **kept}
    return Response.of_json(200, _shown_run(call, pipeline, record(call.state, "runs", **run)))


def _one_run(call: Call) -> Response:
    pipeline = _pipeline(call)
    wanted = (call.names["pipeline"], call.names["run"])
    run = next((r for r in call.state.get("runs", []) if (r["pipeline"], str(r["id"])) == wanted), None)
    if run is None:
        return _error(404, f"Run {call.names['run']} not found.", "RunNotFoundException")
    return Response.of_json(200, _shown_run(call, pipeline, run))


def _subscribe(call: Call) -> Response:
    sent = mapping(call.json(_error(400, "The request body is not valid JSON.", "InvalidRequest")))
    if missing := [n for n in ("publisherId", "eventType", "consumerId", "consumerActionId") if not sent.get(n)]:
        return _error(400, f"Missing parameter: {missing[0]}", "ArgumentNullException")
    made = {"id": uuid_of("subscription", number(call.state, "subscription")), "status": "enabled"}
    kept = ("publisherId", "eventType", "consumerId", "consumerActionId", "publisherInputs")
    return Response.of_json(200, record(call.state, "subscriptions", **made, **{n: sent.get(n) for n in kept}))


def _subscriptions(call: Call) -> Response:
    rows = call.state.get("subscriptions", [])
    return Response.of_json(200, {"count": len(rows), "value": rows})


def _unsubscribe(call: Call) -> Response:
    rows = call.state.get("subscriptions", [])
    call.state["subscriptions"] = [row for row in rows if row["id"] != call.names["id"]]
    return Response(204)


def _refs(call: Call) -> Response:
    service = call.query.get("service", "git-upload-pack")
    line = f"# service={service}\n"
    body = f"{len(line) + 4:04x}{line}00000000"
    return Response(200, {"Content-Type": f"application/x-{service}-advertisement"}, body.encode())


def _admitted(area: str) -> Guard:
    def guard(call: Call) -> Response | None:
        pair = call.basic()
        token = pair[1] if pair else call.token()
        if not token:
            return Response(302, {**_HTML, "Location": f"{call.root}/_signin"}, _PAGE)
        if token in call.state.get("expired_credentials", []):
            form = int(call.state.get("sign_in", "203"))
            return Response(form, {**_HTML, **({"Location": f"{call.root}/_signin"} if form == 302 else {})}, _PAGE)
        if call.is_bad(token, f"{pair[0]}:{pair[1]}" if pair else ""):
            return Response(401, {**_HTML, "WWW-Authenticate": 'Basic realm="https://dev.azure.com/"'}, _PAGE)
        if is_gone(call.state, call.names["org"]):
            return Response(404, _HTML, b"<html>The resource cannot be found.</html>")
        if area in call.state.get("denied", []):
            return _error(403, "TF50309: The token does not have the needed scope.", "AccessDenied")
        if (
            call.request.method != "GET"
            and area != "code"
            and "api-version" not in call.form
            and not _names_version(call)
        ):
            return _error(400, "No api-version was supplied for the request.", "VssVersionNotSpecifiedException")
        return None

    return guard


def _throttled(call: Call) -> Response:
    wait = retry_after(call.state)
    refusal = _error(429, "TF400733: The request has been canceled: Request was blocked.", "RequestBlocked")
    headers = {"Retry-After": str(wait), "X-RateLimit-Resource": "Core", "X-RateLimit-Delay": "0"}
    headers |= {
        "X-RateLimit-Limit": "200",
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset": str(int(call.now + wait)),
    }
    return Response(429, {**refusal.headers, **headers}, refusal.body)


_RUNS = "/{org}/{project}/_apis/pipelines/{pipeline}/runs"
_HOOKS = "/{org}/_apis/hooks/subscriptions"

SERVICE = Service(
    routes=(
        *table(("GET", "/_signin", _sign_in)),
        *table(
            ("GET", "/{org}/_apis/projects", _projects),
            ("GET", "/{org}/_apis/projects/{project}", _one_project),
            guard=_admitted("projects"),
        ),
        *table(
            ("GET", "/{org}/{project}/_apis/git/repositories/{repository}", _repository),
            ("GET", "/{org}/{project}/_git/{repository}/info/refs", _refs),
            guard=_admitted("code"),
        ),
        *table(
            ("POST", _RUNS, _run),
            ("POST", "/{org}/{project}/_apis/pipelines/{pipeline}/preview", _run),
            ("GET", _RUNS + "/{run}", _one_run),
            guard=_admitted("pipelines"),
        ),
        *table(
            ("GET", _HOOKS, _subscriptions),
            ("POST", _HOOKS, _subscribe),
            ("DELETE", _HOOKS + "/{id}", _unsubscribe),
            guard=_admitted("hooks"),
        ),
    ),
    throttled=_throttled,
    missing=lambda _call: Response(404, _HTML, b"<html>The resource cannot be found.</html>"),
    contexts=1,
)


# ---------------------------------------------------------------------------------------------------------------------


def _error(status: int, message: str, kind: str) -> Response:
    body = {"$id": "1", "message": message, "typeName": f"Microsoft.{kind}", "typeKey": kind, "errorCode": 0}
    return Response.of_json(status, body)


def _names_version(call: Call) -> bool:
    return "api-version=" in call.header("accept") or "api-version=" in call.header("content-type")


def _shown_project(call: Call, name: str) -> State:
    project = entry(call.state, "projects", name, id=uuid_of("project", name))
    if project is None:
        raise RefusalError(
            _error(404, f"TF200016: The following project does not exist: {name}.", "ProjectDoesNotExist")
        )
    return {"id": project["id"], "name": name, "state": "wellFormed", "lastUpdateTime": iso(0), "visibility": "private"}


def _pipeline(call: Call) -> State:
    _shown_project(call, call.names["project"])
    name = call.names["pipeline"]
    pipeline = entry(call.state, "pipelines", name, name=f"pipeline {name}", result="succeeded")
    if pipeline is None or not name.isdigit():
        raise RefusalError(_error(404, f"Pipeline {name} not found.", "PipelineNotFoundException"))
    return pipeline


def _shown_run(call: Call, pipeline: State, run: State) -> State:
    is_done = stage(call.now, run["since"], 0.0, float(call.state.get("run_seconds", 1.0))) == "finished"
    url = f"{call.root}/{call.names['org']}/{call.names['project']}/_apis/pipelines/{run['pipeline']}/runs/{run['id']}"
    shown = {"id": run["id"], "name": str(run["id"]), "state": "completed" if is_done else "inProgress", "url": url}
    web = f"{call.root}/{call.names['org']}/{call.names['project']}/_build/results?buildId={run['id']}"
    shown |= {"result": pipeline["result"]} if is_done else {}
    return {**shown, "createdDate": iso(run["since"]), "_links": {"self": {"href": url}, "web": {"href": web}}}
