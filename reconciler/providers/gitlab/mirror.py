"""Push mirrors of projects.

Address, user and password are one URL at GitLab, which shows it masked and cannot change it: a new one is a new mirror.
Without the right role GitLab answers 401 here. Source: https://docs.gitlab.com/api/remote_mirrors/
"""

from __future__ import annotations

import re
from urllib.parse import quote

from reconciler.core.address import ScopeType
from reconciler.core.flow import Request
from reconciler.core.live import Written
from reconciler.core.resource import Primitive
from reconciler.core.value import Secret, Value
from reconciler.providers.gitlab.primitive import Declaration, Work
from reconciler.providers.gitlab.talk import Calls
from reconciler.providers.gitlab.translate import Raw

ADDRESS = frozenset({"url", "username", "password"})


def create(work: Work) -> Calls[Written]:
    """Make a mirror; its credentials go inside the URL."""
    body = {name: value for name, value in work.body(without=ADDRESS).items() if value is not None}
    response = yield work.on_collection("POST", {**body, "url": _address(work)})
    return work.written(response)


def update(work: Work) -> Calls[Written]:
    """Change everything but the address."""
    response = yield work.on_member("PUT", work.body(without=ADDRESS))
    return work.written(response)


def sync(scope_id: int, mirror_id: int) -> Calls[None]:
    """Have a mirror pushed now."""
    path = DECLARATION.collection_of(ScopeType.PROJECT, scope_id)
    yield Request("POST", f"{path}/{mirror_id}/sync", writes=True)


def _address(work: Work) -> Value:
    url, username, password = (work.values.get(name) for name in ("url", "username", "password"))
    scheme, _, rest = str(url).partition("://")
    if not isinstance(password, Secret):
        return f"{scheme}://{quote(str(username), safe='')}@{rest}" if username else url
    user = quote(str(username or ""), safe="")
    text = f"{scheme}://{user}:{quote(password.reveal(), safe='')}@{rest}"
    return Secret(text, f"{scheme}://{user}:{password.reference or '…'}@{rest}")


def _shown(raw: Raw) -> Raw:
    return {**raw, "url": _plain_url(raw)}


def _plain_url(raw: Raw) -> str:
    return re.sub(r"://[^/@]*@", "://", str(raw.get("url") or ""), count=1)


DECLARATION = Declaration(
    Primitive.MIRROR,
    {ScopeType.PROJECT: "/projects/{scope}/remote_mirrors"},
    {ScopeType.PROJECT: "mirror"},
    identity=lambda raw: {"url": _plain_url(raw)},
    status=("update_status", "last_error", "last_update_at", "last_successful_update_at"),
    shown=_shown,
    denied={(ScopeType.PROJECT, 401): "mirrors need Maintainer"},
    create=create,
    update=update,
)
