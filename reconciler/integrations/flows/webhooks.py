"""Webhooks: whether GitLab still sends them and receivers take them; tested, resent, counted, and posted to by us.

Pure flows over GitLab's log of deliveries (the last 7 days). What receivers answered is never told: it may hold
anything. System hooks have no log. Source: https://docs.gitlab.com/api/project_webhooks/
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from reconciler.core.address import ScopeType
from reconciler.core.errors import ReconcilerError
from reconciler.core.flow import Answer, Flow, Request, Response
from reconciler.core.resource import NOTHING, Subject, Verdict
from reconciler.core.value import Plain, Value
from reconciler.integrations.base import flag_of
from reconciler.integrations.flows.answers import listed, mapping, sequence, shown
from reconciler.integrations.flows.asking import ask, look, taken
from reconciler.integrations.flows.values import text_of
from reconciler.integrations.flows.verdicts import (
    CREDENTIAL,
    FAILING,
    GONE,
    degraded,
    healthy,
    judge,
    unhealthy,
    unknown,
)

PER_PAGE, LONGEST = 20, 500
"""Deliveries that GitLab shows at once, and that are read at most."""
_TOP = {ScopeType.PROJECT: "projects", ScopeType.GROUP: "groups"}
_WHY = {
    400: "it does not know this event, or has none of that sort to send",
    401: "it does not accept the token",
    403: "the token's user may not do this",
    404: "the webhook or the delivery is not there, or hidden from the token's user",
    422: "the webhook's address has changed since, or its receiver cannot be reached",
}
_OWN_WORDS = ("Ensure the ", "Testing not available for this hook")
"""How GitLab's own sentences about a test begin; all others are the receiver's."""


def probe(subject: Subject) -> Flow[Verdict]:
    """Whether GitLab sends the webhook, and how many of the last deliveries were taken."""
    path = _path(subject)
    if not path:
        return unknown("it is not recorded yet; `apply` creates it")
    answer = yield from ask(look("GET", path))
    hook = shown(answer)
    if not isinstance(answer, Response) or not hook.get("id"):
        return _without_hook(answer)
    facts = {"alert_status": str(hook.get("alert_status", ""))}
    if facts["alert_status"] == "disabled":
        return unhealthy("GitLab has switched it off after 40 failures; a good test revives it", FAILING, **facts)
    if facts["alert_status"] == "temporarily_disabled":
        until = str(hook.get("disabled_until") or "later")
        return unhealthy(f"GitLab pauses it until {until}, after failures", FAILING, **facts, disabled_until=until)
    if subject.scope.type is ScopeType.INSTANCE:
        return healthy("GitLab sends it; of system hooks it keeps no deliveries", **facts)
    answer = yield from ask(look("GET", f"{path}/events", query={"per_page": PER_PAGE}))
    if not isinstance(answer, Response) or not answer.ok or not isinstance(answer.data(), list):
        return healthy("GitLab sends it; its deliveries cannot be read", **facts)
    return _by_deliveries(listed(answer), facts, mapping(subject.recorded.get("thresholds")))


def test(subject: Subject, parameters: Mapping[str, Value]) -> Flow[Mapping[str, Plain]]:
    """Let GitLab send a sample; `success` says whether the receiver took it. Five a minute are allowed."""
    path = _known(subject)
    event = text_of(parameters, "event") or _first_event(subject)
    target = path if subject.scope.type is ScopeType.INSTANCE else f"{path}/test/{flag_of(event)}"
    answer = yield from ask(Request("POST", target, writes=True, budget=f"hook_test:{subject.scope.key}"))
    if isinstance(answer, Response) and answer.status == 422:
        said = str(shown(answer).get("message", ""))
        if said.startswith(_OWN_WORDS):
            return {"success": False, "event": event, "detail": said[:200]}
        status = yield from _last_status(subject, path)
        return {"success": False, "event": event, "status": status, "detail": _refused(status)}
    taken("GitLab", "test the webhook", answer, why=_WHY)
    return {"success": True, "event": event, "detail": "the receiver took it"}


def events(subject: Subject, parameters: Mapping[str, Value]) -> Flow[Mapping[str, Plain]]:
    """The last deliveries, newest first: when, of which trigger, what the receiver's status was, how long it took."""
    limit = min(int(parameters.get("limit") or PER_PAGE), LONGEST)
    rows = yield from _log(subject, limit, text_of(parameters, "status"))
    return {"events": tuple(_told(row) for row in rows)}


def stats(subject: Subject, _parameters: Mapping[str, Value]) -> Flow[Mapping[str, Plain]]:
    """Counts over GitLab's log: how often it was triggered in the last 7 days, when last, and how many were taken."""
    rows = yield from _log(subject, LONGEST)
    good = sum(_is_good(row) for row in rows)
    seconds = [float(row.get("execution_duration") or 0) for row in rows]
    return {
        "trigger_count": len(rows),
        "complete": len(rows) < LONGEST,
        "successes": good,
        "failures": len(rows) - good,
        "success_rate": round(good / len(rows), 4) if rows else None,
        "last_triggered": str(rows[0].get("created_at") or "") if rows else None,
        "average_seconds": round(sum(seconds) / len(seconds), 3) if seconds else None,
        "by_status": dict(sorted(Counter(_status(row) for row in rows).items())),
        "by_trigger": dict(sorted(Counter(str(row.get("trigger") or "") for row in rows).items())),
    }


def resend(subject: Subject, parameters: Mapping[str, Value]) -> Flow[Mapping[str, Plain]]:
    """Let GitLab send a delivery again: the one stated, else the last that failed. Five a minute are allowed."""
    path, number = _known(subject), text_of(parameters, "event")
    if not number:
        rows = yield from _log(subject, LONGEST)
        number = next((str(row.get("id")) for row in rows if not _is_good(row)), "")
        if not number:
            return {"resent": False, "detail": "no delivery of the last 7 days failed"}
    target = f"{path}/events/{quote(number, safe='')}/resend"
    answer = yield from ask(Request("POST", target, writes=True, budget=f"hook_resend:{subject.scope.key}"))
    status = shown(taken("GitLab", "resend the delivery", answer, why=_WHY)).get("response_status")
    good = isinstance(status, int) and 200 <= status < 300
    return {"resent": True, "event": number, "success": good, "status": str(status or "")}


# ---------------------------------------------------------------------------------------------------------------------


def _path(subject: Subject) -> str:
    """The webhook's place in the API; empty where its id is not known."""
    number = subject.recorded.get("id")
    if number is None:
        return ""
    top = _TOP.get(subject.scope.type)
    if top is None:
        return f"/api/v4/hooks/{number}"
    scope = subject.recorded.get("scope_id") or quote(subject.scope.path, safe="")
    return f"/api/v4/{top}/{scope}/hooks/{number}"


def _known(subject: Subject) -> str:
    path = _path(subject)
    if not path:
        raise ReconcilerError("the webhook is not recorded, so GitLab cannot be asked", hint="`apply` it first")
    return path


def _without_hook(answer: Answer) -> Verdict:
    if isinstance(answer, Response) and answer.status in (401, 403):
        return unknown("GitLab does not let the token's user read it", CREDENTIAL)
    if isinstance(answer, Response) and answer.status == 404:
        said = str(shown(answer).get("message", "")).lower()
        if "project" in said or "group" in said:
            return unknown("GitLab does not show the token's user where it belongs", CREDENTIAL)
        return unhealthy("GitLab has it no longer; `apply` creates it", GONE)
    return judge("GitLab", answer)


def _by_deliveries(rows: Sequence[Mapping[str, Any]], facts: Mapping[str, Plain], limits: Mapping[str, Any]) -> Verdict:
    if not rows:
        return healthy("GitLab sends it; nothing was sent in the last 7 days", **facts, deliveries=0)
    good = sum(_is_good(row) for row in rows)
    rate = good / len(rows)
    told: dict[str, Plain] = {**facts, "deliveries": len(rows), "success_rate": round(rate, 4)}
    told |= {"last_triggered": str(rows[0].get("created_at") or ""), "last_status": _status(rows[0])}
    if rate < float(limits.get("unhealthy_below", 0.5)):
        return unhealthy(f"{len(rows) - good} of the last {len(rows)} deliveries failed", FAILING, **told)
    if rate < float(limits.get("degraded_below", 0.95)):
        return degraded(f"{len(rows) - good} of the last {len(rows)} deliveries failed", FAILING, **told)
    if good == len(rows):
        return healthy("the last delivery was taken" if good == 1 else f"the last {good} deliveries were taken", **told)
    return healthy(f"{good} of the last {len(rows)} deliveries were taken", **told)


def _log(subject: Subject, limit: int, status: str = "") -> Flow[list[Mapping[str, Any]]]:
    """The last deliveries, `limit` at most; raises `ReconcilerError` for system hooks."""
    path = _known(subject)
    if subject.scope.type is ScopeType.INSTANCE:
        hint = "look into the receiver's own log"
        raise ReconcilerError("GitLab keeps no deliveries of system hooks", hint=hint)
    found: list[Mapping[str, Any]] = []
    page = 1
    wanted = {"status": status} if status else NOTHING
    while len(found) < limit:
        query = {"per_page": PER_PAGE, "page": page, **wanted}
        answer = yield from ask(Request("GET", f"{path}/events", query=query))
        rows = listed(taken("GitLab", "read the webhook's deliveries", answer, writes=False, why=_WHY))
        found += rows
        if len(rows) < PER_PAGE:
            break
        page += 1
    return found[:limit]


def _last_status(subject: Subject, path: str) -> Flow[str]:
    if subject.scope.type is ScopeType.INSTANCE:
        return ""
    answer = yield from ask(Request("GET", f"{path}/events", query={"per_page": 1}))
    rows = sequence(answer.data()) if isinstance(answer, Response) else ()
    return _status(mapping(rows[0])) if rows else ""


def _refused(status: str) -> str:
    if status.isdigit():
        return f"the receiver answered {status}"
    return "the receiver cannot be reached, or refuses" if not status else "the receiver cannot be reached"


def _first_event(subject: Subject) -> str:
    stated = sequence(subject.values.get("events"))
    return "push" if not stated or "push" in stated else str(stated[0])


def _status(row: Mapping[str, Any]) -> str:
    return str(row.get("response_status") or "")


def _is_good(row: Mapping[str, Any]) -> bool:
    status = _status(row)
    return len(status) == 3 and status.startswith("2") and status.isdigit()


def _told(row: Mapping[str, Any]) -> Mapping[str, Plain]:
    return {
        "id": row.get("id") if isinstance(row.get("id"), int) else None,
        "at": str(row.get("created_at") or ""),
        "trigger": str(row.get("trigger") or ""),
        "status": _status(row),
        "seconds": float(row.get("execution_duration") or 0),
    }
