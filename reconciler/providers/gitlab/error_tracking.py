"""The error-tracking switch of a project: one setting, made by PUT, changed by PATCH.

A refused change is an HTTP 200 that says `"status": "error"`; a project that never had it answers 404. Sentry's address
and token cannot be set by API. Source: https://docs.gitlab.com/api/error_tracking/
"""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.core.address import ScopeType
from reconciler.core.flow import Response
from reconciler.core.live import Written
from reconciler.core.resource import Primitive
from reconciler.providers.decide import explain
from reconciler.providers.gitlab.primitive import MISSING, Declaration, Work, is_missing, refusal_of
from reconciler.providers.gitlab.talk import Calls
from reconciler.providers.gitlab.translate import Raw

HINT = "set up Sentry under Settings, Monitor once by hand, or have GitLab's own error tracking switched on"


def create(work: Work) -> Calls[Written]:
    """Make the setting; GitLab allows it where its own error tracking is switched on."""
    body = {"active": True, "integrated": False, **work.body()}
    response = yield work.on_member("PUT", body, accept=MISSING)
    if response.status == 404 and is_missing(response):
        raise work.refuse("PUT", work.member, "GitLab has no error tracking for this project", hint=HINT)
    return _accepted(work, "PUT", response)


def update(work: Work) -> Calls[Written]:
    """Switch it, and who collects errors."""
    response = yield work.on_member("PATCH", {"active": work.values.get("active", True), **work.body()})
    return _accepted(work, "PATCH", response)


def remove(work: Work) -> Calls[Written]:
    """Switch it off; GitLab knows no deletion."""
    response = yield work.on_member("PATCH", {"active": False}, accept=MISSING)
    if response.status != 404:
        _accepted(work, "PATCH", response)
    elif not is_missing(response):
        raise refusal_of("PATCH", work.member, response)
    return Written(None, scope_id=work.step.scope_id)


def _accepted(work: Work, method: str, response: Response) -> Written:
    raw = response.data()
    if not response.ok:
        raise refusal_of(method, work.member, response)
    if isinstance(raw, Mapping) and raw.get("status") == "error":
        raise work.refuse(method, work.member, f"GitLab refused the change: {explain(response)}", hint=HINT)
    return work.written(response)


def _listed(response: Response, path: str) -> list[Raw]:
    raw = response.data()
    return [raw] if isinstance(raw, Mapping) else []


DECLARATION = Declaration(
    Primitive.ERROR_TRACKING,
    {ScopeType.PROJECT: "/projects/{scope}/error_tracking/settings"},
    {ScopeType.PROJECT: "error_tracking"},
    id=lambda raw: "settings",
    key=lambda id, identity: "",
    status=("project_name", "sentry_external_url"),
    paged=False,
    listed=_listed,
    is_empty=lambda response: response.status == 404 and is_missing(response),
    create=create,
    update=update,
    delete=remove,
)
