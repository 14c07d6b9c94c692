"""Redmine: whose API key it is, and issues made, changed and commented on.

Pure. The user's own page shows the API key, so nothing of it is told; it is asked because public servers show issues to
a bad key as to nobody in particular. Redmine has no key by which a second issue would be noticed: with a `marker` an
issue carries it in its subject (or in a custom field) and is looked for first. Redmine leaves out in silence what the
user or the workflow may not set, and filters by fields that it does not know: what it did is read, not assumed. Source:
https://www.redmine.org/projects/redmine/wiki/Rest_api; Redmine 5.0.4, asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from reconciler.core.errors import ReconcilerError, RemoteError, UsageError
from reconciler.core.flow import Answer, Flow, Request, Response
from reconciler.core.resource import Action, Field, FieldType, Health, Subject, Verdict
from reconciler.core.value import Plain, Value
from reconciler.integrations.flows.answers import mapping, objects, shown
from reconciler.integrations.flows.asking import ask, look, taken
from reconciler.integrations.flows.messages import without_nothing
from reconciler.integrations.flows.redmine_issue import carries, left_out
from reconciler.integrations.flows.values import need, need_secret, secret_of, text_of
from reconciler.integrations.flows.verdicts import (
    CREDENTIAL,
    FAILING,
    GONE,
    SETTINGS,
    Sign,
    degraded,
    healthy,
    judge,
    unhealthy,
    unknown,
)

_NAME = "Redmine"
_SIGNS = (
    Sign((401,), (), Health.UNHEALTHY, "Redmine does not accept the API key, or its user is locked", CREDENTIAL),
    Sign((403,), (), Health.UNHEALTHY, "Redmine's REST API is switched off, or forbidden to the user", SETTINGS),
    Sign((404,), (), Health.UNHEALTHY, "no Redmine answers at the address", GONE),
    Sign((412,), (), Health.UNHEALTHY, "Redmine does not know the user to act as", SETTINGS),
)
_WHY = {
    401: "it does not accept the API key",
    403: "its REST API is switched off, or the user may not do this",
    404: "it knows no such issue or project, or hides it",
}


def probe(subject: Subject) -> Flow[Verdict]:
    """Whose key it is and whether the project is there; without a key, whether the tracker's page answers."""
    if secret_of(subject.values, "api_key") is None or not text_of(subject.values, "url"):
        return (yield from _probe_page(subject))
    answer = yield from ask(look("GET", _url(subject, "/users/current.json"), headers=_key(subject)))
    if not mapping(shown(answer).get("user")).get("id"):
        return judge(_NAME, answer, _SIGNS)
    project = text_of(subject.values, "project_identifier")
    if project:
        path = f"/projects/{quote(project, safe='')}.json"
        answer = yield from ask(look("GET", _url(subject, path), headers=_key(subject)))
        if not mapping(shown(answer).get("project")).get("id"):
            if isinstance(answer, Response) and answer.status in (403, 404):
                return degraded("Redmine accepts the API key, whose user does not see the project", GONE)
            return judge(_NAME, answer)
    return healthy("Redmine accepts the API key")


def create_issue(subject: Subject, parameters: Mapping[str, Value]) -> Flow[Mapping[str, Plain]]:
    """Make an issue; with a `marker`, only if no issue of the project carries it."""
    project = text_of(parameters, "project") or need(subject.values, "project_identifier")
    title, marker = need(parameters, "subject"), text_of(parameters, "marker")
    custom = text_of(parameters, "marker_field")
    if custom and not (custom.isascii() and custom.isdigit()):
        raise UsageError(
            "`marker_field` is the number of a custom field", hint="Administration, Custom fields shows it"
        )
    if marker:
        query = {f"cf_{custom}": marker} if custom else {"subject": f"~[{marker}]"}
        if found := (yield from _find(subject, {"project_id": project, **query}, marker, custom)):
            return {"issue": found, "created": False}
    fields = {"project_id": project, "subject": title, **(yield from _fields(subject, parameters))}
    tracker = text_of(parameters, "tracker") or text_of(subject.values, "tracker")
    if tracker:
        fields["tracker_id"] = yield from _named(subject, "/trackers.json", "trackers", tracker)
    if marker and custom:
        fields["custom_fields"] = [{"id": int(custom), "value": marker}]
    elif marker:
        fields["subject"] = f"{title} [{marker}]"
    answer = taken(_NAME, "make the issue", (yield from _send(subject, "POST", "/issues.json", fields)), why=_WHY)
    made = mapping(shown(answer).get("issue"))
    if not isinstance(made.get("id"), int):
        raise RemoteError("could not make the issue: something other than Redmine answers")
    number = str(made["id"])
    # Workflows often let no issue begin in the status that it may have a moment later.
    if left := left_out(fields, made):
        again = {name: fields[name] for name in left}
        taken(_NAME, "change the new issue", (yield from _send(subject, "PUT", _path(number), again)), why=_WHY)
        yield from _confirm(subject, number, again, f"made the issue {number}")
    return {"issue": number, "created": True}


def update_issue(subject: Subject, parameters: Mapping[str, Value]) -> Flow[Mapping[str, Plain]]:
    """Change what is stated of an issue, with a note if one is given."""
    fields = without_nothing(subject=text_of(parameters, "subject"), notes=text_of(parameters, "notes"))
    fields |= yield from _fields(subject, parameters)
    if not fields:
        raise ReconcilerError("there is nothing to change", hint="state what shall be different")
    number = need(parameters, "issue")
    taken(_NAME, "change the issue", (yield from _send(subject, "PUT", _path(number), fields)), why=_WHY)
    yield from _confirm(subject, number, fields, "took the change")
    return {"issue": number, "updated": True}


def comment(subject: Subject, parameters: Mapping[str, Value]) -> Flow[Mapping[str, Plain]]:
    """Add a note to an issue, unless its notes say the same already."""
    number, text = need(parameters, "issue"), need(parameters, "text")
    if not left_out({"notes": text}, (yield from _read(subject, number))):
        return {"issue": number, "created": False}
    answer = yield from _send(subject, "PUT", _path(number), {"notes": text})
    taken(_NAME, "comment on the issue", answer, why=_WHY)
    yield from _confirm(subject, number, {"notes": text}, "answered")
    return {"issue": number, "created": True}


_COMMON = (
    Field("description", FieldType.STRING, "What the issue is about."),
    Field("status", FieldType.STRING, "Status, by its name."),
    Field("priority", FieldType.STRING, "Priority, by its name."),
    Field("assigned_to_id", FieldType.STRING, "Id of the user who does it, or `me`."),
)
_ISSUE = Field("issue", FieldType.STRING, "Number of the issue.", required=True)

ACTIONS = (
    Action(
        "create-issue",
        "Make an issue",
        create_issue,
        (
            Field("subject", FieldType.STRING, "Title of the issue.", required=True),
            *_COMMON,
            Field("project", FieldType.STRING, "Project, in place of the entry's."),
            Field("tracker", FieldType.STRING, "Tracker, by its name, in place of the entry's."),
            Field("marker", FieldType.STRING, "Word by which the issue is known again; none is made a second time."),
            Field("marker_field", FieldType.STRING, "Id of the custom field for the marker; else it is in the title."),
        ),
    ),
    Action(
        "update-issue",
        "Change an issue",
        update_issue,
        (
            _ISSUE,
            Field("subject", FieldType.STRING, "Title of the issue."),
            *_COMMON,
            Field("notes", FieldType.STRING, "What is noted beside the change."),
        ),
    ),
    Action(
        "comment",
        "Add a note to an issue; the same text once",
        comment,
        (_ISSUE, Field("text", FieldType.STRING, "What is said.", required=True)),
    ),
)


# ---------------------------------------------------------------------------------------------------------------------


def _probe_page(subject: Subject) -> Flow[Verdict]:
    answer = yield from ask(look("GET", need(subject.values, "project_url")))
    if isinstance(answer, Response) and answer.ok:
        return healthy("the project's page answers; with `url` and `api_key` more can be told")
    if isinstance(answer, Response) and (answer.status in (401, 403) or 300 <= answer.status < 400):
        return unknown("the project's page wants a login; with `url` and `api_key` more can be told")
    if isinstance(answer, Response) and answer.status in (404, 410):
        return unhealthy("there is no such project page", GONE)
    return judge(_NAME, answer, (Sign((500, 502, 503, 504), (), Health.UNKNOWN, "Redmine has trouble", FAILING),))


def _url(subject: Subject, path: str) -> str:
    return need(subject.values, "url").rstrip("/") + path


def _path(number: str) -> str:
    return f"/issues/{quote(number.removeprefix('#'), safe='')}.json"


def _key(subject: Subject) -> Mapping[str, Any]:
    return {"X-Redmine-API-Key": need_secret(subject.values, "api_key")}


def _send(subject: Subject, method: str, path: str, fields: Mapping[str, Any]) -> Flow[Answer]:
    request = Request(method, _url(subject, path), _key(subject), json={"issue": fields}, writes=True)
    return (yield from ask(request))


def _read(subject: Subject, number: str) -> Flow[Mapping[str, Any]]:
    """An issue with its notes."""
    request = Request("GET", _url(subject, _path(number)), _key(subject), {"include": "journals"})
    answer = taken(_NAME, "read the issue", (yield from ask(request)), writes=False, why=_WHY)
    return mapping(shown(answer).get("issue"))


def _confirm(subject: Subject, number: str, fields: Mapping[str, Any], done: str) -> Flow[None]:
    """Raise `RemoteError` that names what was sent and is not in the issue: 201 and 204 say nothing of it."""
    if left := left_out(fields, (yield from _read(subject, number))):
        names = ", ".join(f"`{name.removesuffix('_id')}`" for name in left)
        raise RemoteError(
            f"Redmine {done}, but left {names} as it was", hint="the user's role or the workflow does not allow it"
        )


def _fields(subject: Subject, parameters: Mapping[str, Value]) -> Flow[dict[str, Any]]:
    fields = without_nothing(description=text_of(parameters, "description"))
    for name, key, path, word in (
        ("status", "status_id", "/issue_statuses.json", "issue_statuses"),
        ("priority", "priority_id", "/enumerations/issue_priorities.json", "issue_priorities"),
    ):
        if wanted := text_of(parameters, name):
            fields[key] = yield from _named(subject, path, word, wanted)
    if assignee := text_of(parameters, "assigned_to_id"):
        fields["assigned_to_id"] = assignee
    return fields


def _named(subject: Subject, path: str, word: str, wanted: str) -> Flow[int]:
    """The id of a tracker, status or priority by its name; raises `ReconcilerError` that lists those there are."""
    answer = yield from ask(Request("GET", _url(subject, path), _key(subject)))
    rows = objects(shown(taken(_NAME, "read its names", answer, writes=False)).get(word))
    found = next((row.get("id") for row in rows if str(row.get("name", "")).lower() == wanted.lower()), None)
    if not isinstance(found, int):
        known = ", ".join(f"`{row.get('name')}`" for row in rows)
        raise ReconcilerError(f"Redmine has no `{wanted}`", hint=f"there are {known}" if known else "")
    return found


def _find(subject: Subject, query: Mapping[str, Any], marker: str, custom: str) -> Flow[str]:
    request = Request("GET", _url(subject, "/issues.json"), _key(subject), {"status_id": "*", "limit": 100, **query})
    answer = taken(_NAME, "look for the issue", (yield from ask(request)), writes=False, why=_WHY)
    if "issues" not in shown(answer):
        raise RemoteError("could not look for the issue: something other than Redmine answers")
    issues = objects(shown(answer).get("issues"))
    for issue in issues:
        marked = carries(issue, [{"id": custom, "value": marker}]) if custom else f"[{marker}]" in _title(issue)
        if marked:
            return str(issue.get("id"))
    if custom and issues:
        raise ReconcilerError(
            f"Redmine does not search by the custom field {custom}",
            hint="mark it `Used as a filter`, for the project and the tracker",
        )
    return ""


def _title(issue: Mapping[str, Any]) -> str:
    return str(issue.get("subject", ""))
