"""What gives access to GitLab: its OAuth applications, and our own token.

Pure flows. Source: https://docs.gitlab.com/api/applications/, https://docs.gitlab.com/api/personal_access_tokens/
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reconciler.core.flow import Flow, Response
from reconciler.core.resource import Subject, Verdict
from reconciler.integrations.flows.answers import mapping, objects, sequence, shown
from reconciler.integrations.flows.asking import ask, look
from reconciler.integrations.flows.moments import DAY, seconds_of
from reconciler.integrations.flows.values import text_of
from reconciler.integrations.flows.verdicts import (
    CREDENTIAL,
    GONE,
    REFUSED,
    SETTINGS,
    degraded,
    healthy,
    judge,
    unhealthy,
    unknown,
)

_TOKEN_DAYS = 14


def application(subject: Subject) -> Flow[Verdict]:
    """Whether the application is there and returns users to where the entry says."""
    answer = yield from ask(look("GET", "/api/v4/applications"))
    rows = answer.data() if isinstance(answer, Response) and answer.ok else None
    if not isinstance(rows, list):
        if isinstance(answer, Response) and answer.status in (401, 403):
            return unknown("GitLab shows applications to administrators only", CREDENTIAL)
        return judge("GitLab", answer)
    found = _found(subject, objects(rows))
    if found is None:
        return unhealthy("GitLab has no such application; `apply` creates it", GONE)
    if text_of(found, "callback_url").split() != text_of(subject.values, "redirect_uri").split():
        return unhealthy("the application returns users elsewhere than the entry says", SETTINGS)
    scopes = found.get("scopes")
    if scopes is not None and set(sequence(scopes)) != set(sequence(subject.values.get("scopes"))):
        return degraded("the application's scopes are not those of the entry", SETTINGS)
    return healthy("the application is there and returns users to where it should")


def own_token(subject: Subject) -> Flow[Verdict]:
    """Whether our token may do what it must, and for how long yet."""
    answer = yield from ask(look("GET", "/api/v4/personal_access_tokens/self"))
    token = shown(answer) if isinstance(answer, Response) and answer.ok else {}
    if not token.get("id"):
        if isinstance(answer, Response) and answer.status == 401:
            return unhealthy("GitLab does not accept the token: it is wrong, expired or revoked", CREDENTIAL)
        if isinstance(answer, Response) and answer.status in (403, 404):
            return unknown("GitLab tells nothing about a token of this sort")
        return judge("GitLab", answer)
    scopes = tuple(str(scope) for scope in sequence(token.get("scopes")))
    expires = token.get("expires_at")
    ends = seconds_of(expires)
    days = None if ends is None else int((ends - subject.now) // DAY)
    facts = {"scopes": scopes, "expires_at": str(expires) if expires else None, "days_left": days}
    if token.get("revoked") or token.get("active") is False:
        return unhealthy("the token is revoked or expired", CREDENTIAL, **facts)
    if days is not None and days < 0:
        return unhealthy("the token has expired", CREDENTIAL, **facts)
    if "api" not in scopes:
        if "read_api" in scopes:
            return degraded(
                "the token may read only: it lacks the scope `api`, without which nothing can be applied",
                REFUSED,
                **facts,
            )
        return unhealthy("the token lacks the scope `api`", REFUSED, **facts)
    limit = mapping(subject.recorded.get("thresholds")).get("token_days", _TOKEN_DAYS)
    if days is not None and days < limit:
        return degraded(f"the token expires in {days} day{'' if days == 1 else 's'}", CREDENTIAL, **facts)
    left = "does not expire" if days is None else f"is good for {days} days"
    return healthy(f"the token may do what it must and {left}", **facts)


# ---------------------------------------------------------------------------------------------------------------------


def _found(subject: Subject, rows: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    number = subject.recorded.get("id")
    if number is not None:
        return next((row for row in rows if str(row.get("id")) == str(number)), None)
    name, uris = text_of(subject.values, "name"), text_of(subject.values, "redirect_uri").split()
    named = [row for row in rows if row.get("application_name") == name]
    return next((row for row in named if text_of(row, "callback_url").split() == uris), next(iter(named), None))
