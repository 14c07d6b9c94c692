"""Azure DevOps: whether the token reaches the repository, how GitLab's mirror is, pushing now, and pipelines run.

Pure flows. An expired token gets a sign-in page with 203, 302 or even 200. The probe asks for the repository and not
for the project, which a token for code only may not see. Starting a run is never repeated blindly. Source:
https://learn.microsoft.com/rest/api/azure/devops/
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from reconciler.core.errors import RemoteError, UsageError
from reconciler.core.flow import Answer, Basic, Flow, Request, Response
from reconciler.core.resource import Action, Field, FieldType, Health, Subject, Verdict
from reconciler.core.value import Plain, Value
from reconciler.integrations.flows import mirrors
from reconciler.integrations.flows.answers import is_page, mapping, shown
from reconciler.integrations.flows.asking import ask, look, taken
from reconciler.integrations.flows.builds import BRANCH, COMMIT, FOLLOWING, Running, Seen, follow, status_of
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

_NAME = "Azure DevOps"
_CLOUD, _SERVER, _SERVER_RUNS = "7.1", "5.0", "7.0"
"""API versions. Servers refuse those that are newer than themselves: 2019 knows 5.0, 2022 is the first with runs."""
_RESULTS = {"succeeded": "success", "failed": "failed", "canceled": "canceled"}
_REFUSED = "Azure DevOps does not accept the token: it is wrong, expired, or not for this organisation"
_SIGNS = (
    Sign((401, 203, 302), (), Health.UNHEALTHY, _REFUSED, CREDENTIAL),
    Sign((403,), (), Health.UNHEALTHY, "the token lacks the scope Code (read and write)", CREDENTIAL),
    Sign((404,), ("projectdoesnotexist",), Health.UNHEALTHY, "Azure DevOps has no such project", GONE),
    Sign((404,), ("gitrepositorynotfound",), Health.UNHEALTHY, "Azure DevOps has no such repository", GONE),
    Sign((404,), (), Health.UNHEALTHY, "there is no such organisation, or nothing of it that the token sees", GONE),
)
_WHY = {
    400: "the branch, the commit or a parameter is none that the pipeline takes",
    401: "it does not accept the token",
    403: "the token lacks the scope Build (read and execute)",
    404: "there is no such project or pipeline, or it is hidden from the token",
}


def probe(subject: Subject) -> Flow[Verdict]:
    """Whether the token reaches the repository, and how GitLab's last push went."""
    server = _Server(subject)
    answer = yield from ask(look("GET", server.repository, query=server.version, auth=server.auth))
    if isinstance(answer, Response) and answer.status < 400 and (answer.status in (203, 302) or is_page(answer)):
        return unhealthy(_REFUSED, CREDENTIAL)
    if wrong := trouble(_NAME, answer, _SIGNS):
        return wrong
    row = shown(answer)
    if not row.get("id"):
        return unhealthy("something else than Azure DevOps answers at this address", MISLEADING)
    if row.get("isDisabled"):
        return degraded("the repository is switched off in Azure DevOps", SETTINGS)
    verdict = yield from mirrors.trouble_of(subject, server.git, _NAME)
    return verdict or healthy("Azure DevOps accepts the token, and GitLab's mirror is well")


def sync(subject: Subject, parameters: Mapping[str, Value]) -> Flow[Mapping[str, Plain]]:
    """Push now."""
    return (yield from mirrors.sync(subject, _Server(subject).git, _NAME, parameters))


def run_pipeline(subject: Subject, parameters: Mapping[str, Value]) -> Flow[Mapping[str, Plain]]:
    """Run a pipeline, and follow it."""
    server = _Server(subject)
    number = parameters.get("pipeline_id") or subject.values.get("pipeline_id")
    if not number:
        raise UsageError("no pipeline is named", hint="state `pipeline_id`")
    at, doing = f"{server.project}/_apis/pipelines/{number}/runs", f"run the pipeline {number}"
    request = Request("POST", at, query=server.runs, json=_asked(parameters), auth=server.auth, writes=True)
    asked = yield from ask(request)
    row = shown(taken(_NAME, doing, _without_page(asked), why=_WHY))
    if row.get("id") is None:
        raise RemoteError(f"could not {doing}: Azure DevOps did not say which run it is", hint="look at the pipeline")
    name, status = f"pipeline {number}", status_of(subject, parameters, f"azure-devops/{number}")
    run = _Run(server, f"{at}/{row['id']}")
    made = Running(name, run.look, status, url=_web(row), number=str(row["id"]))
    return (yield from follow([made], parameters))


ACTIONS = (
    Action("sync", "Push to Azure Repos now", sync, mirrors.SYNCING),
    Action(
        "run-pipeline",
        "Run a pipeline, follow it, and tell GitLab how it ends",
        run_pipeline,
        (
            Field("pipeline_id", FieldType.INTEGER, "Number of the pipeline, in place of the entry's."),
            BRANCH,
            COMMIT,
            Field("parameters", FieldType.MAP, "Template parameters of the pipeline."),
            Field("variables", FieldType.MAP, "Variables of the run."),
            *FOLLOWING,
        ),
    ),
)


# ---------------------------------------------------------------------------------------------------------------------


class _Server:
    """The addresses of the project and the repository, and the token, beside which the user's name is ignored."""

    def __init__(self, subject: Subject) -> None:
        values = subject.values
        own = text_of(values, "collection_url").rstrip("/")
        base = own or f"https://dev.azure.com/{_piece(values, 'organization')}"
        project = _piece(values, "project")
        repository = _piece(values, "repository") if text_of(values, "repository") else project
        self.project = f"{base}/{project}"
        self.repository = f"{self.project}/_apis/git/repositories/{repository}"
        self.git = f"{self.project}/_git/{repository}"
        self.auth = Basic("", need_secret(values, "pat"))
        self.version = {"api-version": _SERVER if own else _CLOUD}
        self.runs = {"api-version": _SERVER_RUNS if own else _CLOUD}


@dataclass(frozen=True, slots=True)
class _Run:
    """One run of a pipeline."""

    server: _Server
    url: str

    def look(self) -> Flow[Seen]:
        """How it is."""
        answer = yield from ask(look("GET", self.url, query=self.server.runs, auth=self.server.auth))
        row = shown(answer)
        if trouble(_NAME, answer) or "state" not in row:
            return Seen(None, detail="Azure DevOps does not tell how the run is")
        if row["state"] != "completed":
            return Seen("running", _web(row))
        return Seen(_RESULTS.get(str(row.get("result")), "failed"), _web(row), detail=str(row.get("result") or ""))


def _piece(values: Mapping[str, Value], name: str) -> str:
    return quote(need(values, name), safe="")


def _asked(parameters: Mapping[str, Value]) -> dict[str, Any]:
    branch, commit = text_of(parameters, "branch"), text_of(parameters, "commit_sha")
    own = {"refName": branch if branch.startswith("refs/") else f"refs/heads/{branch}"} if branch else {}
    own |= {"version": commit} if commit else {}
    asked: dict[str, Any] = {"resources": {"repositories": {"self": own}}} if own else {}
    if further := mapping(parameters.get("parameters")):
        asked["templateParameters"] = dict(further)
    if variables := mapping(parameters.get("variables")):
        asked["variables"] = {name: {"value": value} for name, value in variables.items()}
    return asked


def _without_page(answer: Answer) -> Answer:
    """A sign-in page that came as a success, as the refusal that it is."""
    if isinstance(answer, Response) and (answer.status == 203 or (answer.ok and is_page(answer))):
        return Response(401, answer.headers)
    return answer


def _web(row: Mapping[str, Any]) -> str:
    return str(mapping(mapping(row.get("_links")).get("web")).get("href") or "")
