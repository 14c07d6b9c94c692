"""Asana: whose token it is, and tasks made, changed and commented on.

Pure. Asana has no key by which a second task would be noticed (its `external` field is not for personal tokens), so a
task carries a line with its marker and is looked for among the project's tasks before it is made. Source:
https://developers.asana.com/reference/rest-api-reference; every body stands in a `data` object.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from reconciler.core.errors import ReconcilerError, RemoteError
from reconciler.core.flow import Answer, Bearer, Flow, Request
from reconciler.core.resource import Action, Field, FieldType, Health, Subject, Verdict
from reconciler.core.value import Plain, Value
from reconciler.integrations.flows.answers import mapping, objects, shown
from reconciler.integrations.flows.asking import ask, look, taken
from reconciler.integrations.flows.messages import lines, without_nothing
from reconciler.integrations.flows.values import need, need_secret, text_of
from reconciler.integrations.flows.verdicts import CREDENTIAL, GONE, SETTINGS, Sign, degraded, healthy, judge

_NAME = "Asana"
_BASE = "https://app.asana.com/api/1.0"
_SIGNS = (
    Sign((401,), (), Health.UNHEALTHY, "Asana does not accept the token", CREDENTIAL),
    Sign((402,), (), Health.UNHEALTHY, "the Asana workspace's plan does not include this", SETTINGS),
)
_WHY = {402: "the workspace's plan does not include this", 404: "it knows no such task or project, or hides it"}
_PAGES = 20
"""Pages of a hundred tasks that are looked through for a marker."""


def probe(subject: Subject) -> Flow[Verdict]:
    """Whose token it is, and whether its user may see the project in which tasks are made."""
    answer = yield from ask(look("GET", f"{_BASE}/users/me", auth=_auth(subject)))
    if not mapping(shown(answer).get("data")).get("gid"):
        return judge(_NAME, answer, _SIGNS)
    project = text_of(subject.values, "project_gid")
    if project:
        answer = yield from ask(look("GET", f"{_BASE}/projects/{quote(project, safe='')}", auth=_auth(subject)))
        if not mapping(shown(answer).get("data")).get("gid"):
            verdict = judge(_NAME, answer, _SIGNS)
            if verdict.status is not Health.UNHEALTHY:
                return verdict
            return degraded("Asana accepts the token, whose user does not see the project", GONE)
    return healthy("Asana accepts the token")


def create_task(subject: Subject, parameters: Mapping[str, Value]) -> Flow[Mapping[str, Plain]]:
    """Make a task; with a `marker`, only if no task of the project carries it."""
    marker, project = text_of(parameters, "marker"), _project(subject, parameters)
    if marker:
        if not project:
            raise ReconcilerError("`marker` needs a project to look in", hint="state `project_gid`")
        if found := (yield from _marked(subject, project, marker)):
            return {"task": found, "created": False}
    workspace = text_of(subject.values, "workspace_gid")
    if not project and not workspace:
        raise ReconcilerError("a task needs a project or a workspace", hint="state `project_gid` or `workspace_gid`")
    fields = _fields(parameters) | {"name": need(parameters, "name")}
    fields["notes"] = lines((fields.get("notes"), marker and _line(marker)))
    fields |= {"projects": [project]} if project else {"workspace": workspace}
    answer = yield from _send(subject, "POST", "/tasks", without_nothing(**fields))
    return {"task": _gid(taken(_NAME, "make the task", answer, why=_WHY)), "created": True}


def update_task(subject: Subject, parameters: Mapping[str, Value]) -> Flow[Mapping[str, Plain]]:
    """Change what is stated of a task."""
    fields = without_nothing(**_fields(parameters), completed=parameters.get("completed"))
    if not fields:
        raise ReconcilerError("there is nothing to change", hint="state what shall be different")
    task = need(parameters, "task")
    answer = yield from _send(subject, "PUT", f"/tasks/{quote(task, safe='')}", fields)
    taken(_NAME, "change the task", answer, why=_WHY)
    return {"task": task, "updated": True}


def comment(subject: Subject, parameters: Mapping[str, Value]) -> Flow[Mapping[str, Plain]]:
    """Comment on a task, unless its comments say the same already."""
    task, text = need(parameters, "task"), need(parameters, "text")
    path = f"/tasks/{quote(task, safe='')}/stories"
    answer = yield from ask(Request("GET", _BASE + path, auth=_auth(subject)))
    said = objects(shown(taken(_NAME, "read the task's comments", answer, writes=False, why=_WHY)).get("data"))
    if any(story.get("text") == text for story in said):
        return {"task": task, "created": False}
    taken(_NAME, "comment on the task", (yield from _send(subject, "POST", path, {"text": text})), why=_WHY)
    return {"task": task, "created": True}


_NOTES = Field("notes", FieldType.STRING, "What the task is about.")
_ASSIGNEE = Field("assignee", FieldType.STRING, "Who does it: a mail address, a user's id or `me`.")
_DUE = Field("due_on", FieldType.STRING, "Day by which it is done.", example="2026-03-02")
_TASK = Field("task", FieldType.STRING, "Id of the task.", required=True)

ACTIONS = (
    Action(
        "create-task",
        "Make a task",
        create_task,
        (
            Field("name", FieldType.STRING, "Title of the task.", required=True),
            _NOTES,
            _ASSIGNEE,
            _DUE,
            Field("project_gid", FieldType.STRING, "Project, in place of the entry's."),
            Field("marker", FieldType.STRING, "Word by which the task is known again; none is made a second time."),
        ),
    ),
    Action(
        "update-task",
        "Change a task",
        update_task,
        (
            _TASK,
            Field("name", FieldType.STRING, "Title of the task."),
            _NOTES,
            _ASSIGNEE,
            _DUE,
            Field("completed", FieldType.BOOLEAN, "Whether it is done."),
        ),
    ),
    Action(
        "comment",
        "Comment on a task; the same text once",
        comment,
        (_TASK, Field("text", FieldType.STRING, "What is said.", required=True)),
    ),
)


# ---------------------------------------------------------------------------------------------------------------------


def _auth(subject: Subject) -> Bearer:
    return Bearer(need_secret(subject.values, "api_key"))


def _send(subject: Subject, method: str, path: str, fields: Mapping[str, Any]) -> Flow[Answer]:
    return (yield from ask(Request(method, _BASE + path, json={"data": fields}, auth=_auth(subject), writes=True)))


def _project(subject: Subject, parameters: Mapping[str, Value]) -> str:
    return text_of(parameters, "project_gid") or text_of(subject.values, "project_gid")


def _fields(parameters: Mapping[str, Value]) -> dict[str, Any]:
    return {name: text_of(parameters, name) for name in ("name", "notes", "assignee", "due_on")}


def _line(marker: str) -> str:
    return f"[{marker}]"


def _marked(subject: Subject, project: str, marker: str) -> Flow[str]:
    """The id of the project's task that carries a marker; empty where there is none. The search lags, lists do not."""
    url, query = f"{_BASE}/projects/{quote(project, safe='')}/tasks", {"limit": 100, "opt_fields": "notes"}
    for _ in range(_PAGES):
        answer = yield from ask(Request("GET", url, query=query, auth=_auth(subject)))
        page = shown(taken(_NAME, "read the project's tasks", answer, writes=False, why=_WHY))
        for task in objects(page.get("data")):
            if _line(marker) in str(task.get("notes", "")).splitlines():
                return str(task.get("gid", ""))
        offset = mapping(page.get("next_page")).get("offset")
        if not offset:
            return ""
        query = {**query, "offset": offset}
    hint = "use a project of its own for tasks that are made"
    raise ReconcilerError(f"the project has more than {_PAGES * 100} tasks to look for the marker in", hint=hint)


def _gid(answer: Answer) -> str:
    gid = str(mapping(shown(answer).get("data")).get("gid", ""))
    if not gid.isdigit():
        raise RemoteError("could not make the task: something other than Asana answers")
    return gid
