"""Bamboo: whether the plan can be built, and a build of it followed to its end.

Pure flows. Without `os_authType=basic` Bamboo does not look at the credential, and without `.json` it answers in XML.
GitLab keeps the plan's key secret, so no sentence and no result names it. Source:
https://developer.atlassian.com/server/bamboo/rest/
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from reconciler.core.errors import RemoteError
from reconciler.core.flow import Basic, Flow, Request, Response
from reconciler.core.resource import Action, Field, FieldType, Health, Subject, Verdict
from reconciler.core.value import Plain, Secret, Value
from reconciler.integrations.flows.answers import mapping, shown
from reconciler.integrations.flows.asking import ask, look, taken
from reconciler.integrations.flows.builds import BRANCH, COMMIT, FOLLOWING, PARAMETERS, Running, Seen, follow, status_of
from reconciler.integrations.flows.values import need_secret, text_of
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

_NAME = "Bamboo"
_BASIC = {"os_authType": "basic"}
_LIFE = {"Queued": "queued", "Pending": "queued", "InProgress": "running", "NotBuilt": "canceled"}
_ENDED = {"Successful": "success", "Failed": "failed"}
_PERSON = (
    Sign((401,), (), Health.UNHEALTHY, "Bamboo does not accept the user and the password", CREDENTIAL),
    Sign((404,), (), Health.UNHEALTHY, "no Bamboo answers at this address", GONE),
)
_PLAN = (
    Sign((403,), (), Health.UNHEALTHY, "the user may not see the plan", CREDENTIAL),
    Sign((404,), (), Health.UNHEALTHY, "Bamboo has no such plan, or hides it from the user", GONE),
)
_WHY = {
    400: "the plan is switched off, or a value is wrong",
    401: "it does not accept the user and the password",
    403: "the user may not build the plan, or must log in once in a browser",
    404: "there is no such plan, or it is hidden from the user",
}


def probe(subject: Subject) -> Flow[Verdict]:
    """Who the credential is, and whether the plan is there and switched on."""
    server = _Server(subject)
    answer = yield from ask(server.look("currentUser.json"))
    if isinstance(answer, Response) and "captcha" in answer.headers.get("x-authentication-denied-reason", "").lower():
        return unhealthy("Bamboo wants the user to log in once in a browser, after too many failures", CREDENTIAL)
    if wrong := trouble(_NAME, answer, _PERSON):
        return wrong
    if not shown(answer).get("name"):
        return unhealthy("something answers that is no Bamboo, or that did not look at the credential", MISLEADING)
    answer = yield from ask(server.look(Secret(f"plan/{server.plan}.json")))
    if wrong := trouble(_NAME, answer, _PLAN):
        return wrong
    if "enabled" not in shown(answer):
        return unhealthy("something answers that is no Bamboo", MISLEADING)
    if not shown(answer)["enabled"]:
        return degraded("the plan is switched off in Bamboo", SETTINGS)
    return healthy("Bamboo accepts the credential, and the plan can be built")


def build(subject: Subject, parameters: Mapping[str, Value]) -> Flow[Mapping[str, Plain]]:
    """Queue a build of the plan, and follow it. Never queued twice: a lost answer ends the action."""
    server = _Server(subject)
    answer = taken(_NAME, "build the plan", (yield from ask(server.queue(parameters))), why=_WHY)
    number = shown(answer).get("buildNumber")
    if number is None:
        raise RemoteError("could not follow the build: Bamboo did not say its number", hint="look at the plan")
    status = status_of(subject, parameters, "bamboo")
    made = Running("the plan", _Build(server, str(number)).look, status, number=str(number))
    return (yield from follow([made], parameters))


ACTIONS = (
    Action(
        "build",
        "Build the plan, follow the build, and tell GitLab how it ends",
        build,
        (
            Field("branch", BRANCH.type, "Told to the plan as the variable `branch`.", example=BRANCH.example),
            COMMIT,
            PARAMETERS,
            Field("stage", FieldType.STRING, "Stage up to which the plan is built; all stages when not stated."),
            *FOLLOWING,
        ),
    ),
)


# ---------------------------------------------------------------------------------------------------------------------


class _Server:
    """Where Bamboo is, as whom it is asked, and the plan. Addresses with the plan's key in them are secret."""

    def __init__(self, subject: Subject) -> None:
        self.base = text_of(subject.values, "bamboo_url").rstrip("/") + "/rest/api/latest/"
        self.auth = Basic(text_of(subject.values, "username"), need_secret(subject.values, "password"))
        self._key = need_secret(subject.values, "build_key")

    @property
    def plan(self) -> str:
        """The plan's key, as it stands in addresses."""
        return quote(self._key.reveal().strip(), safe="") if self._key.known else ""

    def address(self, path: str | Secret) -> str | Secret:
        """A page's address; one whose key is not known cannot be asked for."""
        if isinstance(path, str):
            return self.base + path
        return Secret(self.base + path.reveal() if self._key.known else None, self._key.reference)

    def look(self, path: str | Secret) -> Request:
        return look("GET", self.address(path), query=_BASIC, auth=self.auth)

    def queue(self, parameters: Mapping[str, Value]) -> Request:
        variables: dict[str, Any] = dict(mapping(parameters.get("parameters")))
        if parameters.get("branch"):
            variables.setdefault("branch", parameters["branch"])
        query = {**_BASIC, **{f"bamboo.variable.{name}": value for name, value in variables.items()}}
        stated = {"stage": parameters.get("stage"), "customRevision": parameters.get("commit_sha")}
        query |= {name: value for name, value in stated.items() if value}
        query["executeAllStages"] = "false" if parameters.get("stage") else "true"
        url, headers = self.address(Secret(f"queue/{self.plan}.json")), {"X-Atlassian-Token": "no-check"}
        return Request("POST", url, headers, query, auth=self.auth, writes=True)


@dataclass(frozen=True, slots=True)
class _Build:
    """One queued build."""

    server: _Server
    number: str

    def look(self) -> Flow[Seen]:
        """How it is."""
        answer = yield from ask(self.server.look(Secret(f"result/{self.server.plan}-{self.number}.json")))
        if trouble(_NAME, answer):
            return Seen(None, detail="Bamboo does not tell how the build is")
        row = shown(answer)
        life, result = str(row.get("lifeCycleState")), str(row.get("buildState"))
        if life == "Finished":
            return Seen(_ENDED.get(result, "failed"), number=self.number, detail=result.lower())
        return Seen(_LIFE.get(life), number=self.number)
