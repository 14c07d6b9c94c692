"""Sentry: whether the token may see the project, and whether the DSN's key is one of the project's.

Pure flows. Sending to a DSN proves nothing: an empty envelope is accepted for any key. Source:
https://docs.sentry.io/api/
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from reconciler.core.flow import Bearer, Flow, Response
from reconciler.core.resource import Health, Subject, Verdict
from reconciler.core.value import Secret
from reconciler.integrations.flows.answers import listed, shown
from reconciler.integrations.flows.asking import ask, look
from reconciler.integrations.flows.values import secret_of, text_of
from reconciler.integrations.flows.verdicts import (
    CREDENTIAL,
    FAILING,
    GONE,
    MISLEADING,
    SETTINGS,
    Sign,
    degraded,
    healthy,
    judge,
    trouble,
    unhealthy,
    unknown,
)

NAME = "Sentry"
_CLOUD = "https://sentry.io"
_TOKEN = (Sign((401, 403), (), Health.UNHEALTHY, "Sentry does not accept the token", CREDENTIAL),)
_PROJECT = (
    *_TOKEN,
    Sign((404,), (), Health.UNHEALTHY, "Sentry has no such project, or hides it from the token", GONE),
)


@dataclass(frozen=True, slots=True)
class Dsn:
    """A DSN taken apart: its public key, the server with its path, and the project's number."""

    key: Secret
    server: str
    project: str

    @classmethod
    def of(cls, dsn: Secret) -> Dsn | None:
        """None for one that cannot be read."""
        try:
            parts = urlsplit(dsn.reveal().strip())
            port = f":{parts.port}" if parts.port else ""
        except ValueError:
            return None
        path, _, project = parts.path.rstrip("/").rpartition("/")
        if not parts.username or not parts.hostname or not project or parts.scheme not in ("http", "https"):
            return None
        server = f"{parts.scheme}://{parts.hostname}{port}{path}"
        return cls(Secret(parts.username, dsn.reference), server, project)

    @property
    def envelope(self) -> str:
        """Where events go."""
        return f"{self.server}/api/{quote(self.project, safe='')}/envelope/"


def server_of(subject: Subject) -> str:
    """Sentry's address."""
    return text_of(subject.values, "url", _CLOUD).rstrip("/")


def probe(subject: Subject) -> Flow[Verdict]:
    """What can be known with what is stated: the project and its keys, the token, or only whether Sentry lives."""
    secret = secret_of(subject.values, "dsn")
    dsn = Dsn.of(secret) if secret is not None and secret.known else None
    if secret is not None and secret.known and dsn is None:
        return unhealthy("the DSN cannot be read; it looks like https://KEY@HOST/PROJECT", SETTINGS)
    token = secret_of(subject.values, "auth_token")
    if token is None:
        return (yield from _alive(dsn))
    auth = Bearer(token)
    organization, project = text_of(subject.values, "organization"), text_of(subject.values, "project")
    if not (organization and project):
        return (yield from _accepted(subject, auth, "state `organization` and `project`, and the DSN is checked"))
    at = f"{server_of(subject)}/api/0/projects/{quote(organization, safe='')}/{quote(project, safe='')}/"
    answer = yield from ask(look("GET", at, auth=auth))
    if isinstance(answer, Response) and answer.status == 403:
        further = "it may not see the project (that needs project:read), so the DSN is not checked"
        return (yield from _accepted(subject, auth, further))
    if wrong := trouble(NAME, answer, _PROJECT):
        return wrong
    if "slug" not in shown(answer):
        return unhealthy("something else than Sentry answers at this address", MISLEADING)
    answer = yield from ask(look("GET", f"{at}keys/", auth=auth))
    if isinstance(answer, Response) and answer.status == 403:
        return degraded("Sentry accepts the token, which may not see keys: the DSN is not checked", CREDENTIAL)
    if wrong := trouble(NAME, answer, _PROJECT):
        return wrong
    return _key_verdict(dsn, listed(answer))


# ---------------------------------------------------------------------------------------------------------------------


def _accepted(subject: Subject, auth: Bearer, further: str) -> Flow[Verdict]:
    """Whether the token is accepted at all, which is all that one of an organisation, made for releases, lets tell."""
    answer = yield from ask(look("GET", f"{server_of(subject)}/api/0/auth/validate/", auth=auth))
    if wrong := trouble(NAME, answer, _TOKEN):
        return wrong
    if not isinstance(answer, Response) or not isinstance(answer.data(), Mapping):
        return unhealthy("something else than Sentry answers at this address", MISLEADING)
    return unknown(f"Sentry accepts the token; {further}", SETTINGS)


def _key_verdict(dsn: Dsn | None, keys: Sequence[Mapping[str, Any]]) -> Verdict:
    if dsn is None:
        return unknown("Sentry accepts the token; the DSN is not known here, so it is not checked", SETTINGS)
    own = [row for row in keys if row.get("public") == dsn.key.reveal()]
    if not own:
        return unhealthy("the DSN's key is not one of the project's: events are lost", GONE)
    if not own[0].get("isActive", True):
        return unhealthy("the DSN's key is switched off in Sentry: events are lost", SETTINGS)
    return healthy("Sentry accepts the token, and the DSN's key is the project's")


def _alive(dsn: Dsn | None) -> Flow[Verdict]:
    """Without a token only the server behind the DSN can be asked whether it lives."""
    if dsn is None:
        return unknown("no token is stated and the DSN is not known here, so nothing can be asked", SETTINGS)
    answer = yield from ask(look("GET", f"{dsn.server}/api/relay/healthcheck/live/"))
    if isinstance(answer, Response) and (answer.status == 503 or shown(answer).get("is_healthy") is False):
        return unhealthy("Sentry says of itself that it is not healthy", FAILING)
    if not isinstance(answer, Response) or answer.status == 429:
        return judge(NAME, answer)
    return unknown("Sentry answers; without `auth_token` nobody can tell whether it takes events of this DSN", SETTINGS)
