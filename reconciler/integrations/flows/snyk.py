"""Snyk: whose the token is, whether it may use the API, and whether the organisation can be seen.

Pure flows. A token belongs to one region and is refused in others like a wrong one. Source:
https://docs.snyk.io/snyk-api
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote

from reconciler.core.flow import Bearer, Flow, Request, Response
from reconciler.core.resource import Action, Health, Subject, Verdict
from reconciler.core.value import Plain, Value
from reconciler.integrations.flows.answers import mapping, shown
from reconciler.integrations.flows.asking import ask, look, taken
from reconciler.integrations.flows.values import host_of, need_secret, text_of
from reconciler.integrations.flows.verdicts import (
    CREDENTIAL,
    GONE,
    MISLEADING,
    SETTINGS,
    Sign,
    healthy,
    trouble,
    unhealthy,
)

_NAME = "Snyk"
_US = "https://api.snyk.io"
_VERSION = {"version": "2024-06-10"}
_JSON = {"Accept": "application/vnd.api+json"}
_ID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_WHY = {
    401: "it does not accept the token in this region",
    403: "the organisation's plan has no API, or the token may not see it",
    404: "there is no such organisation",
}
_NO_API = "Snyk knows the token, but the organisation's plan does not include the API: no more can be told"
_ORGANISATION = (
    Sign((403, 404), (), Health.UNHEALTHY, "Snyk has no such organisation, or hides it from the token", GONE),
)


def probe(subject: Subject) -> Flow[Verdict]:
    """Whose the token is, and whether it sees the organisation where its id is stated."""
    service = _Service(subject)
    answer = yield from ask(service.look("/rest/self", rest=True))
    if wrong := trouble(_NAME, answer, service.signs):
        return wrong
    who = mapping(shown(answer).get("data"))
    if not who.get("id"):
        return unhealthy("something else than Snyk answers at this address", MISLEADING)
    if _ID.fullmatch(service.organization):
        answer = yield from ask(service.look(f"/rest/orgs/{service.organization}", rest=True))
        if wrong := trouble(_NAME, answer, _ORGANISATION):
            return wrong
    return healthy(f"Snyk accepts the token in {service.region}", region=service.region)


def check(subject: Subject, _parameters: Mapping[str, Value]) -> Flow[Mapping[str, Plain]]:
    """Whose the token is, and which integrations Snyk itself has (its own with GitLab makes checks there)."""
    service = _Service(subject)
    request = service.look("/rest/self", rest=True)
    answer = taken(_NAME, "ask whose the token is", (yield from ask(request)), writes=False, why=_WHY)
    who = mapping(shown(answer).get("data"))
    about = mapping(who.get("attributes"))
    organization = service.organization or str(about.get("default_org_context") or "")
    result: dict[str, Plain] = {
        "region": service.region,
        "user": str(who.get("id") or ""),
        "organization": organization,
    }
    if not _ID.fullmatch(organization):
        return result
    held = yield from ask(service.look(f"/v1/org/{quote(organization)}/integrations"))
    if isinstance(held, Response) and held.ok:
        kinds = tuple(sorted(shown(held)))
        return {**result, "integrations": kinds, "gitlab": "gitlab" in kinds}
    return result


ACTIONS = (Action("check", "Tell whose the token is, and whether Snyk is connected to GitLab", check),)


# ---------------------------------------------------------------------------------------------------------------------


class _Service:
    """The region's API and the organisation; paths that older settings carry are left away."""

    def __init__(self, subject: Subject) -> None:
        address = text_of(subject.values, "api_url", _US).rstrip("/")
        scheme, _, rest = address.partition("://")
        self._base = f"{scheme}://{rest.partition('/')[0]}"
        self._auth = Bearer(need_secret(subject.values, "token"), "token")
        self.organization, self.region = text_of(subject.values, "organization"), host_of(self._base)

    def look(self, path: str, *, rest: bool = False) -> Request:
        return look(
            "GET", self._base + path, headers=_JSON if rest else {}, query=_VERSION if rest else {}, auth=self._auth
        )

    @property
    def signs(self) -> tuple[Sign, ...]:
        refused = f"Snyk does not accept the token at {self.region}: it is wrong, or another region's"
        return (
            Sign((401,), (), Health.UNHEALTHY, refused, CREDENTIAL),
            Sign((403,), (), Health.UNKNOWN, _NO_API, SETTINGS),
            Sign((404,), (), Health.UNHEALTHY, "no Snyk API answers at this address", GONE),
        )
