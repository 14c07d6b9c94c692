"""Mend (formerly WhiteSource): whether the service user's keys let it in.

Pure flows. Logging in makes a short session and nothing else. The older API answers every call with 200 and tells
errors in the body. Source: https://docs.mend.io/
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reconciler.core.errors import RemoteError
from reconciler.core.flow import Answer, Flow, Request
from reconciler.core.resource import Action, Health, Subject, Verdict
from reconciler.core.value import Plain, Value
from reconciler.integrations.flows.answers import mapping, shown
from reconciler.integrations.flows.asking import ask, look, taken
from reconciler.integrations.flows.values import host_of, need_secret, text_of
from reconciler.integrations.flows.verdicts import (
    CREDENTIAL,
    GONE,
    MISLEADING,
    Sign,
    healthy,
    trouble,
    unhealthy,
)

_NAME = "Mend"
_AGENT = "unified-agent"
_OWN = (".mend.io", ".whitesourcesoftware.com")
_REFUSED = {
    _AGENT: "Mend does not accept the user key and the organisation's API key",
    "cli": "Mend does not accept the mail address and the user key",
}
_GONE = Sign((404,), (), Health.UNHEALTHY, "no Mend answers at this address", GONE)
_WHY = {401: "it does not accept the keys", 403: "it does not accept the keys", 404: "there is no such environment"}


def probe(subject: Subject) -> Flow[Verdict]:
    """Log in as the scanner would."""
    answer = yield from ask(_login(subject))
    refused = _REFUSED[_scanner(subject)]
    if wrong := trouble(_NAME, answer, (Sign((401, 403), (), Health.UNHEALTHY, refused, CREDENTIAL), _GONE)):
        return wrong
    if _is_refusal(answer):
        return unhealthy(refused, CREDENTIAL)
    if not _is_in(answer):
        return unhealthy("something else than Mend answers at this address", MISLEADING)
    return healthy("Mend lets the service user in")


def check(subject: Subject, _parameters: Mapping[str, Value]) -> Flow[Mapping[str, Plain]]:
    """Log in as the scanner would, and say into which organisation."""
    answer = taken(_NAME, "log in", (yield from ask(_login(subject))), writes=False, why=_WHY)
    if _is_refusal(answer) or not _is_in(answer):
        raise RemoteError(f"could not log in: {_REFUSED[_scanner(subject)]}", status=answer.status)
    host, name = host_of(text_of(subject.values, "url")), str(shown(answer).get("orgName") or "")
    result = {"environment": host, "scanner": _scanner(subject), "organization": name}
    return {field: text for field, text in result.items() if text}


ACTIONS = (Action("check", "Log in as the scanner would", check),)


# ---------------------------------------------------------------------------------------------------------------------


def _scanner(subject: Subject) -> str:
    return _AGENT if text_of(subject.values, "scanner") == _AGENT else "cli"


def _login(subject: Subject) -> Request:
    values = subject.values
    scheme, _, rest = text_of(values, "url").rstrip("/").partition("://")
    host = rest.partition("/")[0]
    if _scanner(subject) == _AGENT:
        told: dict[str, Any] = {"requestType": "getOrganizationDetails", "userKey": need_secret(values, "user_key")}
        return look("POST", f"{scheme}://{host}/api/v1.4", json={**told, "orgToken": need_secret(values, "api_key")})
    if host.endswith(_OWN) and not host.startswith("api-"):
        host = f"api-{host}"
    told = {"email": text_of(values, "email"), "userKey": need_secret(values, "user_key")}
    organization = text_of(values, "organization")
    told |= {"orgUuid": organization} if organization else {}
    return look("POST", f"{scheme}://{host}/api/v3.0/login", json=told)


def _is_refusal(answer: Answer) -> bool:
    return "errorCode" in shown(answer)


def _is_in(answer: Answer) -> bool:
    row = shown(answer)
    return bool(mapping(row.get("response")).get("refreshToken")) or "orgName" in row
