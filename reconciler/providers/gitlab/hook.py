"""Webhooks of projects and groups, and system hooks.

GitLab forgets every custom header when the URL changes, those in the same request included, so headers follow in a
second write; what a PUT does not name it keeps, so dropped headers and URL variables are deleted one by one. Source:
https://docs.gitlab.com/api/project_webhooks/
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from reconciler.core.address import ScopeType
from reconciler.core.flow import Response
from reconciler.core.live import Written
from reconciler.core.resource import Primitive
from reconciler.providers.gitlab.primitive import MISSING, Declaration, Work
from reconciler.providers.gitlab.talk import Calls
from reconciler.providers.gitlab.translate import Raw, to_wire

HEADERS, VARIABLES, SIGNING = "custom_headers", "url_variables", "signing_token"
MAPS = (HEADERS, VARIABLES)


def create(work: Work) -> Calls[Written]:
    """Make a webhook."""
    body = {name: value for name, value in work.body().items() if name not in MAPS or value}
    response = yield work.on_collection("POST", body)
    return _checked(work, "POST", work.collection, body, response)


def update(work: Work) -> Calls[Written]:
    """Change a webhook: URL and token first, headers after, dropped headers and URL variables last."""
    moves = "url" in work.changed
    body = work.body(without=frozenset({HEADERS} if moves else ()))
    body = {name: value for name, value in body.items() if name not in MAPS or value}
    if body:
        response = yield work.on_member("PUT", body)
    else:
        response = yield work.look()
    headers = to_wire(work.shape, [HEADERS], work.values).get(HEADERS) if moves else None
    if headers:
        response = yield work.on_member("PUT", {HEADERS: headers})
    written = _checked(work, "PUT", work.member, body, response)
    dropped = list(_dropped(work, response.data()))
    for name, key in dropped:
        yield work.on_member("DELETE", below=f"/{name}/{quote(key, safe='')}", accept=MISSING)
    if dropped:
        written = work.written((yield work.look()))
    return written


def _dropped(work: Work, raw: object) -> list[tuple[str, str]]:
    """Headers and URL variables that GitLab still has and that are no longer stated."""
    if not isinstance(raw, Mapping):
        return []
    found = []
    for name in MAPS:
        stated = work.values.get(name)
        keys = set(stated) if isinstance(stated, Mapping) else set()
        if name in work.step.send:
            found += [(name, str(entry["key"])) for entry in raw.get(name) or () if entry["key"] not in keys]
    return found


def _checked(work: Work, method: str, path: str, body: Mapping[str, object], response: Response) -> Written:
    raw = response.data()
    if body.get(SIGNING) is not None and isinstance(raw, Mapping) and not raw.get(f"{SIGNING}_present"):
        hint = "signing tokens need GitLab 19.0; drop `signing_token`"
        raise work.refuse(method, path, "this GitLab ignored the signing token", hint=hint)
    return work.written(response)


def _identity(raw: Raw) -> Mapping[str, str]:
    named = {"name": str(raw["name"])} if raw.get("name") else {}
    return {**named, "url": str(raw.get("url"))}


DECLARATION = Declaration(
    Primitive.HOOK,
    {
        ScopeType.PROJECT: "/projects/{scope}/hooks",
        ScopeType.GROUP: "/groups/{scope}/hooks",
        ScopeType.INSTANCE: "/hooks",
    },
    {ScopeType.PROJECT: "hook", ScopeType.GROUP: "group_hook", ScopeType.INSTANCE: "system_hook"},
    identity=_identity,
    status=("alert_status", "disabled_until", "created_at", "token_present", "signing_token_present"),
    denied={(ScopeType.GROUP, 404): "webhooks of groups need a paid GitLab"},
    create=create,
    update=update,
)
