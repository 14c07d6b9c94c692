"""Jenkins: who the credential is, whether jobs are there and whether GitLab's plugin listens.

Pure flows. `/whoAmI` answers nobody in particular too, so its body decides. Source:
https://www.jenkins.io/doc/book/using/remote-access-api/
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

from reconciler.core.flow import Answer, Basic, Failure, Flow, Request, Response
from reconciler.core.resource import Health, Subject, Verdict
from reconciler.core.value import Value
from reconciler.integrations.flows.answers import shown
from reconciler.integrations.flows.asking import ask, look
from reconciler.integrations.flows.values import secret_of, text_of
from reconciler.integrations.flows.verdicts import (
    CREDENTIAL,
    GONE,
    MISLEADING,
    SETTINGS,
    Sign,
    degraded,
    healthy,
    judge,
    trouble,
    unhealthy,
)

NAME = "Jenkins"
JOB_TREE = "name,buildable,inQueue,nextBuildNumber,property[parameterDefinitions[name]]"
_WHO_SIGNS = (
    Sign((403,), (), Health.UNHEALTHY, "Jenkins lets this user see nothing: it lacks Overall/Read", CREDENTIAL),
    Sign((401,), (), Health.UNHEALTHY, "Jenkins does not accept the user and the API token", CREDENTIAL),
    Sign((404,), (), Health.UNHEALTHY, "no Jenkins answers at this address", GONE),
)


def probe(subject: Subject) -> Flow[Verdict]:
    """Who the credential is, whether each job can be built, and whether GitLab's plugin listens."""
    server = Server(subject)
    answer = yield from ask(server.look("/whoAmI/api/json"))
    if wrong := _wrong_identity(answer, server.auth is not None):
        return wrong
    assert isinstance(answer, Response)
    version = answer.headers.get("x-jenkins", "")
    jobs = tuple(jobs_of(subject))
    for job in jobs:
        if server.auth is not None:
            seen = yield from ask(server.look(f"{path_of(job)}/api/json", tree=JOB_TREE))
            if wrong := _wrong_job(job, seen):
                return wrong
        listening = yield from ask(server.look(f"/project/{quote(job)}"))
        if isinstance(listening, Response) and listening.status == 404:
            return unhealthy(f"Jenkins does not take GitLab's events for `{job}`: no such job, or no plugin", SETTINGS)
        if isinstance(listening, Failure) or listening.status == 429 or listening.status >= 500:
            return judge(NAME, listening)
    known = "accepts the credential" if server.auth is not None else "answers"
    listed = ", ".join(f"`{job}`" for job in jobs)
    return healthy(f"Jenkins {known} and takes GitLab's events for {listed}", version=version, jobs=len(jobs))


class Server:
    """Where Jenkins is and as whom it is asked."""

    def __init__(self, subject: Subject) -> None:
        self.base = text_of(subject.values, "jenkins_url").rstrip("/")
        user, token = text_of(subject.values, "username"), secret_of(subject.values, "api_token")
        self.auth = Basic(user, token) if user and token is not None else None

    def look(self, path: str, **query: str) -> Request:
        """A request that changes nothing."""
        return look("GET", f"{self.base}{path}", query=query, auth=self.auth)


def jobs_of(subject: Subject) -> Iterator[str]:
    """The entry's jobs: the one that GitLab's integration builds, and further ones."""
    if name := text_of(subject.values, "project_name"):
        yield name.strip("/")
    yield from texts(subject.values.get("jobs"))


def texts(value: Value) -> Iterator[str]:
    """Job names from a list, or from text with commas."""
    items = value.split(",") if isinstance(value, str) else value or ()
    yield from (str(item).strip().strip("/") for item in items if str(item).strip())


def path_of(job: str) -> str:
    """`folder/name` as the path of its pages."""
    return "".join(f"/job/{quote(name, safe='')}" for name in job.split("/") if name != "job")


# ---------------------------------------------------------------------------------------------------------------------


def _wrong_identity(answer: Answer, named: bool) -> Verdict | None:
    if wrong := trouble(NAME, answer, _WHO_SIGNS):
        return wrong
    who = shown(answer)
    if "authenticated" not in who:
        return unhealthy("something else than Jenkins answers at this address", MISLEADING)
    if named and (who.get("anonymous") or not who.get("authenticated")):
        return unhealthy("Jenkins answers as if nobody had asked: the credential does not arrive", CREDENTIAL)
    return None


def _wrong_job(job: str, answer: Answer) -> Verdict | None:
    gone = Sign((404,), (), Health.UNHEALTHY, f"Jenkins has no job `{job}`, or hides it from the user", GONE)
    if wrong := trouble(NAME, answer, (gone,)):
        return wrong
    row = shown(answer)
    if "name" not in row:
        return unhealthy("something else than Jenkins answers at this address", MISLEADING)
    return None if row.get("buildable", True) else degraded(f"the job `{job}` is switched off in Jenkins", SETTINGS)
