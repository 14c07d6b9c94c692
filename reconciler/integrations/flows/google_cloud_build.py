"""Google Cloud Build: whether the trigger is there and in order, and builds of it run and followed.

Pure flows. The webhook itself is never asked: every POST to it starts a build. A run is never started again blindly.
Source: https://cloud.google.com/build/docs/automate-builds-webhook-events
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from reconciler.core.address import ScopeType
from reconciler.core.errors import RemoteError
from reconciler.core.flow import Bearer, Flow, Request
from reconciler.core.resource import Action, Field, FieldType, Health, Subject, Verdict
from reconciler.core.value import Plain, Secret, Value
from reconciler.integrations.flows.answers import mapping, shown
from reconciler.integrations.flows.asking import ask, look, taken
from reconciler.integrations.flows.builds import BRANCH, COMMIT, FOLLOWING, Running, Seen, follow, status_of
from reconciler.integrations.flows.values import need, need_secret, recorded_id, secret_of, text_of
from reconciler.integrations.flows.verdicts import (
    CREDENTIAL,
    FAILING,
    GONE,
    MISLEADING,
    SETTINGS,
    Sign,
    degraded,
    healthy,
    trouble,
    unhealthy,
    unknown,
)

PART = "hook.trigger"
"""Under this name a subject's recorded facts have the webhook: its `id`."""

_NAME = "Cloud Build"
_HOST = "https://cloudbuild.googleapis.com/v1"
_STATES = {"QUEUED": "queued", "PENDING": "queued", "WORKING": "running", "SUCCESS": "success"}
_STATES |= {"CANCELLED": "canceled", "EXPIRED": "canceled"}
_STATES |= dict.fromkeys(("FAILURE", "INTERNAL_ERROR", "TIMEOUT"), "failed")
_SIGNS = (
    Sign((401,), (), Health.UNHEALTHY, "Google does not accept the access token: it is wrong or expired", CREDENTIAL),
    Sign((403,), (), Health.UNHEALTHY, "the token may not see the trigger, or the API is switched off", CREDENTIAL),
    Sign((404,), (), Health.UNHEALTHY, "there is no such trigger in this project and location", GONE),
)
_WHY = {
    400: "the trigger is switched off, or has no such branch or commit",
    401: "it does not accept the access token, or that has expired",
    403: "the token may not run the trigger, or the API is switched off",
    404: "there is no such trigger in this project and location",
}


def probe(subject: Subject) -> Flow[Verdict]:
    """Whether the trigger is there, on, and has its secret; without a token only how GitLab's webhook is."""
    token = secret_of(subject.values, "access_token")
    if token is None:
        return (yield from _webhook(subject))
    answer = yield from ask(look("GET", _trigger(subject), auth=Bearer(token)))
    if wrong := trouble(_NAME, answer, _SIGNS):
        return wrong
    row = shown(answer)
    if not row.get("id"):
        return unhealthy("something else than Cloud Build answers", MISLEADING)
    if mapping(row.get("webhookConfig")).get("state", "OK") != "OK":
        return unhealthy("the trigger's secret was removed in Google Cloud", SETTINGS)
    if row.get("disabled"):
        return degraded("the trigger is switched off in Google Cloud", SETTINGS)
    return healthy("Cloud Build accepts the token, and the trigger is on")


def run_trigger(subject: Subject, parameters: Mapping[str, Value]) -> Flow[Mapping[str, Plain]]:
    """Run the trigger, and follow its build."""
    trigger, token = need(subject.values, "trigger"), need_secret(subject.values, "access_token")
    told = {"projectId": need(subject.values, "project"), "triggerId": trigger, "source": _source(parameters)}
    doing = f"run the trigger `{trigger}`"
    request = Request("POST", f"{_trigger(subject)}:run", json=told, auth=Bearer(token), writes=True)
    answer = taken(_NAME, doing, (yield from ask(request)), why=_WHY)
    made = mapping(mapping(shown(answer).get("metadata")).get("build"))
    if not made.get("id"):
        raise RemoteError(f"could not {doing}: Cloud Build did not say which build it is", hint="look at its history")
    number = str(made["id"])
    status = status_of(subject, parameters, f"google-cloud-build/{trigger}")
    build = _Build(f"{_place(subject)}/builds/{quote(number, safe='')}", token)
    running = Running(trigger, build.look, status, url=str(made.get("logUrl") or ""), number=number)
    return (yield from follow([running], parameters))


ACTIONS = (
    Action(
        "run-trigger",
        "Run the trigger, follow its build, and tell GitLab how it ends",
        run_trigger,
        (
            BRANCH,
            COMMIT,
            Field("tag", FieldType.STRING, "Tag that is built, in place of a branch."),
            Field("substitutions", FieldType.MAP, "Substitutions of the build.", example={"_STAGE": "production"}),
            *FOLLOWING,
        ),
    ),
)


# ---------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Build:
    """One build."""

    url: str
    token: Secret

    def look(self) -> Flow[Seen]:
        """How it is."""
        answer = yield from ask(look("GET", self.url, auth=Bearer(self.token)))
        row = shown(answer)
        if trouble(_NAME, answer):
            return Seen(None, detail="Cloud Build does not tell how the build is")
        status = str(row.get("status") or "")
        return Seen(_STATES.get(status), str(row.get("logUrl") or ""), detail=status.lower().replace("_", " "))


def _place(subject: Subject) -> str:
    location = text_of(subject.values, "location", "global")
    return f"{_HOST}/projects/{quote(need(subject.values, 'project'), safe='')}/locations/{quote(location, safe='')}"


def _trigger(subject: Subject) -> str:
    return f"{_place(subject)}/triggers/{quote(need(subject.values, 'trigger'), safe='')}"


def _source(parameters: Mapping[str, Value]) -> dict[str, Any]:
    """What is built: one of commit, tag and branch, the most exact that is stated."""
    names = (("commitSha", "commit_sha"), ("tagName", "tag"), ("branchName", "branch"))
    stated = [(at, text_of(parameters, name)) for at, name in names if text_of(parameters, name)]
    source: dict[str, Any] = dict(stated[:1])
    if substitutions := mapping(parameters.get("substitutions")):
        source["substitutions"] = {str(name): str(value) for name, value in substitutions.items()}
    return source


def _webhook(subject: Subject) -> Flow[Verdict]:
    """What GitLab says of the webhook: nothing about the trigger itself."""
    number = recorded_id(subject, PART)
    if number is None:
        return unknown("without `access_token` nobody can ask about the trigger", SETTINGS)
    owner = "groups" if subject.scope.type is ScopeType.GROUP else "projects"
    answer = yield from ask(look("GET", f"/api/v4/{owner}/{quote(subject.scope.path, safe='')}/hooks/{number}"))
    if wrong := trouble("GitLab", answer):
        return wrong
    if shown(answer).get("alert_status", "executable") != "executable":
        return unhealthy("GitLab has switched the webhook off after failures", FAILING)
    return unknown("GitLab's webhook is on; without `access_token` nobody can ask about the trigger", SETTINGS)
