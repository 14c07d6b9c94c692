"""Builds of Jenkins jobs: one or several, started and followed to their end.

Pure flows. `Location` of an answer may name a wrong host (a proxy's, or a wrong root URL in Jenkins), so only the queue
item's number is taken from it. Starting a build is never repeated blindly. Source:
https://www.jenkins.io/doc/book/using/remote-access-api/
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from reconciler.core.errors import RemoteError, UnclearWrite, UsageError
from reconciler.core.flow import Failure, Flow, Request, Response
from reconciler.core.resource import NOTHING, Action, Field, FieldType, Subject
from reconciler.core.value import Plain, Secret, Value
from reconciler.integrations.flows.answers import mapping, objects, sequence, shown
from reconciler.integrations.flows.asking import ask, taken
from reconciler.integrations.flows.builds import (
    BRANCH,
    COMMIT,
    FINAL,
    FOLLOWING,
    PARAMETERS,
    Running,
    Seen,
    follow,
    status_of,
)
from reconciler.integrations.flows.jenkins import JOB_TREE, NAME, Server, jobs_of, path_of, texts
from reconciler.integrations.flows.values import text_of
from reconciler.integrations.flows.verdicts import trouble

_BUILD_TREE = "number,building,result"
_ITEM = re.compile(r"/queue/item/(\d+)")
_COOKIE = re.compile(r"(?:^|,\s*)([^=;,\s]+=[^;,]*)")
_RESULTS = {"SUCCESS": "success", "UNSTABLE": "failed", "FAILURE": "failed", "NOT_BUILT": "canceled"}
_RESULTS |= {"ABORTED": "canceled"}
_BRANCH_NAMES = ("branch", "branch_name", "git_branch", "gitlabbranch", "gitlabsourcebranch", "ref")
_COMMIT_NAMES = ("commit_sha", "commit", "sha", "git_commit", "revision", "gitlabafter")
_START_WHY = {
    400: "the job takes no parameters, or wants some that were not given",
    403: "the user lacks Job/Build, or Jenkins wants a crumb",
    404: "there is no such job, or it is hidden from the user",
    405: "something before Jenkins changes the request's method",
    409: "the job is switched off",
}


def build(subject: Subject, parameters: Mapping[str, Value]) -> Flow[Mapping[str, Plain]]:
    """Start one build of each job, and follow them. Nothing is started before every job is known and fits."""
    server = Server(subject)
    forms: dict[str, _Form] = {}
    for job in tuple(texts(parameters.get("jobs"))) or tuple(jobs_of(subject)):
        asked = yield from ask(server.look(f"{path_of(job)}/api/json", tree=JOB_TREE))
        known = taken(NAME, f"build `{job}`", asked, writes=False, why=_START_WHY)
        forms[job] = _Form.of(_declared(mapping(known.data())), parameters)
    _refuse_unknown(forms, parameters)
    crumb = yield from _crumb(server)
    started = []
    for job, form in forms.items():
        made = _Build(server, job)
        running = Running(job, made.look, status_of(subject, parameters, f"jenkins/{job}"))
        started.append(running)
        try:
            made.item = yield from _start(server, job, form, crumb)
        except RemoteError as wrong:
            if len(forms) == 1:
                raise
            running.state = "unknown" if isinstance(wrong, UnclearWrite) else "failed"
            running.detail = wrong.message
    return (yield from follow(started, parameters))


def show_build(subject: Subject, parameters: Mapping[str, Value]) -> Flow[Mapping[str, Plain]]:
    """How a build is: the job's last one, or the one of a number."""
    server = Server(subject)
    job = text_of(parameters, "job") or next(iter(jobs_of(subject)))
    number = text_of(parameters, "number") or "lastBuild"
    asked = yield from ask(server.look(f"{path_of(job)}/{quote(number, safe='')}/api/json", tree=_BUILD_TREE))
    why = {**_START_WHY, 404: "there is no such job or build, or it is hidden from the user"}
    answer = taken(NAME, f"read the build of `{job}`", asked, writes=False, why=why)
    made = _Build(server, job)
    made.number = str(shown(answer).get("number") or number)
    seen = made.seen(answer)
    return {"name": job, "status": seen.state, "number": seen.number, "url": seen.url, "finished": seen.state in FINAL}


ACTIONS = (
    Action(
        "build-status",
        "Tell how a build is, without starting one",
        show_build,
        (
            Field("job", FieldType.STRING, "Job, in place of the entry's."),
            Field("number", FieldType.STRING, "Number of the build; the job's last one when not stated."),
        ),
    ),
    Action(
        "build",
        "Build the jobs, follow the builds, and tell GitLab how they end",
        build,
        (
            BRANCH,
            COMMIT,
            PARAMETERS,
            Field("jobs", FieldType.STRINGS, "Jobs that are built, in place of the entry's."),
            *FOLLOWING,
        ),
    ),
)


# ---------------------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Build:
    """One build from its place in the queue to its end."""

    server: Server
    job: str
    item: str = ""
    number: str = ""

    def look(self) -> Flow[Seen]:
        """How it is."""
        if not self.number:
            waiting = yield from self._leave_queue()
            if waiting is not None:
                return waiting
        answer = yield from ask(self.server.look(f"{path_of(self.job)}/{self.number}/api/json", tree=_BUILD_TREE))
        if trouble(NAME, answer) or not isinstance(answer, Response):
            return Seen(None, detail="Jenkins does not tell how the build is")
        return self.seen(answer)

    def seen(self, answer: Response) -> Seen:
        """What Jenkins shows of the build."""
        row = shown(answer)
        result = row.get("result")
        state = "running" if row.get("building") or result is None else _RESULTS.get(str(result), "failed")
        url = f"{self.server.base}{path_of(self.job)}/{self.number}/"
        return Seen(state, url, self.number, str(result).lower() if state != "running" else "")

    def _leave_queue(self) -> Flow[Seen | None]:
        """None once the build's number is known."""
        answer = yield from ask(self.server.look(f"/queue/item/{self.item}/api/json"))
        if isinstance(answer, Response) and answer.status == 404:
            return (yield from self._search())
        if trouble(NAME, answer):
            return Seen(None, detail="Jenkins does not tell how the queue is")
        row = shown(answer)
        if row.get("cancelled"):
            return Seen("canceled", detail="taken out of the queue")
        number = mapping(row.get("executable")).get("number")
        if number is None:
            return Seen("queued", detail=str(row.get("why") or ""))
        self.number = str(number)
        return None

    def _search(self) -> Flow[Seen | None]:
        """Items leave the queue's memory after five minutes; their builds remember them."""
        tree = "builds[number,queueId]{0,50}"
        answer = yield from ask(self.server.look(f"{path_of(self.job)}/api/json", tree=tree))
        rows = objects(shown(answer).get("builds")) if isinstance(answer, Response) and answer.ok else ()
        number = next((row.get("number") for row in rows if str(row.get("queueId")) == self.item), None)
        if number is None:
            return Seen(None, detail="the build is neither in the queue nor among the job's last builds")
        self.number = str(number)
        return None


def _start(server: Server, job: str, form: _Form, crumb: Mapping[str, str | Secret]) -> Flow[str]:
    """Queue a build; the queue item's number."""
    answer = yield from ask(_post(server, job, form, crumb))
    if isinstance(answer, Response) and answer.status == 400 and form.guessed:
        answer = yield from ask(_post(server, job, _Form(), crumb))
    if isinstance(answer, Failure) or answer.status != 303:
        answer = taken(NAME, f"build `{job}`", answer, why=_START_WHY)
    found = _ITEM.search(answer.headers.get("location", ""))
    if found is None:
        raise RemoteError(
            f"could not follow `{job}`: Jenkins did not say where in the queue it is",
            hint="look at the job; a proxy may take the header `Location` away",
        )
    return found[1]


def _post(server: Server, job: str, form: _Form, crumb: Mapping[str, str | Secret]) -> Request:
    verb = "buildWithParameters" if form.names or form.values else "build"
    url = f"{server.base}{path_of(job)}/{verb}"
    return Request("POST", url, crumb, form=form.values, auth=server.auth, writes=True)


def _crumb(server: Server) -> Flow[Mapping[str, str | Secret]]:
    """The headers that a password needs for a POST; API tokens do without, and some servers have no crumbs."""
    answer = yield from ask(server.look("/crumbIssuer/api/json"))
    if isinstance(answer, Response) and answer.status in (401, 403):
        why = {401: "it does not accept the user and the API token", 403: "the user lacks Overall/Read"}
        taken(NAME, "start a build", answer, writes=False, why=why)
    row = shown(answer)
    if not isinstance(answer, Response) or not answer.ok or not row.get("crumb"):
        return {}
    cookies = "; ".join(_COOKIE.findall(answer.headers.get("set-cookie", "")))
    headers: dict[str, str | Secret] = {
        str(row.get("crumbRequestField", "Jenkins-Crumb")): Secret(str(row["crumb"]), "[crumb]")
    }
    return {**headers, "Cookie": Secret(cookies, "[session]")} if cookies else headers


@dataclass(frozen=True, slots=True)
class _Form:
    """What a job is sent: `names` are its parameters, `guessed` says that it may have none for branch and commit."""

    names: tuple[str, ...] = ()
    values: Mapping[str, Any] = NOTHING
    guessed: bool = False

    @classmethod
    def of(cls, names: tuple[str, ...], parameters: Mapping[str, Value]) -> _Form:
        """The stated parameters that a job has, and branch and commit under its names for them.

        A job that tells no names (Jenkins may hide them) gets everything, under the usual names.
        """
        stated = mapping(parameters.get("parameters"))
        values = {name: value for name, value in stated.items() if name in names or not names}
        for field_name, usual in (("branch", _BRANCH_NAMES), ("commit_sha", _COMMIT_NAMES)):
            fitting = [name for name in names if name.lower() in usual] if names else [usual[0].upper()]
            if parameters.get(field_name) and fitting:
                values.setdefault(fitting[0], parameters[field_name])
        return cls(names, values, guessed=bool(values) and not names and not stated)


def _refuse_unknown(forms: Mapping[str, _Form], parameters: Mapping[str, Value]) -> None:
    """Jenkins ignores a parameter that a job does not have, so one that no job has is refused here."""
    names = {name for form in forms.values() for name in form.names}
    unknown = sorted(set(mapping(parameters.get("parameters"))) - names)
    if unknown and all(form.names for form in forms.values()):
        listed = ", ".join(f"`{name}`" for name in unknown)
        raise UsageError(f"no job has the parameter {listed}", hint=f"there are {', '.join(sorted(names))}")


def _declared(job: Mapping[str, Any]) -> tuple[str, ...]:
    """The names of a job's parameters."""
    groups = [sequence(mapping(row).get("parameterDefinitions")) for row in sequence(job.get("property"))]
    return tuple(str(mapping(definition).get("name")) for group in groups for definition in group)
