"""A stand-in for Redmine: the key's user (with the API key in the answer, as the real one has), projects, issues.

State: `public` (default True: nobody in particular may read), `rest_off` (403 where a user is needed, nobody in
particular elsewhere), `projects` {identifier: {id, name}}, `unknown_users` (list: who cannot be switched to, 412),
`fixed` (list of fields that the user may not set: left out in silence), `unfiltered` (list of ids of custom fields by
which it does not filter: the filter is ignored). Effects: `issues` {id: issue}, each with `journals`.
Checked against Redmine 5.0.4: an issue begins in the status New, unknown trackers and statuses are ignored.
"""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.sandbox.message import Request, Response
from reconciler.sandbox.services.base import Call, RefusalError, Service, serve, table
from reconciler.sandbox.services.memory import State, digest, entry, iso, mapping, number, sequence, whole

_STATUSES = (
    {"id": 1, "name": "New", "is_closed": False},
    {"id": 2, "name": "In Progress", "is_closed": False},
    {"id": 3, "name": "Resolved", "is_closed": False},
    {"id": 4, "name": "Feedback", "is_closed": False},
    {"id": 5, "name": "Closed", "is_closed": True},
    {"id": 6, "name": "Rejected", "is_closed": True},
)
_TRACKERS = ({"id": 1, "name": "Bug"}, {"id": 2, "name": "Feature"}, {"id": 3, "name": "Support"})
_PRIORITIES = tuple(
    {"id": count, "name": name, "is_default": name == "Normal", "active": True}
    for count, name in enumerate(("Low", "Normal", "High", "Urgent", "Immediate"), 1)
)
_NO_PROJECT = ("Project cannot be blank", "Tracker cannot be blank", "Status cannot be blank")
_LINKED: dict[str, tuple[str, Sequence[State]]] = {
    "status_id": ("status", _STATUSES),
    "tracker_id": ("tracker", _TRACKERS),
    "priority_id": ("priority", _PRIORITIES),
}


def handle(request: Request, state: State, now: float) -> Response:
    """Answer one request to Redmine."""
    return serve(SERVICE, request, state, now)


def _user(call: Call) -> Response:
    key = call.header("x-redmine-api-key") or call.query.get("key") or digest("api_key")[:40]
    user = {"id": 5, "login": "gitlab-bot", "firstname": "GitLab", "lastname": "Bot", "mail": "bot@acme.example"}
    return Response.of_json(200, {"user": {**user, "api_key": key, "status": 1}})


def _project(call: Call) -> Response:
    name = call.names["project"]
    return Response.of_json(200, {"project": _known_project(call, name, Response(404))})


def _page(call: Call) -> Response:
    _known_project(call, call.names["project"], Response(404))
    return Response(200, {"Content-Type": "text/html"}, b"<html><body>Redmine</body></html>")


def _find(call: Call) -> Response:
    query = call.query
    status = query.get("status_id", "open")
    if project := query.get("project_id"):
        _known_project(call, project, Response(404))
    ignored = {f"cf_{number}" for number in sequence(call.state.get("unfiltered"))}
    asked = {name: value for name, value in query.items() if name not in ignored}
    found = [issue for issue in _issues(call) if _in_status(issue, status) and _matches(issue, asked)]
    start, most = whole(query.get("offset"), 0), min(whole(query.get("limit"), 25), 100)
    page = [_shown(issue) for issue in found[start : start + most]]
    return Response.of_json(200, {"issues": page, "total_count": len(found), "offset": start, "limit": most})


def _create(call: Call) -> Response:
    sent = _sent(call)
    project = _known_project(call, str(sent.get("project_id", "")), _errors(*_NO_PROJECT))
    if wrong := _misfit(sent, required=True):
        return _errors(wrong)
    new = {"id": number(call.state, "issue"), "status": _STATUSES[0], "tracker": _TRACKERS[0]}
    issue: State = {**new, "priority": _PRIORITIES[1], "project": {k: project[k] for k in ("id", "name")}}
    issue |= {"project_identifier": project["identifier"], "created_on": iso(call.now), "journals": []}
    _write(call, issue, {name: value for name, value in sent.items() if name != "status_id"})
    call.state.setdefault("issues", {})[str(issue["id"])] = issue
    return Response.of_json(201, {"issue": _shown(issue)}, {"Location": f"{call.root}/issues/{issue['id']}"})


def _one_issue(call: Call) -> Response:
    issue = mapping(call.state.get("issues")).get(call.names["issue"])
    if issue is None:
        return Response(404)
    if call.request.method == "GET":
        journals = {"journals": issue["journals"]} if "journals" in call.query.get("include", "") else {}
        return Response.of_json(200, {"issue": {**_shown(issue), **journals}})
    if call.request.method == "DELETE":
        del call.state["issues"][call.names["issue"]]
        return Response(204)
    sent = _sent(call)
    if wrong := _misfit(sent):
        return _errors(wrong)
    _write(call, issue, sent)
    if (notes := sent.get("notes")) and "notes" not in sequence(call.state.get("fixed")):
        issue["journals"].append({"id": number(call.state, "journal"), "notes": notes, "created_on": iso(call.now)})
    return Response(204)


def _statuses(_call: Call) -> Response:
    return Response.of_json(200, {"issue_statuses": _STATUSES})


def _trackers(_call: Call) -> Response:
    return Response.of_json(200, {"trackers": _TRACKERS})


def _priorities(_call: Call) -> Response:
    return Response.of_json(200, {"issue_priorities": _PRIORITIES})


def _switched(call: Call) -> Response | None:
    return Response(412) if call.header("x-redmine-switch-user") in call.state.get("unknown_users", []) else None


def _logged_in(call: Call) -> Response | None:
    if refusal := Response(403) if call.state.get("rest_off") else _switched(call):
        return refusal
    return None if _account(call) else Response(401, {"WWW-Authenticate": 'Basic realm="Redmine API"'})


def _reader(call: Call) -> Response | None:
    return _switched(call) if call.state.get("public", True) else _logged_in(call)


SERVICE = Service(
    routes=(
        *table(
            ("GET", "/users/current.json", _user),
            ("GET", "/my/account.json", _user),
            ("POST", "/issues.json", _create),
            ("PUT|DELETE", "/issues/{issue}.json", _one_issue),
            guard=_logged_in,
        ),
        *table(
            ("GET", "/issues.json", _find),
            ("GET", "/issues/{issue}.json", _one_issue),
            ("GET", "/projects/{project}.json", _project),
            ("GET", "/issue_statuses.json", _statuses),
            ("GET", "/trackers.json", _trackers),
            ("GET", "/enumerations/issue_priorities.json", _priorities),
            guard=_reader,
        ),
        *table(("GET", "/projects/{project}", _page)),
    ),
    missing=lambda _call: Response(404),
    contexts=2,
)


# ---------------------------------------------------------------------------------------------------------------------


def _account(call: Call) -> str | None:
    if key := call.header("x-redmine-api-key") or call.query.get("key", ""):
        return None if call.is_bad(key) else "gitlab-bot"
    return call.account()


def _errors(*sentences: str) -> Response:
    return Response.of_json(422, {"errors": list(sentences)})


def _known_project(call: Call, name: str, otherwise: Response) -> State:
    listed = mapping(call.state.get("projects"))
    identifier = next((i for i, project in listed.items() if str(mapping(project).get("id")) == name), name)
    project = entry(call.state, "projects", identifier, id=1, name=identifier) if identifier else None
    if project is None:
        raise RefusalError(otherwise)
    return {"identifier": identifier, "is_public": bool(call.state.get("public", True)), **project}


def _issues(call: Call) -> list[State]:
    return list(mapping(call.state.get("issues")).values())[::-1]


def _in_status(issue: State, asked: str) -> bool:
    if asked in ("open", "closed"):
        return bool(issue["status"]["is_closed"]) == (asked == "closed")
    return asked == "*" or str(issue["status"]["id"]) in asked.split("|")


def _matches(issue: State, query: dict[str, str]) -> bool:
    project = query.get("project_id")
    if project is not None and project not in (issue["project_identifier"], str(issue["project"]["id"])):
        return False
    if subject := query.get("subject"):
        wanted = subject.removeprefix("~")
        if wanted not in issue["subject"] if subject.startswith("~") else wanted != issue["subject"]:
            return False
    held = {f"cf_{field.get('id')}": str(field.get("value")) for field in map(mapping, issue["custom_fields"])}
    return all(held.get(name) == value for name, value in query.items() if name.startswith("cf_"))


def _sent(call: Call) -> State:
    return mapping(mapping(call.json(Response(400))).get("issue"))


def _shown(issue: State) -> State:
    """An issue as it is listed: without its notes and what only we need."""
    return {name: value for name, value in issue.items() if name not in ("journals", "project_identifier")}


def _misfit(sent: State, *, required: bool = False) -> str:
    if (required or "subject" in sent) and not sent.get("subject"):
        return "Subject cannot be blank"
    if len(str(sent.get("subject", ""))) > 255:
        return "Subject is too long (maximum is 255 characters)"
    priority = sent.get("priority_id")
    known = priority is None or str(priority) in {str(row["id"]) for row in _PRIORITIES}
    return "" if known else "Priority cannot be blank"


def _write(call: Call, issue: State, sent: State) -> None:
    sent = {name: value for name, value in sent.items() if name not in sequence(call.state.get("fixed"))}
    for name, (shown, choices) in _LINKED.items():
        if name in sent:
            chosen = next((choice for choice in choices if str(choice["id"]) == str(sent[name])), issue[shown])
            issue[shown] = chosen
    issue["subject"] = str(sent.get("subject", issue.get("subject", "")))
    issue["description"] = sent.get("description", issue.get("description", ""))
    if "assigned_to_id" in sent:
        issue["assigned_to"] = {"id": sent["assigned_to_id"]}
    held = {str(field["id"]): field for field in issue.get("custom_fields", [])}
    held |= {str(f["id"]): f for f in map(mapping, sequence(sent.get("custom_fields"))) if "id" in f}
    issue["custom_fields"] = list(held.values())
    issue["updated_on"] = iso(call.now)
