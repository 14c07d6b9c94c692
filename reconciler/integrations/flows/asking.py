"""Asking: a flow's requests, and what an action makes of their answers.

Pure. No sentence and no error quotes a URL, a header or a body: any of them may hold a secret (a Discord answer holds
the webhook's token, a Redmine user the API key), so every reason is chosen from a table.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from reconciler.core.errors import RemoteError, UnclearWrite
from reconciler.core.flow import Answer, Basic, Bearer, Failure, Flow, Pause, Request, Response
from reconciler.core.resource import NOTHING
from reconciler.core.value import Secret
from reconciler.integrations.flows.answers import is_page

_IMPATIENT = frozenset({429, 503})
"""Accepted by probes, so that a service that is throttling or away for a while is told of and not waited for."""

_NONE: Mapping[int, str] = MappingProxyType({})
_WHY: Mapping[int, str] = {
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

_PAUSE_SECONDS = 2.0


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
    return Request(method, url, headers, query, json, body=body, auth=auth, accept=_IMPATIENT)


def ask(request: Request) -> Flow[Answer]:
    """Send one request; its answer or the failure."""
    answer = yield request
    assert answer is not None, "a request is answered"
    return answer


def ask_twice(request: Request) -> Flow[Answer]:
    """Send a request that may be carried out twice without harm, once more where its answer was lost."""
    answer = yield from ask(request)
    if is_lost(answer):
        yield Pause(_PAUSE_SECONDS)
        answer = yield from ask(request)
    return answer


def is_lost(answer: Answer) -> bool:
    """Whether what was asked for may or may not have been carried out."""
    return isinstance(answer, Failure) or answer.status >= 500


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
    if writes and (answer.status == 408 or answer.status >= 500):
        raise unclear(f"could not {doing}: {service} has trouble of its own ({answer.status})", answer.status)
    reason = said or why.get(answer.status) or _WHY.get(answer.status) or f"it answered {answer.status}"
    raise RemoteError(f"could not {doing}: {service}: {reason}", status=answer.status)


def unclear(message: str, status: int | None = None) -> UnclearWrite:
    """A write whose fate is unknown."""
    said = message if "may or may not" in message else f"{message}; it may or may not have been carried out"
    return UnclearWrite(said, status=status, hint="look at the service before repeating it")
