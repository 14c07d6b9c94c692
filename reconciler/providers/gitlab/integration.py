"""Integrations: one record a slug and scope, written by PUT, switched off by DELETE.

GitLab wants every required field in every PUT, treats an inheriting record's PUT without `use_inherited_settings` as a
no-op, and undoes the deletion of an inheriting record at the group's next change. Source:
https://docs.gitlab.com/api/project_integrations/, and a running GitLab 18.9.
"""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.core.address import ScopeType
from reconciler.core.live import Written
from reconciler.core.resource import INHERIT, Field, FieldType, Primitive
from reconciler.core.value import Value
from reconciler.providers.gitlab.primitive import MISSING, Declaration, Work, is_missing, refusal_of
from reconciler.providers.gitlab.primitive import delete as plain_delete
from reconciler.providers.gitlab.talk import Calls
from reconciler.providers.gitlab.translate import Raw, to_wire

STAND_IN = "set_by_the_group"
STAND_IN_URL = "https://example.com"
STAND_IN_WEBHOOK = "https://discord.com/api/webhooks/0/none"
"""Values for required fields where GitLab wants them and ignores them. Datadog takes word characters only, Discord its
own host only; every other kind of chat takes any public address."""


def write(work: Work) -> Calls[Written]:
    """Create or change an integration, or make it use its group's settings."""
    if work.values.get(INHERIT.name):
        return (yield from _inherit(work))
    required = [f.name for f in work.shape.fields if f.required and work.values.get(f.name) is not None]
    body = to_wire(work.shape, {*work.sent, *required}, work.values)
    response = yield work.on_member("PUT", {**body, INHERIT.at_gitlab: False})
    raw = response.data()
    if isinstance(raw, Mapping) and raw.get("inherited"):
        raise work.refuse("PUT", work.member, "GitLab kept the inherited settings and ignored the ones that were sent")
    if isinstance(raw, Mapping) and raw.get("active") is False:
        raise work.refuse("PUT", work.member, "GitLab stored the settings but left the integration switched off")
    return work.written(response)


def remove(work: Work) -> Calls[Written]:
    """Switch an integration off. An inheriting one is made its own before, without any event that it would send."""
    if work.step.inherited:
        response = yield work.look(accept=MISSING)
        if response.status == 404:
            if not is_missing(response):
                raise refusal_of("GET", work.member, response)
            return Written(None, scope_id=work.step.scope_id)
        raw = response.data()
        if isinstance(raw, Mapping) and raw.get("active") and raw.get("inherited"):
            silent = dict.fromkeys(work.shape.events.values(), False)
            body = {**_stand_ins(work, raw), **silent, INHERIT.at_gitlab: False}
            yield work.on_member("PUT", body)
    return (yield from plain_delete(work))


def _inherit(work: Work) -> Calls[Written]:
    yield work.on_member("PUT", {**_stand_ins(work, {}), INHERIT.at_gitlab: True})
    # The answer of that PUT shows what was sent, not what is stored.
    response = yield work.look()
    raw = response.data()
    if not isinstance(raw, Mapping) or not raw.get("inherited"):
        hint = "does the group above have this integration, and is this GitLab 17.3 or newer?"
        raise work.refuse("PUT", work.member, "GitLab did not make it use the group's settings", hint=hint)
    return work.written(response)


def _stand_ins(work: Work, raw: Raw) -> dict[str, Value]:
    """A value for every field that GitLab requires: ours, else what it shows, else one that passes its validation."""
    shown = raw.get("properties") or {}
    values: dict[str, Value] = {}
    for field in work.shape.fields:
        given = work.values.get(field.name)
        if field.required and not field.ours:
            values[field.at_gitlab] = given or shown.get(field.at_gitlab) or _stand_in(field)
    # Not declared as required, and wanted by the model all the same (jira).
    if shown.get("username"):
        values.setdefault("username", shown["username"])
    return values


def _stand_in(field: Field) -> Value:
    if field.choices:
        return field.choices[0]
    if field.type is FieldType.BOOLEAN:
        return False
    if field.type is FieldType.INTEGER:
        return 1
    if field.example and isinstance(field.example, str):
        return field.example
    if field.at_gitlab == "webhook":
        return STAND_IN_WEBHOOK
    return STAND_IN_URL if "url" in field.at_gitlab else STAND_IN


DECLARATION = Declaration(
    Primitive.INTEGRATION,
    {
        ScopeType.PROJECT: "/projects/{scope}/integrations",
        ScopeType.GROUP: "/groups/{scope}/integrations",
    },
    shape_of=lambda raw: str(raw.get("slug")),
    identity=lambda raw: {"slug": str(raw["slug"])},
    key=lambda id, identity: identity["slug"],
    paged=False,
    gone=lambda raw: not raw.get("active"),
    create=write,
    update=write,
    replace=write,
    delete=remove,
)
