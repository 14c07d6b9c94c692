"""TeamCity: whether the build configuration can be run, and a build of it followed to its end.

Pure flows. Where guests may read, reading proves no credential, so the probe asks who it is. Without `Accept` TeamCity
answers in XML. Source: https://www.jetbrains.com/help/teamcity/rest/
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from reconciler.core.errors import RemoteError
from reconciler.core.flow import Basic, Flow, Request, Response
from reconciler.core.resource import Action, Field, FieldType, Health, Subject, Verdict
from reconciler.core.value import Plain, Value
from reconciler.integrations.flows.answers import mapping, shown
from reconciler.integrations.flows.asking import ask, look, taken
from reconciler.integrations.flows.builds import BRANCH, COMMIT, FOLLOWING, PARAMETERS, Running, Seen, follow, status_of
from reconciler.integrations.flows.values import need, need_secret, text_of
from reconciler.integrations.flows.verdicts import (
    CREDENTIAL,
    GONE,
    MISLEADING,
    SETTINGS,
    Sign,
    degraded,
    healthy,
    trouble,
    unhealthy,
)

_NAME = "TeamCity"
_JSON = {"Accept": "application/json"}
_GUEST = "guest"
_MARK = "commit_sha"
_STATES = {"queued": "queued", "running": "running"}
_ENDED = {"SUCCESS": "success", "FAILURE": "failed", "ERROR": "failed", "UNKNOWN": "canceled"}
_PERSON = (
    Sign((401,), (), Health.UNHEALTHY, "TeamCity does not accept the user and the password", CREDENTIAL),
    Sign((404,), (), Health.UNHEALTHY, "no TeamCity answers at this address", GONE),
)
_WHY = {
    400: "it finds a value wrong",
    401: "it does not accept the user and the password",
    403: "the user may not run this build",
    404: "there is no such build configuration, or it is hidden from the user",
}


def probe(subject: Subject) -> Flow[Verdict]:
    """Who the credential is, and whether the build configuration is there and not paused."""
    server = _Server(subject)
    answer = yield from ask(server.look("users/current"))
    if wrong := trouble(_NAME, answer, _PERSON):
        return wrong
    name = shown(answer).get("username")
    if not name:
        return unhealthy("something answers that is no TeamCity", MISLEADING)
    if name == _GUEST:
        return unhealthy("TeamCity takes the credential for a guest's: it does not arrive", CREDENTIAL)
    answer = yield from ask(server.look(f"buildTypes/id:{quote(server.build_type)}", fields="id,name,paused,projectId"))
    if wrong := trouble(_NAME, answer, _configuration(server.build_type)):
        return wrong
    if shown(answer).get("id") != server.build_type:
        return unhealthy("something answers that is no TeamCity", MISLEADING)
    if shown(answer).get("paused"):
        return degraded(f"`{server.build_type}` is paused in TeamCity", SETTINGS)
    return healthy(f"TeamCity accepts the credential, and `{server.build_type}` can be built")


def build(subject: Subject, parameters: Mapping[str, Value]) -> Flow[Mapping[str, Plain]]:
    """Queue a build of the configuration, and follow it. Never queued twice: a lost answer ends the action."""
    server = _Server(subject, text_of(parameters, "build_type"))
    doing = f"build `{server.build_type}`"
    answer = taken(_NAME, doing, (yield from ask(server.queue(parameters))), why=_WHY)
    row = shown(answer)
    if row.get("id") is None:
        raise RemoteError(f"could not {doing}: TeamCity did not say which build it is", hint="look at its queue")
    status = status_of(subject, parameters, f"teamcity/{server.build_type}")
    look_at = _Build(server, str(row["id"])).look
    made = Running(server.build_type, look_at, status, url=str(row.get("webUrl") or ""))
    return (yield from follow([made], parameters))


ACTIONS = (
    Action(
        "build",
        "Build the configuration, follow the build, and tell GitLab how it ends",
        build,
        (
            BRANCH,
            Field(
                COMMIT.name, COMMIT.type, "Commit whose status at GitLab follows the build; told to it as parameter."
            ),
            PARAMETERS,
            Field("build_type", FieldType.STRING, "Id of another build configuration."),
            Field("comment", FieldType.STRING, "Text shown beside the build."),
            *FOLLOWING,
        ),
    ),
)


# ---------------------------------------------------------------------------------------------------------------------


class _Server:
    """Where TeamCity is, as whom it is asked, and the build configuration."""

    def __init__(self, subject: Subject, build_type: str = "") -> None:
        self.base = text_of(subject.values, "teamcity_url").rstrip("/") + "/app/rest/"
        self.auth = Basic(text_of(subject.values, "username"), need_secret(subject.values, "password"))
        self.build_type = build_type or need(subject.values, "build_type")

    def look(self, path: str, **query: str) -> Request:
        return look("GET", self.base + path, headers=_JSON, query=query, auth=self.auth)

    def queue(self, parameters: Mapping[str, Value]) -> Request:
        asked: dict[str, Any] = {"buildType": {"id": self.build_type}}
        properties = dict(mapping(parameters.get("parameters")))
        if parameters.get("commit_sha"):
            properties.setdefault(_MARK, parameters["commit_sha"])
        if parameters.get("branch"):
            asked["branchName"] = parameters["branch"]
        if properties:
            asked["properties"] = {"property": [{"name": n, "value": v} for n, v in properties.items()]}
        if parameters.get("comment"):
            asked["comment"] = {"text": parameters["comment"]}
        return Request("POST", f"{self.base}buildQueue", _JSON, json=asked, auth=self.auth, writes=True)


@dataclass(frozen=True, slots=True)
class _Build:
    """One queued build."""

    server: _Server
    id: str

    def look(self) -> Flow[Seen]:
        """How it is."""
        answer = yield from ask(self.server.look(f"builds/id:{self.id}"))
        if isinstance(answer, Response) and answer.status == 404:  # some versions show it there once it has begun
            answer = yield from ask(self.server.look(f"buildQueue/id:{self.id}"))
        if trouble(_NAME, answer):
            return Seen(None, detail="TeamCity does not tell how the build is")
        row = shown(answer)
        url, number = str(row.get("webUrl") or ""), str(row.get("number") or "")
        state = str(row.get("state"))
        if state == "finished":
            text = str(row.get("statusText") or "")
            return Seen(_ENDED.get(str(row.get("status")), "failed"), url, number, text)
        return Seen(_STATES.get(state), url, number)


def _configuration(name: str) -> tuple[Sign, ...]:
    return (
        Sign((403,), (), Health.UNHEALTHY, f"the user may not see `{name}`", CREDENTIAL),
        Sign((404,), (), Health.UNHEALTHY, f"TeamCity has no build configuration `{name}`, or hides it", GONE),
    )
