"""One Jira site: where its API is, how it is asked, how it says what is wrong; Cloud and Data Center.

Pure flows. Cloud speaks version 3, whose long texts are Atlassian documents; Data Center version 2, whose long texts
are wiki text. Source: https://developer.atlassian.com/cloud/jira/platform/rest/v3/
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.core.flow import Answer, Basic, Bearer, Flow, Request, Response
from reconciler.core.resource import Subject
from reconciler.integrations.flows.answers import mapping, objects, sequence, shown
from reconciler.integrations.flows.asking import ask, taken
from reconciler.integrations.flows.jira_text import document
from reconciler.integrations.flows.values import begins, host_of, need, need_secret, text_of

TEXT_LIMIT, SUMMARY_LIMIT = 32_000, 255
"""Characters; Jira takes 32,767 of a long text by default."""
_SAID_LIMIT = 300
_WHY = {
    401: "it does not accept the credential",
    403: "the user may not do this",
    404: "it knows no such issue or project, or hides it from the user",
}


@dataclass(frozen=True, slots=True)
class Site:
    """Where and how a Jira is asked."""

    base: str
    cloud: bool
    auth: Basic | Bearer

    def url(self, path: str) -> str:
        """The address of a call."""
        return f"{self.base}/rest/api/{'3' if self.cloud else '2'}{path}"

    def look(self, path: str, doing: str, query: Mapping[str, Any] | None = None) -> Flow[Response]:
        """Read; raises `RemoteError`."""
        answer = yield from ask(Request("GET", self.url(path), query=query or {}, auth=self.auth))
        return self.taken(doing, answer, writes=False)

    def find(self, path: str, doing: str, query: Mapping[str, Any] | None = None) -> Flow[Response | None]:
        """Read what may not be there; None where it is not."""
        answer = yield from ask(Request("GET", self.url(path), query=query or {}, auth=self.auth))
        if isinstance(answer, Response) and answer.status == 404:
            return None
        return self.taken(doing, answer, writes=False)

    def write(self, method: str, path: str, doing: str, body: Mapping[str, Any]) -> Flow[Response]:
        """Change something; raises `RemoteError`, and `UnclearWrite` where it may have been carried out."""
        answer = yield from ask(Request(method, self.url(path), json=body, auth=self.auth, writes=True))
        return self.taken(doing, answer)

    def search(self, jql: str, fields: tuple[str, ...], most: int = 100) -> Flow[list[Mapping[str, Any]]]:
        """Issues that a query finds, `most` of them at most. Cloud's index lags behind what was written."""
        path, doing = "/search/jql" if self.cloud else "/search", "search Jira's issues"
        body: dict[str, Any] = {"jql": jql, "fields": list(fields), "maxResults": min(most, 100)}
        found: list[Mapping[str, Any]] = []
        while True:
            answer = yield from ask(Request("POST", self.url(path), json=body, auth=self.auth))
            page = shown(self.taken(doing, answer, writes=False))
            rows = objects(page.get("issues"))
            found += rows
            token = page.get("nextPageToken")
            if self.cloud and token and not page.get("isLast"):
                body["nextPageToken"] = token
            elif not self.cloud and rows and len(found) < page.get("total", 0):
                body["startAt"] = len(found)
            else:
                return found[:most]
            if len(found) >= most:
                return found[:most]

    def taken(self, doing: str, answer: Answer, *, writes: bool = True) -> Response:
        """The answer if it is a success; raises `RemoteError` with what Jira finds wrong."""
        said = "" if not isinstance(answer, Response) or answer.status not in (400, 409, 422) else self._said(answer)
        return taken("Jira", doing, answer, writes=writes, why=_WHY, said=said)

    def _said(self, answer: Response) -> str:
        """Jira's own sentences about the fields that were sent, without the credential should they hold it."""
        body = shown(answer)
        texts = [str(text) for text in sequence(body.get("errorMessages"))]
        texts += [f"{name}: {text}" for name, text in mapping(body.get("errors")).items()]
        secret = self.auth.password if isinstance(self.auth, Basic) else self.auth.token
        text = " ".join("; ".join(texts).split())
        if secret.known and secret.reveal():
            text = text.replace(secret.reveal(), "…")
        return text if len(text) <= _SAID_LIMIT else f"{text[:_SAID_LIMIT]}…"

    def body(self, text: str) -> Any:
        """A long text in the site's form."""
        cut = text if len(text) <= TEXT_LIMIT else f"{text[: TEXT_LIMIT - 1]}…"
        return document(cut) if self.cloud else cut


def base_of(subject: Subject) -> str:
    """The address that the API is below."""
    return (text_of(subject.values, "api_url") or need(subject.values, "url")).rstrip("/")


def auth_of(subject: Subject) -> Basic | Bearer:
    """The credential in the form that the entry's authentication type wants."""
    token = need_secret(subject.values, "api_token")
    if text_of(subject.values, "jira_auth_type", "0") == "0":
        return Basic(need(subject.values, "username"), token)
    return Bearer(token)


def is_cloud(base: str) -> bool:
    """Whether an address is known to be Cloud's."""
    return host_of(base).endswith(".atlassian.net") or begins(base, "https://api.atlassian.com/")


def site(subject: Subject) -> Flow[Site]:
    """The entry's site; a server of its own name is asked what it is. Raises `RemoteError`."""
    base, auth = base_of(subject), auth_of(subject)
    if is_cloud(base):
        return Site(base, True, auth)
    answer = yield from ask(Request("GET", f"{base}/rest/api/2/serverInfo", auth=auth))
    told = shown(taken("Jira", "ask the server what it is", answer, writes=False, why=_WHY))
    return Site(base, told.get("deploymentType") == "Cloud", auth)
