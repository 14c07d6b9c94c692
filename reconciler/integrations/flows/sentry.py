"""Sentry: whether the token and the DSN fit the project, and releases, deploys and events made.

Pure flows. An envelope is accepted before its key is looked at, so a DSN is checked against the project's list of keys.
A release's version and an event's id are natural keys: those two are repeated when an answer was lost. A deploy has
none, so the list is looked at before and after. Source: https://docs.sentry.io/api/
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from reconciler.core.errors import SecretUnavailable, UsageError
from reconciler.core.flow import Bearer, Flow, Pause, Request
from reconciler.core.resource import Action, Field, FieldType, Subject
from reconciler.core.value import Plain, Secret, Value
from reconciler.integrations.flows.answers import listed, mapping, shown
from reconciler.integrations.flows.asking import ask, ask_twice, is_lost, taken
from reconciler.integrations.flows.moments import iso_of
from reconciler.integrations.flows.sentry_probe import NAME, Dsn, server_of
from reconciler.integrations.flows.values import need, need_secret, text_of

_VERSION = re.compile(r"(?!\.{1,2}$|latest$)[^/\\\r\n\t]{1,200}")
_CLIENT = "reconciler/1"
_LEVELS = ("fatal", "error", "warning", "info", "debug")
_PAUSE_SECONDS = 2.0
_WHY = {
    400: "the version or a project is none that it takes",
    401: "it does not accept the token",
    403: "the token may not do this; it needs project:releases",
    404: "there is no such organisation, project or release, or it is hidden from the token",
}
_EVENT_WHY = {
    401: "it does not accept the DSN's key",
    403: "the DSN's key is not one of the project's, or switched off",
}


def release(subject: Subject, parameters: Mapping[str, Value]) -> Flow[Mapping[str, Plain]]:
    """Make a release, or complete one that is there."""
    version = _version(subject, parameters)
    projects = [str(name) for name in parameters.get("projects") or ()] or [need(subject.values, "project")]
    told: dict[str, Any] = {"version": version, "projects": projects}
    told |= {"ref": parameters["commit_sha"]} if parameters.get("commit_sha") else {}
    told |= {"url": parameters["url"]} if parameters.get("url") else {}
    if parameters.get("repository") and parameters.get("commit_sha"):
        told["refs"] = [{"repository": parameters["repository"], "commit": parameters["commit_sha"]}]
    told |= {"dateReleased": iso_of(subject.now)} if parameters.get("finalize") else {}
    request = Request("POST", _releases(subject), json=told, auth=_token(subject), writes=True)
    answer = taken(NAME, f"make the release `{version}`", (yield from ask_twice(request)), why=_WHY)
    return {"version": version, "projects": tuple(projects), "existed": answer.status == 208}


def deploy(subject: Subject, parameters: Mapping[str, Value]) -> Flow[Mapping[str, Plain]]:
    """Record a deploy of a release; one of the same name and environment is taken as this one."""
    version, name = _version(subject, parameters), text_of(parameters, "name")
    environment = text_of(parameters, "environment") or need(subject.values, "environment")
    doing, url = f"record the deploy of `{version}`", f"{_releases(subject)}{quote(version, safe='')}/deploys/"
    listing = Request("GET", url, auth=_token(subject))
    before = listed(taken(NAME, doing, (yield from ask(listing)), writes=False, why=_WHY))
    same = [row for row in before if name and (row.get("environment"), row.get("name")) == (environment, name)]
    result = {"version": version, "environment": environment}
    if same:
        return {**result, "id": str(same[0].get("id")), "existed": True}
    told = {"environment": environment, "name": name, "url": text_of(parameters, "url")}
    told = {field: text for field, text in told.items() if text} | {"dateFinished": iso_of(subject.now)}
    answer = yield from ask(Request("POST", url, json=told, auth=_token(subject), writes=True))
    if is_lost(answer):
        yield Pause(_PAUSE_SECONDS)
        known = {row.get("id") for row in before}
        new = [row for row in listed((yield from ask(listing))) if row.get("id") not in known]
        found = [row for row in new if (row.get("environment"), row.get("name") or "") == (environment, name)]
        if found:
            return {**result, "id": str(found[0].get("id")), "existed": False}
    made = shown(taken(NAME, doing, answer, why=_WHY))
    return {**result, "id": str(made.get("id") or ""), "existed": False}


def event(subject: Subject, parameters: Mapping[str, Value]) -> Flow[Mapping[str, Plain]]:
    """Send an event to the DSN; its id is made from what it says, so that sending it again adds none."""
    secret = need_secret(subject.values, "dsn")
    if not secret.known:
        raise SecretUnavailable(f"{secret.reference} is not set", hint="set it in the environment of this command")
    dsn = Dsn.of(secret)
    if dsn is None:
        raise UsageError("the DSN cannot be read", hint="it looks like https://KEY@HOST/PROJECT")
    said: dict[str, Any] = {"message": need(parameters, "message"), "level": text_of(parameters, "level", "info")}
    said |= {"platform": "other", "logger": "reconciler", "timestamp": subject.now}
    for name in ("environment", "release"):
        text = text_of(parameters, name) or text_of(subject.values, name)
        said |= {name: text} if text else {}
    said["tags"] = {"gitlab.project": subject.scope.path, **mapping(parameters.get("tags"))}
    body = json.dumps(said, sort_keys=True, default=str)
    said["event_id"] = hashlib.sha256(f"{subject.address}\0{body}".encode()).hexdigest()[:32]
    item = json.dumps(said, default=str).encode()
    head = {"event_id": said["event_id"], "sent_at": iso_of(subject.now)}
    lines = (json.dumps(head), json.dumps({"type": "event", "length": len(item)}))
    headers: dict[str, str | Secret] = {
        "Content-Type": "application/x-sentry-envelope",
        "X-Sentry-Auth": Secret(
            f"Sentry sentry_version=7, sentry_client={_CLIENT}, sentry_key={dsn.key.reveal()}", dsn.key.reference
        ),
    }
    request = Request("POST", dsn.envelope, headers, body="\n".join(lines).encode() + b"\n" + item + b"\n", writes=True)
    answer = taken(NAME, "send the event", (yield from ask_twice(request)), why=_EVENT_WHY)
    return {"id": str(shown(answer).get("id") or said["event_id"])}


_VERSION_FIELD = Field("version", FieldType.STRING, "Version, in place of the entry's `release`.", example="v1.2.3")

ACTIONS = (
    Action(
        "release",
        "Make a release",
        release,
        (
            _VERSION_FIELD,
            Field("commit_sha", FieldType.STRING, "Commit that is released."),
            Field("repository", FieldType.STRING, "Repository of that commit, as Sentry calls it."),
            Field("projects", FieldType.STRINGS, "Projects that it is of, in place of the entry's."),
            Field("url", FieldType.STRING, "Address of the release."),
            Field("finalize", FieldType.BOOLEAN, "Whether it is out.", default=False),
        ),
    ),
    Action(
        "deploy",
        "Record a deploy of a release",
        deploy,
        (
            _VERSION_FIELD,
            Field("environment", FieldType.STRING, "Where to, in place of the entry's."),
            Field("name", FieldType.STRING, "Name of the deploy; one name is recorded once."),
            Field("url", FieldType.STRING, "Address of the deploy."),
        ),
    ),
    Action(
        "event",
        "Send an event",
        event,
        (
            Field("message", FieldType.STRING, "What happened.", required=True),
            Field("level", FieldType.STRING, "How grave it is.", choices=_LEVELS, default="info"),
            Field("environment", FieldType.STRING, "Where, in place of the entry's."),
            Field("release", FieldType.STRING, "In which release, in place of the entry's."),
            Field("tags", FieldType.MAP, "What it can be found by."),
        ),
    ),
)


# ---------------------------------------------------------------------------------------------------------------------


def _version(subject: Subject, parameters: Mapping[str, Value]) -> str:
    version = text_of(parameters, "version") or need(subject.values, "release", "the version to release")
    if not _VERSION.fullmatch(version):
        raise UsageError(f"`{version}` cannot be a release's name", hint=r"no `/`, no `\`, and not `latest`")
    return version


def _releases(subject: Subject) -> str:
    organization = quote(need(subject.values, "organization"), safe="")
    return f"{server_of(subject)}/api/0/organizations/{organization}/releases/"


def _token(subject: Subject) -> Bearer:
    return Bearer(need_secret(subject.values, "auth_token"))
