"""A stand-in for SonarQube, Server and Cloud: system status, token check, quality gates, webhooks, GitLab bindings.

State: `status` (default UP), `force_authentication` (nobody in particular is let in; without it `validate` says true to
a caller without credentials), `edition` ("community": no bindings), `projects` {key: {gate}}, `version`. Effects:
`webhooks` {key: webhook}, `alm_settings` {key: {url}}, `bindings` {project: binding}.
"""

from __future__ import annotations

from reconciler.sandbox.message import Request, Response
from reconciler.sandbox.services.base import Call, RefusalError, Service, serve, table
from reconciler.sandbox.services.memory import State, digest, entry, mapping, number

_MOST_WEBHOOKS = 10
_ANALYSIS_TOKENS = ("sqa_", "sqp_")


def handle(request: Request, state: State, now: float) -> Response:
    """Answer one request to SonarQube."""
    return serve(SERVICE, request, state, now)


def _status(call: Call) -> Response:
    version = call.state.get("version", "2025.1.0.102418")
    return Response.of_json(200, {"id": "147B411E", "version": version, "status": call.state.get("status", "UP")})


def _validate(call: Call) -> Response:
    account = call.account()
    is_anonymous_fine = account == "" and not call.state.get("force_authentication")
    return Response.of_json(200, {"valid": bool(account) or is_anonymous_fine})


def _health(call: Call) -> Response:
    return Response.of_json(200, {"health": "GREEN" if call.state.get("status", "UP") == "UP" else "RED", "causes": []})


def _gate(call: Call) -> Response:
    project = _project(call, call.query.get("projectKey", ""))
    status = {"status": project["gate"], "conditions": [], "ignoredConditions": False, "caycStatus": "compliant"}
    return Response.of_json(200, {"projectStatus": status})


def _component(call: Call) -> Response:
    key = call.query.get("component", "")
    _project(call, key)
    return Response.of_json(200, {"component": {"key": key, "name": key, "qualifier": "TRK"}, "ancestors": []})


def _create_webhook(call: Call) -> Response:
    name, url, project = _needed(call, "name"), _needed(call, "url"), call.form.get("project")
    hooks = call.state.setdefault("webhooks", {})
    if sum(hook["project"] == project for hook in hooks.values()) >= _MOST_WEBHOOKS:
        return _error(400, f"Maximum number of webhook reached ({_MOST_WEBHOOKS})")
    if not url.startswith(("http://", "https://")):
        return _error(400, "Url parameter with value '' is not a valid url")
    key = digest("webhook", number(call.state, "webhook"))[:20]
    hooks[key] = {"name": name, "url": url, "project": project, "hasSecret": bool(call.form.get("secret"))}
    return Response.of_json(200, {"webhook": {"key": key, **_shown(hooks[key])}})


def _update_webhook(call: Call) -> Response:
    hook = _webhook(call)
    hook |= {"name": _needed(call, "name"), "url": _needed(call, "url")}
    if "secret" in call.form:
        hook["hasSecret"] = bool(call.form["secret"])
    return Response(204)


def _delete_webhook(call: Call) -> Response:
    _webhook(call)
    del call.state["webhooks"][call.form["webhook"]]
    return Response(204)


def _list_webhooks(call: Call) -> Response:
    hooks, project = mapping(call.state.get("webhooks")), call.query.get("project")
    rows = [{"key": key, **_shown(hook)} for key, hook in hooks.items() if hook["project"] == project]
    return Response.of_json(200, {"webhooks": rows})


def _deliveries(_call: Call) -> Response:
    return Response.of_json(200, {"paging": {"pageIndex": 1, "pageSize": 10, "total": 0}, "deliveries": []})


def _save_setting(call: Call) -> Response:
    """`create_gitlab` and `update_gitlab`; the token is taken and never shown."""
    key, url = _needed(call, "key"), _needed(call, "url")
    settings = call.state.setdefault("alm_settings", {})
    is_new = call.request.path.endswith("create_gitlab")
    if is_new and key in settings:
        return _error(400, f"An DevOps Platform setting with key '{key}' already exists")
    if not is_new and key not in settings:
        return _error(404, f"DevOps Platform setting with key '{key}' cannot be found")
    if is_new:
        _needed(call, "personalAccessToken")
    settings[key] = {"url": url}
    return Response(204)


def _settings(call: Call) -> Response:
    rows = [{"key": key, **value} for key, value in mapping(call.state.get("alm_settings")).items()]
    return Response.of_json(200, {"gitlab": rows, "github": [], "azure": [], "bitbucket": [], "bitbucketcloud": []})


def _validate_setting(call: Call) -> Response:
    setting = _setting(call, call.query.get("key", ""))
    wrong = "Could not validate GitLab url. Got an unexpected answer."
    return Response.of_json(200, {"errors": [] if setting["url"].rstrip("/").endswith("/api/v4") else [{"msg": wrong}]})


def _count(call: Call) -> Response:
    key = call.query.get("almSetting", call.query.get("key", ""))
    _setting(call, key)
    bound = [row for row in mapping(call.state.get("bindings")).values() if row["almSetting"] == key]
    return Response.of_json(200, {"key": key, "projects": len(bound)})


def _bind(call: Call) -> Response:
    project, setting, repository = (_needed(call, name) for name in ("project", "almSetting", "repository"))
    _project(call, project)
    _setting(call, setting)
    binding = {"almSetting": setting, "repository": repository, "monorepo": call.form.get("monorepo") == "true"}
    call.state.setdefault("bindings", {})[project] = binding
    return Response(204)


def _binding(call: Call) -> Response:
    binding = _bound(call)
    setting = _setting(call, binding["almSetting"])
    shown = {"key": binding["almSetting"], "alm": "gitlab", "url": setting["url"], "repository": binding["repository"]}
    return Response.of_json(200, {**shown, "monorepo": binding["monorepo"]})


def _validate_binding(call: Call) -> Response:
    if not str(_bound(call)["repository"]).isdigit():
        return Response.of_json(200, {"errors": [{"msg": "The GitLab project id is not a number"}]})
    return Response(204)


def _logged_in(call: Call) -> Response | None:
    account = call.account()
    is_anonymous_fine = account == "" and not call.state.get("force_authentication")
    return None if account or is_anonymous_fine else Response(401)


def _administrator(call: Call) -> Response | None:
    if not call.account():
        return Response(401)
    token = call.token() or (call.basic() or ("", ""))[0]
    return _error(403, "Insufficient privileges") if token.startswith(_ANALYSIS_TOKENS) else None


def _binder(call: Call) -> Response | None:
    if call.state.get("edition") == "community":
        return _error(404, "Unknown url : " + call.request.path)
    return _administrator(call)


SERVICE = Service(
    routes=(
        *table(("GET", "/api/system/status", _status), ("GET", "/api/authentication/validate", _validate)),
        *table(
            ("GET", "/api/qualitygates/project_status", _gate),
            ("GET", "/api/components/show", _component),
            guard=_logged_in,
        ),
        *table(
            ("GET", "/api/system/health", _health),
            ("POST", "/api/webhooks/create", _create_webhook),
            ("POST", "/api/webhooks/update", _update_webhook),
            ("POST", "/api/webhooks/delete", _delete_webhook),
            ("GET", "/api/webhooks/list", _list_webhooks),
            ("GET", "/api/webhooks/deliveries", _deliveries),
            ("POST", "/api/alm_settings/create_gitlab", _save_setting),
            ("POST", "/api/alm_settings/update_gitlab", _save_setting),
            ("GET", "/api/alm_settings/list_definitions", _settings),
            ("GET", "/api/alm_settings/validate", _validate_setting),
            ("GET", "/api/alm_settings/count_binding", _count),
            guard=_administrator,
        ),
        *table(
            ("POST", "/api/alm_settings/set_gitlab_binding", _bind),
            ("GET", "/api/alm_settings/get_binding", _binding),
            ("GET", "/api/alm_settings/validate_binding", _validate_binding),
            guard=_binder,
        ),
    ),
    missing=lambda call: _error(404, f"Unknown url : {call.request.path}"),
    contexts=2,
)


# ---------------------------------------------------------------------------------------------------------------------


def _error(status: int, message: str) -> Response:
    return Response.of_json(status, {"errors": [{"msg": message}]})


def _needed(call: Call, name: str) -> str:
    if not call.form.get(name):
        raise RefusalError(_error(400, f"The '{name}' parameter is missing"))
    return call.form[name]


def _project(call: Call, key: str) -> State:
    project = entry(call.state, "projects", key, gate="OK") if key else None
    if project is None:
        raise RefusalError(_error(404, f"Project '{key}' not found"))
    return project


def _webhook(call: Call) -> State:
    hook = mapping(call.state.get("webhooks")).get(_needed(call, "webhook"))
    if hook is None:
        raise RefusalError(_error(404, f"No webhook with key '{call.form['webhook']}'"))
    return mapping(hook)


def _shown(hook: State) -> State:
    return {name: hook[name] for name in ("name", "url", "hasSecret")}


def _setting(call: Call, key: str) -> State:
    setting = mapping(call.state.get("alm_settings")).get(key)
    if setting is None:
        raise RefusalError(_error(404, f"DevOps Platform setting with key '{key}' cannot be found"))
    return mapping(setting)


def _bound(call: Call) -> State:
    project = call.query.get("project", "")
    binding = mapping(call.state.get("bindings")).get(project)
    if binding is None:
        raise RefusalError(_error(404, f"Project '{project}' is not bound to any DevOps Platform"))
    return mapping(binding)
