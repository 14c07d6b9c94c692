"""A stand-in for Google Cloud Build: triggers, builds, connections, the webhook address, and the OAuth token endpoint.

State: `triggers` {name or id: {disabled, secret_state, key, secret, result}}, `connections` {name: {stage}}, `denied`
(True: 403), `queue_seconds`, `build_seconds`. Effects: `builds` [{id, trigger, source, via, since}].
"""

from __future__ import annotations

from reconciler.sandbox.message import Request, Response
from reconciler.sandbox.services.base import Call, RefusalError, Service, serve, table
from reconciler.sandbox.services.memory import State, digest, entry, iso, mapping, number, record, stage, uuid_of

_CODES = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND"}


def handle(request: Request, state: State, now: float) -> Response:
    """Answer one request to Cloud Build or Google's token endpoint."""
    return serve(SERVICE, request, state, now)


def _trigger(call: Call) -> Response:
    name, trigger = _known_trigger(call)
    hook = {"secret": f"projects/{call.names['project']}/secrets/{name}/versions/1", "state": trigger["secret_state"]}
    shown: State = {"id": uuid_of("trigger", name), "name": name, "filename": "cloudbuild.yaml", "webhookConfig": hook}
    return Response.of_json(200, {**shown, **({"disabled": True} if trigger["disabled"] else {})})


def _run(call: Call) -> Response:
    name, trigger = _known_trigger(call)
    sent = mapping(call.json(_error(400, "Invalid JSON payload received."))) if call.body else {}
    source = mapping(sent.get("source"))
    if trigger["disabled"]:
        return _error(400, "failed precondition: trigger is disabled")
    if len([key for key in ("branchName", "tagName", "commitSha") if source.get(key)]) > 1:
        return _error(400, "oneof field 'revision' is already set")
    build = _start(call, name, source, "run")
    metadata = {"@type": "type.googleapis.com/google.devtools.cloudbuild.v1.BuildOperationMetadata"}
    operation = f"operations/build/{call.names['project']}/{build['id']}"
    return Response.of_json(200, {"name": operation, "metadata": {**metadata, "build": _shown(call, build)}})


def _webhook(call: Call) -> Response:
    """Starts a build for every POST with the right key and secret; the answer's body is empty."""
    name, trigger = _known_trigger(call)
    key, secret = call.query.get("key", ""), call.query.get("secret", "")
    if not key or call.is_bad(key) or key != trigger.get("key", key):
        return _error(400 if key else 403, "API key not valid. Please pass a valid API key.")
    if not secret or call.is_bad(secret) or secret != trigger.get("secret", secret):
        return _error(401, "The webhook's secret does not match.")
    if not trigger["disabled"]:
        _start(call, name, {}, "webhook")
    return Response.of_json(200, {})


def _build(call: Call) -> Response:
    build = next((b for b in call.state.get("builds", []) if b["id"] == call.names["build"]), None)
    return Response.of_json(200, _shown(call, build)) if build else _error(404, "Requested entity was not found.")


def _connection(call: Call) -> Response:
    name = call.names["connection"]
    connection = entry(call.state, "connections", name, stage="COMPLETE")
    if connection is None:
        return _error(404, f"Resource connections/{name} was not found")
    path = f"projects/{call.names['project']}/locations/{call.names['location']}/connections/{name}"
    return Response.of_json(
        200, {"name": path, "installationState": {"stage": connection["stage"]}, "gitlabConfig": {}}
    )


def _token(call: Call) -> Response:
    form = call.form
    assertion = form.get("assertion") or form.get("refresh_token") or form.get("subject_token", "")
    if not form.get("grant_type") or not assertion or call.is_bad(assertion):
        return Response.of_json(400, {"error": "invalid_grant", "error_description": "Invalid JWT Signature."})
    token = f"ya29.{digest('token', number(call.state, 'token'))[:40]}"
    return Response.of_json(200, {"access_token": token, "expires_in": 3599, "token_type": "Bearer"})


def _authorised(call: Call) -> Response | None:
    if not call.token() or not call.account():
        return _error(401, "Request had invalid authentication credentials.")
    return _error(403, "The caller does not have permission") if call.state.get("denied") else None


_PLACES = ("/v1/projects/{project}", "/v1/projects/{project}/locations/{location}")

SERVICE = Service(
    routes=(
        *table(*(("POST", f"{at}/triggers/{{trigger}}:webhook", _webhook) for at in _PLACES)),
        *table(
            *(("POST", f"{at}/triggers/{{trigger}}:run", _run) for at in _PLACES),
            *(("GET", f"{at}/triggers/{{trigger}}", _trigger) for at in _PLACES),
            *(("GET", f"{at}/builds/{{build}}", _build) for at in _PLACES),
            ("GET", "/v2/projects/{project}/locations/{location}/connections/{connection}", _connection),
            guard=_authorised,
        ),
        *table(("POST", "/token", _token)),
    ),
    throttled=lambda _call: _error(429, "Quota exceeded for quota metric."),
    missing=lambda _call: _error(404, "Method not found."),
)


# ---------------------------------------------------------------------------------------------------------------------


def _error(status: int, message: str) -> Response:
    code = _CODES.get(status, "RESOURCE_EXHAUSTED")
    return Response.of_json(status, {"error": {"code": status, "message": message, "status": code}})


def _known_trigger(call: Call) -> tuple[str, State]:
    name = call.names["trigger"]
    trigger = entry(call.state, "triggers", name, disabled=False, secret_state="OK", result="SUCCESS")
    if trigger is None:
        raise RefusalError(_error(404, "Requested entity was not found."))
    return name, trigger


def _start(call: Call, name: str, source: State, via: str) -> State:
    made = {"id": uuid_of("build", number(call.state, "build")), "trigger": name, "source": source, "since": call.now}
    return record(call.state, "builds", **made, via=via)


def _shown(call: Call, build: State) -> State:
    waiting, working = call.state.get("queue_seconds", 0.5), call.state.get("build_seconds", 1.0)
    step = stage(call.now, build["since"], float(waiting), float(working))
    result = mapping(mapping(call.state.get("triggers")).get(build["trigger"])).get("result", "SUCCESS")
    status = {"queued": "QUEUED", "running": "WORKING", "finished": result}[step]
    shown = {"id": build["id"], "status": status, "createTime": iso(build["since"])}
    shown["substitutions"] = mapping(build["source"].get("substitutions"))
    return {**shown, "logUrl": f"https://console.cloud.google.com/cloud-build/builds/{build['id']}"}
