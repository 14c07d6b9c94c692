"""Push mirrors as GitLab sees them: how the last push went, and pushing now.

Pure flows. Source: GitLab's documentation of push mirrors. Lacking rights are 401 here. GitLab's account of a failure
may quote what the other side said, so it is only looked at for words and never shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from reconciler.core.errors import ReconcilerError
from reconciler.core.flow import Answer, Flow, Pause, Request, Response
from reconciler.core.resource import Field, FieldType, Subject, Verdict
from reconciler.core.value import Plain, Value
from reconciler.integrations.flows.answers import listed, shown
from reconciler.integrations.flows.asking import ask, look, taken
from reconciler.integrations.flows.values import recorded_id
from reconciler.integrations.flows.verdicts import (
    CREDENTIAL,
    FAILING,
    GONE,
    REFUSED,
    SETTINGS,
    UNREACHABLE,
    degraded,
    unhealthy,
    unknown,
)

PART = "mirror.push"
"""Under this name a subject's recorded facts have the mirror: its `id`."""

_WHY = {
    400: "the mirror is switched off, or the project has no repository yet",
    401: "the token's user must be a Maintainer of the project",
    403: "the token's user must be a Maintainer of the project",
    404: "GitLab does not know the mirror",
}
_WORDS = (
    (("authentication", "401", "403", "username", "credential"), "the credential was not accepted", CREDENTIAL),
    (("not found", "404", "does not exist"), "there is no such repository", GONE),
    (("resolve", "timed out", "refused to connect", "connection refused"), "it cannot be reached", UNREACHABLE),
    (("declined", "denied", "protected", "non-fast-forward", "diverged"), "a branch was not accepted", REFUSED),
)
_FAILED, _AGAIN, _DONE = "failed", "to_retry", "finished"
_PAUSE_SECONDS, _LONGEST_PAUSE, _PATIENCE, _DEFAULT_TIMEOUT = 2.0, 15.0, 20.0, 600
_MOMENTS = ("update_status", "last_update_started_at", "last_update_at")

SYNCING = (
    Field(
        "wait",
        FieldType.STRING,
        "Whether to wait until the push has ended, or only to ask for it.",
        choices=("finished", "queued"),
        default="finished",
    ),
    Field("timeout", FieldType.INTEGER, "Seconds to wait.", default=_DEFAULT_TIMEOUT),
)
"""What every action that pushes a mirror lets people say."""


def trouble_of(subject: Subject, address: str, service: str) -> Flow[Verdict | None]:
    """What GitLab says is wrong with the entry's mirror to `address`; None when the last push went well."""
    answer, row = yield from _find(subject, address)
    if row is None:
        if isinstance(answer, Response) and (answer.ok or answer.status == 404):
            return unhealthy(f"GitLab has no mirror to {service}: it was not applied, or somebody removed it", GONE)
        return unknown(f"{service} accepts the credential, but GitLab does not tell how its mirror is")
    if not row.get("enabled"):
        return degraded(f"the mirror to {service} is switched off in GitLab", SETTINGS)
    if row.get("update_status") not in (_FAILED, _AGAIN):
        return None
    reason, cause = _reason(row)
    if row["update_status"] == _AGAIN:
        return degraded(f"GitLab's last push to {service} failed and is tried again: {reason}", cause)
    return unhealthy(f"GitLab's last push to {service} failed: {reason}", cause)


def sync(subject: Subject, address: str, service: str, parameters: Mapping[str, Value]) -> Flow[Mapping[str, Plain]]:
    """Push now, and wait for the end. Repeating a push is harmless: GitLab merges what waits."""
    doing = f"push to {service}"
    answer, before = yield from _find(subject, address)
    taken("GitLab", doing, answer, writes=False, why=_WHY)
    if before is None:
        raise ReconcilerError(f"could not {doing}: GitLab has no mirror to it", hint="apply the entry first")
    at = f"{_mirrors(subject)}/{before.get('id')}"
    taken("GitLab", doing, (yield from ask(Request("POST", f"{at}/sync", writes=True))), why=_WHY)
    if parameters.get("wait", "finished") != "finished":
        return {"status": "queued", "mirror": before.get("id")}
    row = yield from _wait(at, before, float(parameters.get("timeout") or _DEFAULT_TIMEOUT), service)
    result = {"mirror": before.get("id"), "at": str(row.get("last_successful_update_at") or "")}
    state = str(row.get("update_status"))
    if state in (_FAILED, _AGAIN):
        return {**result, "status": "failed", "detail": _reason(row)[0]}
    return {**result, "status": "success"} if state == _DONE else {**result, "status": "running", "success": False}


# ---------------------------------------------------------------------------------------------------------------------


def _mirrors(subject: Subject) -> str:
    return f"/api/v4/projects/{quote(subject.scope.path, safe='')}/remote_mirrors"


def _find(subject: Subject, address: str) -> Flow[tuple[Answer, Mapping[str, Any] | None]]:
    """The entry's mirror by its recorded id, else by its address; and what GitLab answered."""
    number = recorded_id(subject, PART)
    if number is not None:
        answer = yield from ask(look("GET", f"{_mirrors(subject)}/{number}"))
        if not (isinstance(answer, Response) and answer.status == 404):
            row = shown(answer)
            return answer, row if "id" in row else None
    answer = yield from ask(look("GET", _mirrors(subject), query={"per_page": 100}))
    fitting = (row for row in listed(answer) if _bare(str(row.get("url") or "")) == _bare(address))
    return answer, next(fitting, None)


def _bare(url: str) -> str:
    """An address as it is compared: without credentials, and without a slash at its end."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    return f"{parts.netloc.rpartition('@')[2].lower()}{parts.path.rstrip('/')}"


def _wait(at: str, before: Mapping[str, Any], timeout: float, service: str) -> Flow[Mapping[str, Any]]:
    """Look until the push has ended: GitLab may show the end of the one before for a while."""
    waited, pause, row = 0.0, _PAUSE_SECONDS, before
    while waited < timeout:
        yield Pause(min(pause, timeout - waited), f"GitLab pushes to {service}")
        waited, pause = waited + pause, min(pause * 1.5, _LONGEST_PAUSE)
        answer = yield from ask(look("GET", at))
        row = shown(answer) or row
        moved = any(row.get(name) != before.get(name) for name in _MOMENTS)
        state = row.get("update_status")
        if (state == _DONE and moved) or (state in (_FAILED, _AGAIN) and (moved or waited >= _PATIENCE)):
            return row
    return {**row, "update_status": "started"}


def _reason(row: Mapping[str, Any]) -> tuple[str, str]:
    said = str(row.get("last_error") or "").lower()
    for words, reason, cause in _WORDS:
        if any(word in said for word in words):
            return reason, cause
    return "the project's page of mirrors in GitLab shows why", FAILING
