"""What flows are made of: asking, reading answers, and telling what an answer means.

Pure. No sentence and no error quotes a URL, a header or a body: any of them may hold a secret (a Discord answer holds
the webhook's token, a Redmine user the API key), so every sentence is chosen from a table.
Source of the signs: `facts/services.md`, "What 200 does not mean" and each service's health table.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any
from urllib.parse import SplitResult, urlsplit

from reconciler.core.errors import ReconcilerError, RemoteError, UnclearWrite
from reconciler.core.flow import Basic, Bearer, Failure, Flow, Request, Response
from reconciler.core.resource import NOTHING, Health, Verdict
from reconciler.core.value import Plain, Secret, Value

Answer = Response | Failure

CREDENTIAL, GONE, THROTTLED, UNREACHABLE = "credential", "gone", "throttled", "unreachable"
MISLEADING, FAILING, REFUSED, SETTINGS, UNSURE = "misleading", "failing", "refused", "settings", "unsure"
"""Causes, told in a verdict's facts beside its sentence: what to look at when something is not healthy."""

IMPATIENT = frozenset({429, 503})
"""Accepted by probes, so that a service that is throttling or away for a while is told of and not waited for."""


def ask(request: Request) -> Flow[Answer]:
    """Send one request; its answer or the failure."""
    answer = yield request
    assert answer is not None, "a request is answered"
    return answer


def look(
    method: str,
    url: str | Secret,
    *,
    headers: Mapping[str, str | Secret] = NOTHING,
    query: Mapping[str, Any] = NOTHING,
    json: Any = None,
    body: bytes | None = None,
    auth: Basic | Bearer | None = None,
) -> Request:
    """A probe's request: it changes nothing, and being told to come back later is an answer."""
    return Request(method, url, headers, query, json, body=body, auth=auth, accept=IMPATIENT)


# ---------------------------------------------------------------------------------------------------------------------


def healthy(sentence: str, /, **facts: Plain) -> Verdict:
    """It works."""
    return Verdict(Health.HEALTHY, sentence, facts)


def degraded(sentence: str, cause: str, /, **facts: Plain) -> Verdict:
    """It works in part."""
    return Verdict(Health.DEGRADED, sentence, {"cause": cause, **facts})


def unhealthy(sentence: str, cause: str, /, **facts: Plain) -> Verdict:
    """It does not work."""
    return Verdict(Health.UNHEALTHY, sentence, {"cause": cause, **facts})


def unknown(sentence: str, cause: str = UNSURE, /, **facts: Plain) -> Verdict:
    """It cannot be told."""
    return Verdict(Health.UNKNOWN, sentence, {"cause": cause, **facts})


@dataclass(frozen=True, slots=True)
class Sign:
    """One row of a service's table: an answer of these statuses whose body has one of these words means this.

    No statuses: any. No words: any body. Words are compared in small letters.
    """

    statuses: tuple[int, ...]
    says: tuple[str, ...]
    health: Health
    sentence: str
    cause: str = ""

    def fits(self, answer: Response) -> bool:
        """Whether an answer is one of these."""
        if self.statuses and answer.status not in self.statuses:
            return False
        text = answer.text.lower() if self.says else ""
        return not self.says or any(word in text for word in self.says)

    @property
    def verdict(self) -> Verdict:
        """What it means."""
        return Verdict(self.health, self.sentence, {"cause": self.cause} if self.cause else NOTHING)


def judge(service: str, answer: Answer, signs: Iterable[Sign] = ()) -> Verdict:
    """What an answer means: the first row of `signs` that fits, else what the like means anywhere.

    A success that no row fits is `unknown`: a probe names what it takes as good.
    """
    if isinstance(answer, Failure):
        return unhealthy(f"{service} cannot be reached: {answer.summary}", UNREACHABLE)
    for sign in signs:
        if sign.fits(answer):
            return sign.verdict
    return trouble(service, answer) or unknown(f"{service} gave an answer that is none of its own", MISLEADING)


def trouble(service: str, answer: Answer) -> Verdict | None:
    """What is wrong by an answer's form alone; None for a success that is no page."""
    if isinstance(answer, Failure):
        return unhealthy(f"{service} cannot be reached: {answer.summary}", UNREACHABLE)
    status = answer.status
    if status == 429:
        return unknown(f"{service} refuses for now: too many requests", THROTTLED)
    if status == 408 or status >= 500:
        return unknown(f"{service} has trouble of its own ({status})", FAILING)
    if status in (401, 407):
        return unhealthy(f"{service} does not accept the credential", CREDENTIAL)
    if status == 403:
        return unhealthy(f"{service} forbids this to the credential", CREDENTIAL)
    if status in (404, 410):
        return unhealthy(f"{service} does not know it: it was removed, or the address is wrong", GONE)
    if 300 <= status < 400:
        return unhealthy(f"{service} redirects elsewhere, as sign-in pages and moved servers do", MISLEADING)
    if not answer.ok:
        return unhealthy(f"{service} refuses ({status})", REFUSED)
    if is_page(answer):
        return unhealthy(f"a web page answers in place of {service}: a sign-in page, or a wrong address", MISLEADING)
    return None


def is_page(answer: Response) -> bool:
    """Whether a web page was sent where none is wanted."""
    return "text/html" in answer.headers.get("content-type", "") or answer.text.lstrip()[:9].lower() in (
        "<!doctype",
        "<html>",
    )


# ---------------------------------------------------------------------------------------------------------------------


def mapping(value: object) -> Mapping[str, Any]:
    """A JSON object, or an empty one in place of anything else."""
    return value if isinstance(value, Mapping) else NOTHING


def shown(answer: Answer) -> Mapping[str, Any]:
    """The JSON object that an answer shows; an empty one where it shows none, or none came."""
    return mapping(answer.data()) if isinstance(answer, Response) else NOTHING


def sequence(value: object) -> tuple[Any, ...]:
    """A JSON array, or an empty one in place of anything else."""
    return tuple(value) if isinstance(value, list | tuple) else ()


def text_of(values: Mapping[str, Value], name: str, default: str = "") -> str:
    """A text value, trimmed; `default` where it is not stated."""
    value = values.get(name)
    return default if value is None or isinstance(value, Secret) else str(value).strip() or default


def secret_of(values: Mapping[str, Value], name: str) -> Secret | None:
    """A secret value, also one that was given as text; None where it is not stated."""
    value = values.get(name)
    if value is None or value == "":
        return None
    return value if isinstance(value, Secret) else Secret(str(value), f"[{name}]")


def need(values: Mapping[str, Value], name: str, what: str = "") -> str:
    """A text value that an action cannot do without; raises `ReconcilerError`."""
    found = text_of(values, name)
    if not found:
        raise ReconcilerError(f"`{name}` is not stated{f': {what}' if what else ''}", hint=f"state `{name}`")
    return found


def need_secret(values: Mapping[str, Value], name: str) -> Secret:
    """A secret that a conversation cannot do without; raises `ReconcilerError`."""
    found = secret_of(values, name)
    if found is None:
        raise ReconcilerError(f"`{name}` is not stated", hint=f"state `{name}` in the entry")
    return found


def begins(url: str | Secret, *prefixes: str) -> bool:
    """Whether an address, secret or not, begins with one of these. False for a secret that is not known."""
    if isinstance(url, Secret):
        return url.known and url.reveal().strip().lower().startswith(prefixes)
    return url.strip().lower().startswith(prefixes)


def host_of(url: str | Secret) -> str:
    """The host name of an address, secret or not, in small letters; empty where there is none to see."""
    parts = _parts(url)
    return (parts.hostname or "") if parts else ""


def path_of(url: str | Secret) -> str:
    """The path of an address, secret or not, in small letters; empty where there is none to see."""
    parts = _parts(url)
    return parts.path.lower() if parts else ""


def _parts(url: str | Secret) -> SplitResult | None:
    text = (url.reveal() if url.known else "") if isinstance(url, Secret) else url
    try:
        return urlsplit(text.strip())
    except ValueError:
        return None


# ---------------------------------------------------------------------------------------------------------------------


_NONE: Mapping[int, str] = MappingProxyType({})

WHY: Mapping[int, str] = {
    400: "it finds the request wrong",
    401: "it does not accept the credential",
    403: "it forbids this to the credential",
    404: "it does not know the object, or hides it from the credential",
    409: "somebody else is changing the same",
    410: "the object was removed",
    413: "the request is too large",
    422: "it finds a value wrong",
    429: "too many requests",
}
"""Refusals of an action, where a service has no better words."""


def taken(
    service: str, doing: str, answer: Answer, *, writes: bool = True, why: Mapping[int, str] = _NONE, said: str = ""
) -> Response:
    """The answer of an action's request if it is a success.

    `doing` is what was tried ("post the message"); `why` has a service's own reasons by status, `said` a reason that
    was read from the answer and holds no secret. Raises `RemoteError`; `UnclearWrite` where a write may have been
    carried out.
    """
    if isinstance(answer, Failure):
        message = f"could not {doing}: {service} cannot be reached: {answer.summary}"
        if writes and answer.sent:
            raise unclear(message)
        raise RemoteError(message)
    if answer.ok and not is_page(answer):
        return answer
    if answer.ok or 300 <= answer.status < 400:
        message = f"could not {doing}: a sign-in page or another server answers in place of {service}"
        raise RemoteError(message, status=answer.status, hint="check the address and the credential")
    reason = said or why.get(answer.status) or WHY.get(answer.status) or f"it answered {answer.status}"
    message = f"could not {doing}: {service}: {reason}"
    if writes and (answer.status == 408 or answer.status >= 500):
        raise unclear(f"could not {doing}: {service} has trouble of its own ({answer.status})", answer.status)
    raise RemoteError(message, status=answer.status)


def unclear(message: str, status: int | None = None) -> UnclearWrite:
    """A write whose fate is unknown."""
    said = message if "may or may not" in message else f"{message}; it may or may not have been carried out"
    return UnclearWrite(said, status=status, hint="look at the service before repeating it")
