"""SonarQube: whether the server is up and the token works, and a project's quality gate.

Pure flows. `authentication/validate` always answers 200, so its body decides; servers that let anonymous callers in say
"valid" to no token at all, so the token is always sent. Source:
https://docs.sonarsource.com/sonarqube-server/extension-guide/web-api/
"""

from __future__ import annotations

import base64
from collections.abc import Mapping

from reconciler.core.flow import Answer, Flow, Request, Response
from reconciler.core.resource import Action, Field, FieldType, Health, Subject, Verdict
from reconciler.core.value import Plain, Secret, Value
from reconciler.integrations.flows.answers import mapping, objects, shown
from reconciler.integrations.flows.asking import ask, look, taken
from reconciler.integrations.flows.values import host_of, need, need_secret, text_of
from reconciler.integrations.flows.verdicts import (
    CREDENTIAL,
    FAILING,
    GONE,
    MISLEADING,
    Sign,
    degraded,
    healthy,
    trouble,
    unhealthy,
)

_NAME = "SonarQube"
_CLOUD = ("sonarcloud.io", "sonarqube.us")
_UP, _DOWN = "UP", "DOWN"
_PASSING = frozenset({"STARTING", "RESTARTING", "DB_MIGRATION_NEEDED", "DB_MIGRATION_RUNNING"})
_REFUSED = "SonarQube does not accept the token"
_TOKEN = (Sign((401, 403), (), Health.UNHEALTHY, _REFUSED, CREDENTIAL),)
_STATUS = (Sign((404,), (), Health.UNHEALTHY, "no SonarQube answers at this address", GONE),)
_WHY = {
    401: "it does not accept the token",
    403: "the token may not see the project; tokens for analysis only cannot",
    404: "there is no such project, branch or merge request",
}


def probe(subject: Subject) -> Flow[Verdict]:
    """Whether the server is up, the token is valid, and the project can be seen."""
    server = _Server(subject)
    answer = yield from ask(server.look("system/status"))
    if wrong := trouble(_NAME, answer, _STATUS):
        return wrong
    status, version = str(shown(answer).get("status") or ""), str(shown(answer).get("version") or "")
    if status not in (*_PASSING, _UP, _DOWN):
        return unhealthy("something else than SonarQube answers at this address", MISLEADING)
    if status in _PASSING:
        return degraded(f"SonarQube is not ready yet ({status.lower().replace('_', ' ')})", FAILING, version=version)
    if status == _DOWN:
        return unhealthy("SonarQube says of itself that it is down", FAILING, version=version)
    answer = yield from ask(server.look("authentication/validate", signed=True))
    if wrong := trouble(_NAME, answer, _TOKEN):
        return wrong
    valid = shown(answer).get("valid")
    if valid is not True:
        cause = CREDENTIAL if valid is False else MISLEADING
        return unhealthy(_REFUSED if valid is False else "something else than SonarQube answers", cause)
    key = text_of(subject.values, "project_key")
    if not key:
        return healthy("SonarQube is up and accepts the token", version=version)
    answer = yield from ask(server.gate({"projectKey": key}))
    if isinstance(answer, Response) and answer.status == 403:
        return degraded("SonarQube accepts the token, which may not see the project", CREDENTIAL, version=version)
    gone = Sign((404,), (), Health.UNHEALTHY, f"SonarQube has no project `{key}`", GONE)
    if wrong := trouble(_NAME, answer, (*_TOKEN, gone)):
        return wrong
    gate = _status_of(answer)
    return healthy(f"SonarQube accepts the token and knows `{key}`", version=version, quality_gate=gate)


def quality_gate(subject: Subject, parameters: Mapping[str, Value]) -> Flow[Mapping[str, Plain]]:
    """Read the quality gate of a project, or of one of its branches or merge requests; `success` where it is OK."""
    server = _Server(subject)
    key = text_of(parameters, "project_key") or need(subject.values, "project_key")
    asked = {"projectKey": key, "branch": text_of(parameters, "branch")}
    asked["pullRequest"] = text_of(parameters, "merge_request")
    request = server.gate({name: text for name, text in asked.items() if text})
    answer = taken(_NAME, f"read the quality gate of `{key}`", (yield from ask(request)), writes=False, why=_WHY)
    status = _status_of(answer)
    failed = [
        f"{row.get('metricKey')}: {row.get('actualValue')} ({row.get('comparator')} {row.get('errorThreshold')})"
        for row in objects(mapping(shown(answer).get("projectStatus")).get("conditions"))
        if row.get("status") == "ERROR"
    ]
    return {"project": key, "quality_gate": status, "success": status == "OK", "failed": tuple(failed)}


ACTIONS = (
    Action(
        "quality-gate",
        "Read the quality gate; any but OK is a failure",
        quality_gate,
        (
            Field("project_key", FieldType.STRING, "Key of the project, in place of the entry's."),
            Field("branch", FieldType.STRING, "Branch that is asked for."),
            Field("merge_request", FieldType.STRING, "Number of the merge request that is asked for."),
        ),
    ),
)


# ---------------------------------------------------------------------------------------------------------------------


class _Server:
    """Where SonarQube is. Servers of every age take the token as a user without a password; the cloud wants Bearer."""

    def __init__(self, subject: Subject) -> None:
        self._base = text_of(subject.values, "url").rstrip("/") + "/api/"
        token = need_secret(subject.values, "token")
        cloud = host_of(self._base).endswith(_CLOUD)
        self._signed: dict[str, str | Secret] = {"Authorization": _signature(token, bearer=cloud)}

    def look(self, path: str, query: Mapping[str, str] | None = None, *, signed: bool = False) -> Request:
        return look("GET", self._base + path, headers=self._signed if signed else {}, query=query or {})

    def gate(self, query: Mapping[str, str]) -> Request:
        return self.look("qualitygates/project_status", query, signed=True)


def _signature(token: Secret, *, bearer: bool) -> Secret:
    if not token.known:
        return token
    text = token.reveal()
    return Secret(f"Bearer {text}" if bearer else _as_user(text), token.reference)


def _as_user(text: str) -> str:
    return "Basic " + base64.b64encode(f"{text}:".encode()).decode()


def _status_of(answer: Answer) -> str:
    return str(mapping(shown(answer).get("projectStatus")).get("status") or "NONE")
