"""What to make of an HTTP answer: take it, wait and ask again, give up, or say that a write's fate is unknown.

Pure: no I/O, no clock, no randomness; the time and the jitter are handed in. A request that writes is asked again only
where the server has certainly not carried it out: it answered 429, or the request never left this machine.
Sources: https://docs.gitlab.com/administration/settings/user_and_ip_rate_limits/ and what a running GitLab answered.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.core.errors import RemoteError, UnclearWrite
from reconciler.core.flow import Response
from reconciler.providers.waits import asked_wait, retry_after

CLASS_PAUSE = 60.0
"""Seconds until an application limit (JSON 429 without `Retry-After`) lets go; all of GitLab's are per minute."""
STUBBORN = 5
"""Refusals for rate after which a server that names no real pause is asked once a second at most."""
BACKOFF_FIRST = 0.5
BACKOFF_CAP = 8.0
MESSAGE_LIMIT = 500


@dataclass(frozen=True, slots=True)
class Call:
    """What of a request matters for deciding. `shown` is the URL as logs may show it; `attempts` how often in all."""

    method: str
    shown: str
    writes: bool = False
    accept: frozenset[int] = frozenset()
    attempts: int = 4


@dataclass(frozen=True, slots=True)
class Lost:
    """No answer came. `sent` says that the server may have received the request; `final` that asking again is vain."""

    summary: str
    sent: bool = True
    final: bool = False
    elapsed_ms: int = 0
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Take:
    """The answer is what the caller wants."""

    response: Response


@dataclass(frozen=True, slots=True)
class Wait:
    """Ask again after so many seconds. `throttle` says that the server refuses this whole client, `limited` that it
    refuses this class of endpoint."""

    seconds: float
    why: str
    throttle: bool = False
    limited: bool = False


@dataclass(frozen=True, slots=True)
class Refuse:
    """The server (or the way to it) refuses; nothing was changed by this request."""

    error: RemoteError


@dataclass(frozen=True, slots=True)
class Unclear:
    """A write may or may not have been carried out; only a look can tell."""

    error: UnclearWrite


Decision = Take | Wait | Refuse | Unclear


def decide(
    call: Call,
    answer: Response | Lost,
    *,
    attempt: int,
    waited: float,
    now: float,
    jitter: float,
    patience: float,
    refusals: int = 0,
) -> Decision:
    """Decide about one answer.

    `attempt` counts from 1, refusals for rate (`refusals`) not included; `waited` is the seconds already spent waiting
    for this call and `patience` the most that may be; `now` is in seconds since the epoch, `jitter` in [0, 1).
    """
    if isinstance(answer, Lost):
        return _lost(call, answer, attempt=attempt, jitter=jitter)
    status = answer.status
    if 200 <= status < 300 or status in call.accept:
        return Take(answer)
    if status == 429:
        return _limited(call, answer, waited=waited, now=now, patience=patience, refusals=refusals)
    if status == 408 or status >= 500:
        return _broken(call, answer, attempt=attempt, now=now, jitter=jitter)
    return Refuse(refusal(call, answer))


def refusal(call: Call, response: Response, *, more: str = "", hint: str = "") -> RemoteError:
    """The typed error of an answer that is no success; `more` is said behind it."""
    return RemoteError(
        f"{call.method} {call.shown}: {_sentence(response)}{more}",
        method=call.method,
        url=call.shown,
        status=response.status,
        request_id=response.headers.get("x-request-id", ""),
        hint=hint or _hint(response),
    )


def explain(response: Response) -> str:
    """What an answer says is wrong, from any of GitLab's error bodies, as one readable line (maybe empty)."""
    data = response.data()
    text = _from_json(data) if data is not None else _from_text(response)
    text = " ".join(text.split())
    return text if len(text) <= MESSAGE_LIMIT else text[: MESSAGE_LIMIT - 1] + "…"


def backoff(attempt: int, jitter: float) -> float:
    """Seconds before the next attempt: doubling, between half and all of the step, never more than `BACKOFF_CAP`."""
    step: float = min(BACKOFF_CAP, BACKOFF_FIRST * 2 ** (attempt - 1))
    return step * (0.5 + jitter / 2)


# ---------------------------------------------------------------------------------------------------------------------


def _lost(call: Call, lost: Lost, *, attempt: int, jitter: float) -> Decision:
    place = f"{call.method} {call.shown}"
    if call.writes and lost.sent:
        message = f"{place}: {lost.summary}; it may or may not have been carried out"
        return Unclear(UnclearWrite(message, method=call.method, url=call.shown, hint=lost.hint))
    if lost.final or attempt >= call.attempts:
        tries = f" ({attempt} attempts)" if attempt > 1 else ""
        message = f"{place}: {lost.summary}{tries}"
        return Refuse(RemoteError(message, method=call.method, url=call.shown, hint=lost.hint))
    return Wait(backoff(attempt, jitter), lost.summary)


def _broken(call: Call, response: Response, *, attempt: int, now: float, jitter: float) -> Decision:
    if call.writes:
        error = refusal(call, response)
        message = f"{error.message}; it may or may not have been carried out"
        return Unclear(
            UnclearWrite(
                message, method=call.method, url=call.shown, status=response.status, request_id=error.request_id
            )
        )
    if attempt >= call.attempts:
        return Refuse(refusal(call, response))
    asked = retry_after(response.headers, now)
    seconds = backoff(attempt, jitter) if asked is None else min(max(asked, 0.0), CLASS_PAUSE)
    return Wait(seconds, f"the server answered {response.status}")


def _limited(call: Call, response: Response, *, waited: float, now: float, patience: float, refusals: int) -> Decision:
    asked = asked_wait(response, now)
    by_class = isinstance(response.data(), dict) and "ratelimit-reset" not in response.headers
    seconds = max(CLASS_PAUSE if asked is None else asked, 1.0 if refusals >= STUBBORN else 0.05)
    if waited + seconds > patience:
        more = f"; it wants {seconds:.0f} s more of waiting"
        return Refuse(refusal(call, response, more=more, hint="repeat later, or with less parallelism"))
    why = "this endpoint's limit is used up" if by_class else "the server's rate limit is used up"
    return Wait(seconds, why, throttle=not by_class, limited=by_class)


def _sentence(response: Response) -> str:
    said = explain(response)
    if response.status in (301, 302, 303, 307, 308):
        where = response.headers.get("location", "")
        moved = response.status in (301, 308)
        return f"{response.status} moved to {_place(where)}" if moved else f"{response.status} redirects elsewhere"
    if not said:
        return f"the server answered {response.status}"
    return said if said.startswith(str(response.status)) else f"{response.status} {said}"


def _place(location: str) -> str:
    found = re.search(r"/api/v4/((?:projects|groups)/\d+)", location)
    if found:
        return found.group(1)
    return re.sub(r"//[^/@]*@", "//", location.split("?")[0]) or "another place"


HINTS: Mapping[int, str] = {
    301: "it was renamed or moved; use its new path",
    302: "the address may need a login, or be that of a sign-in page; check the URL",
    308: "use the address that it has moved to",
    401: "check that the token is set, right, and neither expired nor revoked",
    403: "the token's user needs Maintainer on projects, Owner on groups, and to be an administrator for the instance",
    404: "check the path, and that the token's user may see it",
    405: "it was renamed or moved; use its new path",
    412: "somebody changed it meanwhile; plan again",
    413: "the body is larger than the server takes",
}


def _hint(response: Response) -> str:
    data = response.data()
    if isinstance(data, dict) and data.get("error") == "insufficient_scope":
        return "the token needs the scope `api`"
    return HINTS.get(response.status, "")


def _from_json(data: object) -> str:
    if isinstance(data, str):
        return data
    if not isinstance(data, dict):
        return ""
    description = data.get("error_description")
    if isinstance(description, str):
        return f"{data.get('error', '')}: {description}".removeprefix(": ")
    for key in ("message", "error"):
        if data.get(key):
            return _ruby(data[key]) if isinstance(data[key], str) else _fields(data[key])
    return ""


def _fields(value: object) -> str:
    """`{"url": ["is blocked", …]}` as `url is blocked; …`; `base` and `error` are no fields of anybody's."""
    if isinstance(value, dict):
        parts = []
        for name, texts in value.items():
            text = _fields(texts)
            parts.append(text if name in ("base", "error") else f"{name} {text}")
        return "; ".join(parts)
    if isinstance(value, list):
        return ", ".join(_fields(item) for item in value)
    return str(value)


RUBY_HASH = re.compile(r"\{:?\w+(?:=>|: )\[.*\]\}")
RUBY_ENTRY = re.compile(r":?(\w+)(?:=>|: )\[((?:\"(?:[^\"\\]|\\.)*\"(?:, )?)*)\]")


def _ruby(text: str) -> str:
    """A message with a printed Ruby hash in it, `{:webhook=>["can't be blank"]}`, as `webhook can't be blank`."""
    found = RUBY_HASH.search(text)
    if not found:
        return text
    parts = []
    for name, items in RUBY_ENTRY.findall(found.group()):
        said = ", ".join(item.replace('\\"', '"') for item in re.findall(r"\"((?:[^\"\\]|\\.)*)\"", items))
        parts.append(said if name == "base" else f"{name} {said}")
    return text[: found.start()].rstrip(" .") + ": " + "; ".join(parts) if parts else text


def _from_text(response: Response) -> str:
    if "html" in response.headers.get("content-type", ""):
        found = re.search(r"<title>([^<]{1,200})</title>", response.text)
        return found.group(1) if found else ""
    return response.text[:MESSAGE_LIMIT]
