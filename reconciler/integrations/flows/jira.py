"""Jira: who the credential is and what it may do; issues made, changed, commented on, moved and linked.

Pure flows. A server tells anyone what it is, and hides projects from wrong credentials as if they were not there, so
who is asking is always asked first. Source: https://developer.atlassian.com/cloud/jira/platform/rest/v3/
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from reconciler.core.errors import ReconcilerError
from reconciler.core.flow import Answer, Flow, Response
from reconciler.core.resource import Health, Subject, Verdict
from reconciler.core.value import Plain, Value
from reconciler.integrations.flows.answers import mapping, sequence, shown
from reconciler.integrations.flows.asking import ask, look
from reconciler.integrations.flows.jira_issue import Draft, Maker, digest, mark, marked, path_of
from reconciler.integrations.flows.jira_issue import read as read_issue
from reconciler.integrations.flows.jira_move import move as move_issue
from reconciler.integrations.flows.jira_site import SUMMARY_LIMIT, auth_of, base_of, is_cloud, site
from reconciler.integrations.flows.jira_source import link_body
from reconciler.integrations.flows.jira_text import plain_text
from reconciler.integrations.flows.memory import Memory
from reconciler.integrations.flows.messages import structure
from reconciler.integrations.flows.values import need, text_of
from reconciler.integrations.flows.verdicts import (
    CREDENTIAL,
    GONE,
    MISLEADING,
    REFUSED,
    Sign,
    degraded,
    healthy,
    judge,
    unhealthy,
)

_NAME = "Jira"
PERMISSIONS = ("CREATE_ISSUES", "ADD_COMMENTS", "LINK_ISSUES", "TRANSITION_ISSUES")
_SCOPED = "a token with scopes needs `api_url` https://api.atlassian.com/ex/jira/<cloud id>"
_SIGNS = (
    Sign((401,), (), Health.UNHEALTHY, f"Jira does not accept the credential ({_SCOPED})", CREDENTIAL),
    Sign((404,), (), Health.UNHEALTHY, "no Jira answers at the address", GONE),
)


def probe(subject: Subject) -> Flow[Verdict]:
    """Who the credential is; then whether its user sees the Jira projects, and what it may not do there."""
    base, auth = base_of(subject), auth_of(subject)
    api = f"{base}/rest/api/{'3' if is_cloud(base) else '2'}"
    answer = yield from ask(look("GET", f"{api}/myself", auth=auth))
    if wrong := _wrong_person(answer):
        return wrong
    for key in _projects(subject):
        answer = yield from ask(look("GET", f"{api}/project/{quote(key, safe='')}", auth=auth))
        if isinstance(answer, Response) and answer.status == 404:
            return degraded(f"Jira accepts the credential, whose user sees no project `{key}`", GONE)
        if shown(answer).get("key") is None:
            return judge(_NAME, answer)
        query = {"projectKey": key, "permissions": ",".join(PERMISSIONS)}
        answer = yield from ask(look("GET", f"{api}/mypermissions", query=query, auth=auth))
        if missing := _missing(answer):
            names = ", ".join(f"`{name}`" for name in missing)
            return degraded(f"Jira accepts the credential, whose user lacks {names} in `{key}`", REFUSED)
    return healthy("Jira accepts the credential")


def create_issue(subject: Subject, parameters: Mapping[str, Value]) -> Flow[Mapping[str, Plain]]:
    """Make an issue. Its marker (what is stated, else what it says) makes repeating it safe while it is the same."""
    summary, description = need(parameters, "summary"), text_of(parameters, "description")
    project = text_of(parameters, "project_key") or need(subject.values, "project_key")
    memory, at = Memory(subject), (yield from site(subject))
    identity = text_of(parameters, "marker") or digest(summary, description)
    label, name = mark("marker", project, identity), f"marker/{project}/{digest(identity)[:20]}"
    if known := memory.of(name).get("key"):
        return {"issue": str(known), "created": False}
    maker = Maker(at, memory)
    found = (yield from marked(at, [label])).get(label) if text_of(parameters, "marker") else None
    found = found or (yield from maker.existing(name, label))
    if found:
        yield from memory.keep({name: {"key": found.key} if text_of(parameters, "marker") else None})
        return {"issue": found.key, "created": False}
    wanted = (text_of(parameters, "issue_type"), text_of(subject.values, "issue_type"))
    type_ = yield from maker.type_of(project, wanted)
    key = yield from maker.make(
        name, label, Draft(project, type_, summary, description, _labels(parameters), _more(parameters))
    )
    yield from memory.keep({name: {"key": key} if text_of(parameters, "marker") else None})
    return {"issue": key, "created": True}


def update_issue(subject: Subject, parameters: Mapping[str, Value]) -> Flow[Mapping[str, Plain]]:
    """Change what is stated of an issue; labels are added."""
    key, at = need(parameters, "issue"), (yield from site(subject))
    fields = dict(_more(parameters))
    if summary := text_of(parameters, "summary"):
        fields["summary"] = " ".join(summary.split())[:SUMMARY_LIMIT]
    if parameters.get("description") is not None:
        fields["description"] = at.body(text_of(parameters, "description"))
    body: dict[str, Any] = {"fields": fields} if fields else {}
    if labels := _labels(parameters):
        body["update"] = {"labels": [{"add": label} for label in labels]}
    if not body:
        raise ReconcilerError("there is nothing to change", hint="state what shall be different")
    yield from at.write("PUT", path_of(key), "change the issue", body)
    return {"issue": key, "updated": True}


def comment(subject: Subject, parameters: Mapping[str, Value]) -> Flow[Mapping[str, Plain]]:
    """Comment on an issue, unless its comments say the same already."""
    key, text, at = need(parameters, "issue"), need(parameters, "text"), (yield from site(subject))
    path, body = f"{path_of(key)}/comment", at.body(text)
    answer = yield from at.look(path, "read the issue's comments", {"maxResults": 100, "orderBy": "-created"})
    said = (plain_text(mapping(row).get("body")) for row in sequence(shown(answer).get("comments")))
    if plain_text(body) in said:
        return {"issue": key, "created": False}
    yield from at.write("POST", path, "comment on the issue", {"body": body})
    return {"issue": key, "created": True}


def transition(subject: Subject, parameters: Mapping[str, Value]) -> Flow[Mapping[str, Plain]]:
    """Move an issue to a status; nothing where it is there already."""
    key, at = need(parameters, "issue"), (yield from site(subject))
    to, ids = text_of(parameters, "to"), text_of(parameters, "transition_id")
    if not to and not ids:
        ids = need(subject.values, "transition_id", "nor are `to` and `transition_id` given")
    issue = yield from read_issue(at, key)
    if issue is None:
        raise ReconcilerError(f"Jira knows no issue `{key}`, or hides it", hint="check the key")
    if to and to.lower() in (issue.category.lower(), issue.status.lower()):
        return {"issue": issue.key, "moved": False}
    if not (yield from move_issue(at, issue.key, (to,) if to else (), ids)):
        hint = "state a status, a transition's name or id, or `new`, `indeterminate` or `done`"
        raise ReconcilerError(f"the workflow does not lead there from `{issue.status}`", hint=hint)
    return {"issue": issue.key, "moved": True}


def link(subject: Subject, parameters: Mapping[str, Value]) -> Flow[Mapping[str, Plain]]:
    """Link an issue to an address; the one link of its global id is changed, not doubled."""
    key, url = need(parameters, "issue"), need(parameters, "url")
    at = yield from site(subject)
    global_id = text_of(parameters, "global_id") or f"reconciler:link:{digest(url)[:40]}"
    relationship = text_of(parameters, "relationship", "mentioned in")
    body = link_body(global_id[:255], relationship, url, text_of(parameters, "title", url))
    if parameters.get("resolved") is not None:
        body["object"]["status"] = {"resolved": bool(parameters["resolved"])}
    answer = yield from at.write("POST", f"{path_of(key)}/remotelink", "link the issue", body)
    return {"issue": key, "created": answer.status == 201}


# ---------------------------------------------------------------------------------------------------------------------


def _wrong_person(answer: Answer) -> Verdict | None:
    person = shown(answer) if isinstance(answer, Response) and answer.ok else {}
    if person.get("accountId") or person.get("name"):
        inactive = person.get("active") is False
        return unhealthy("the credential's Jira user is deactivated", CREDENTIAL) if inactive else None
    if isinstance(answer, Response):
        denied = answer.headers.get("x-authentication-denied-reason", "")
        login = answer.headers.get("x-seraph-loginreason", "")
        if "CAPTCHA" in denied.upper():
            return unhealthy("Jira has locked the user after failed logins: log in once with a browser", CREDENTIAL)
        if "AUTHENTICATED_FAILED" in login or "AUTHENTICATION_DENIED" in login:
            return unhealthy("Jira does not accept the credential", CREDENTIAL)
        if answer.ok:
            return unhealthy("something other than Jira answers at the address", MISLEADING)
    return judge(_NAME, answer, _SIGNS)


def _projects(subject: Subject) -> tuple[str, ...]:
    stated = [text_of(subject.values, "project_key"), *mapping(subject.values.get("project_mapping")).values()]
    return tuple(dict.fromkeys(str(key) for key in stated if key))


def _missing(answer: Answer) -> list[str]:
    """The permissions that are said to be missing; an answer that says nothing of them is no sign."""
    rows = mapping(shown(answer).get("permissions"))
    return [name for name in PERMISSIONS if mapping(rows.get(name)).get("havePermission") is False]


def _labels(parameters: Mapping[str, Value]) -> tuple[str, ...]:
    stated = parameters.get("labels")
    words = stated.split(",") if isinstance(stated, str) else sequence(stated)
    return tuple("_".join(str(word).split()) for word in words if str(word).strip())


def _more(parameters: Mapping[str, Value]) -> Mapping[str, Any]:
    named = {"priority": {"name": text_of(parameters, "priority")}} if text_of(parameters, "priority") else {}
    parent = {"parent": {"key": text_of(parameters, "parent")}} if text_of(parameters, "parent") else {}
    return {**named, **parent, **(structure(parameters, "fields", of=dict) or {})}
