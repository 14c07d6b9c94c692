"""A stand-in for Asana: the token's user, tasks, their stories (comments), a project's tasks, the paid search.

State: `paid` (search answers instead of 402). Effects: `tasks` {gid: task}, `stories` {task gid: [story]}.
"""

from __future__ import annotations

from reconciler.sandbox.message import Request, Response
from reconciler.sandbox.services.base import Call, RefusalError, Service, serve, table
from reconciler.sandbox.services.memory import State, entry, iso, mapping, number, retry_after, sequence, whole

_WORKSPACE = {"gid": "1200000000000001", "name": "Acme", "resource_type": "workspace"}
_USER = {"gid": "1200000000000002", "name": "GitLab Bot", "resource_type": "user"}
_COMPACT = ("gid", "name", "resource_type")
_WRITABLE = frozenset(
    (
        *("name", "notes", "html_notes", "projects", "workspace", "assignee", "due_on", "due_at", "start_on", "parent"),
        *("custom_fields", "tags", "followers", "completed", "resource_subtype", "memberships"),
    )
)


def handle(request: Request, state: State, now: float) -> Response:
    """Answer one request to Asana."""
    return serve(SERVICE, request, state, now)


def _me(_call: Call) -> Response:
    return _answer(200, {**_USER, "email": "gitlab-bot@acme.example", "workspaces": [_WORKSPACE]})


def _create_task(call: Call) -> Response:
    sent = _sent(call)
    if not any(sent.get(key) for key in ("workspace", "projects", "parent")):
        return _error(400, "You should specify one of workspace, parent, or projects")
    for gid in sequence(sent.get("projects")):
        _demand(call, "projects", "project", gid)
    gid = str(1_205_000_000_000_000 + number(call.state, "task"))
    task = {"gid": gid, "resource_type": "task", "name": "", "notes": "", "completed": False, **sent}
    task |= {"created_at": iso(call.now), "modified_at": iso(call.now)}
    task["permalink_url"] = f"https://app.asana.com/0/0/{gid}"
    task["workspace"] = _WORKSPACE
    task["projects"] = [{"gid": str(p), "resource_type": "project"} for p in sequence(sent.get("projects"))]
    call.state.setdefault("tasks", {})[gid] = task
    return _answer(201, task)


def _one_task(call: Call) -> Response:
    task = _task(call)
    if call.request.method == "DELETE":
        del call.state["tasks"][task["gid"]]
        return _answer(200, {})
    if call.request.method == "PUT":
        task |= _sent(call)
        task["modified_at"] = iso(call.now)
    return _answer(200, task)


def _stories(call: Call) -> Response:
    task = _task(call)
    stories = call.state.setdefault("stories", {}).setdefault(task["gid"], [])
    if call.request.method == "GET":
        return _answer(200, stories)
    text = _body(call).get("text") or _body(call).get("html_text")
    if not isinstance(text, str) or not text:
        return _error(400, "text: Missing input")
    gid = str(1_206_000_000_000_000 + number(call.state, "story"))
    story = {"gid": gid, "resource_type": "story", "type": "comment", "text": text, "created_by": _USER}
    stories.append({**story, "created_at": iso(call.now)})
    return _answer(201, stories[-1])


def _project(call: Call) -> Response:
    gid = call.names["gid"]
    project = _demand(call, "projects", "project", gid)
    return _answer(200, {"gid": gid, "resource_type": "project", "workspace": _WORKSPACE, **project})


def _project_tasks(call: Call) -> Response:
    gid = call.names["gid"]
    _demand(call, "projects", "project", gid)
    return _page(call, [task for task in _tasks(call) if gid in (project["gid"] for project in task["projects"])])


def _search(call: Call) -> Response:
    if not call.state.get("paid"):
        return _error(402, "Payment Required: search is available to premium users only")
    text = call.query.get("text", "").lower()
    return _page(call, [task for task in _tasks(call) if text in f"{task['name']}\n{task['notes']}".lower()])


def _authenticated(call: Call) -> Response | None:
    return None if call.token() and call.account() else _error(401, "Not Authorized")


def _throttled(call: Call) -> Response:
    refusal = _error(429, "You have made too many requests recently. Please, be chill.")
    return Response(429, {**refusal.headers, "Retry-After": str(retry_after(call.state))}, refusal.body)


SERVICE = Service(
    routes=table(
        ("GET", "/api/1.0/users/me", _me),
        ("POST", "/api/1.0/tasks", _create_task),
        ("GET|PUT|DELETE", "/api/1.0/tasks/{gid}", _one_task),
        ("GET|POST", "/api/1.0/tasks/{gid}/stories", _stories),
        ("GET", "/api/1.0/projects/{gid}", _project),
        ("GET", "/api/1.0/projects/{gid}/tasks", _project_tasks),
        ("GET", "/api/1.0/workspaces/{gid}/tasks/search", _search),
        guard=_authenticated,
    ),
    throttled=_throttled,
    missing=lambda _call: _error(404, "No matching route for request"),
)


# ---------------------------------------------------------------------------------------------------------------------


def _answer(status: int, value: object) -> Response:
    return Response.of_json(status, {"data": value})


def _error(status: int, message: str) -> Response:
    link = "For more information on API status codes and how to handle them, read the docs on errors"
    return Response.of_json(status, {"errors": [{"message": message, "help": link}]})


def _body(call: Call) -> State:
    body = mapping(call.json(_error(400, "Could not parse request data, invalid JSON")))
    if not isinstance(body.get("data"), dict):
        raise RefusalError(_error(400, "Request body must have a top-level `data` object"))
    return mapping(body["data"])


def _sent(call: Call) -> State:
    sent = _body(call)
    if "external" in sent:
        raise RefusalError(_error(403, "external: Not available to personal access tokens"))
    if unknown := sorted(set(sent) - _WRITABLE):
        raise RefusalError(_error(400, f"{unknown[0]}: Cannot write this property"))
    return sent


def _demand(call: Call, table_name: str, word: str, gid: object) -> State:
    found = entry(call.state, table_name, str(gid), name=f"{word.capitalize()} {gid}")
    if found is None or not str(gid).isdigit():
        raise RefusalError(_error(404, f"{word}: Unknown object: {gid}"))
    return found


def _tasks(call: Call) -> list[State]:
    return list(mapping(call.state.get("tasks")).values())


def _task(call: Call) -> State:
    gid = call.names["gid"]
    task = mapping(call.state.get("tasks")).get(gid)
    if task is None:
        raise RefusalError(_error(404, f"task: Unknown object: {gid}"))
    return mapping(task)


def _page(call: Call, tasks: list[State]) -> Response:
    asked = [name for name in call.query.get("opt_fields", "").split(",") if name]
    start, most = whole(call.query.get("offset"), 0), min(whole(call.query.get("limit"), 100), 100)
    names = {"gid", "resource_type", *asked} if asked else set(_COMPACT)
    page = [{key: value for key, value in task.items() if key in names} for task in tasks[start : start + most]]
    after = str(start + most) if start + most < len(tasks) else None
    return Response.of_json(200, {"data": page, "next_page": {"offset": after} if after else None})
