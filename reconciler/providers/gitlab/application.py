"""OAuth applications of the instance: made, deleted, given a new secret; GitLab cannot change them in place.

The client secret appears in the answer of a create and of a renewal and nowhere else. Source:
https://docs.gitlab.com/api/applications/
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from reconciler.core.address import ScopeType
from reconciler.core.flow import Response
from reconciler.core.live import Written
from reconciler.core.resource import Primitive
from reconciler.core.value import Secret
from reconciler.providers.gitlab.primitive import Declaration, Work
from reconciler.providers.gitlab.talk import Calls
from reconciler.providers.gitlab.translate import Raw

CLIENT_ID, CLIENT_SECRET = "client_id", "client_secret"


def create(work: Work) -> Calls[Written]:
    """Make an application; the answer holds its credentials."""
    response = yield work.on_collection("POST", work.body())
    return _with_credentials(work, response)


def renew(work: Work) -> Calls[Written]:
    """Give an application a new secret: the only change that GitLab knows."""
    response = yield work.on_member("POST", below="/renew-secret")
    return _with_credentials(work, response)


def _with_credentials(work: Work, response: Response) -> Written:
    written, raw = work.written(response), response.data()
    if not isinstance(raw, Mapping) or not raw.get("secret"):
        raise work.unclear("the answer holds no client secret")
    generated = {
        CLIENT_ID: Secret(str(raw["application_id"]), f"the client id of {work.step.address}"),
        CLIENT_SECRET: Secret(str(raw["secret"]), f"the client secret of {work.step.address}"),
    }
    return replace(written, fields={**written.fields, CLIENT_ID: str(raw["application_id"])}, generated=generated)


def _shown(raw: Raw) -> Raw:
    return {**raw, "name": raw.get("application_name"), "redirect_uri": raw.get("callback_url")}


DECLARATION = Declaration(
    Primitive.APPLICATION,
    {ScopeType.INSTANCE: "/applications"},
    {ScopeType.INSTANCE: "application"},
    identity=lambda raw: {"name": str(raw.get("application_name")), "redirect_uri": str(raw.get("callback_url"))},
    shown=_shown,
    status=("application_id",),
    paged=False,
    in_list_only=True,
    create=create,
    update=renew,
)
