"""Integrations of projects and groups: list, read, set, switch off.

Pure. Sources: GitLab's documentation of integrations, a running GitLab 18.9,
`tests/recordings/{integrations,group-integrations,walks}`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from ..message import Response
from ..world import Row
from . import inheritance, integration_hook, integrations_owned
from .access import MAINTAINER, OWNER
from .errors import message, not_found, server_error
from .inheritance import integration_of
from .integration_kind import Kind
from .integration_record import Draft, assign, finish, fresh, load, prepare
from .integration_rules import as_ruby, refusals
from .integration_table import KINDS
from .kernel import Call, Check, Handler, Job, Route, group_role, no_content, ok, owner_of, project_role, signed_in
from .params import required

UNAVAILABLE = "400 Integration not available"
UNIFORM = (17, 9)
"""Since then unset fields are shown, and deleting what was never configured is an error."""

JOBS: Mapping[str, Job] = MappingProxyType({**inheritance.JOBS, **integrations_owned.JOBS})


def _owner(call: Call, scope: str) -> str:
    return owner_of(call.project if scope == "project" else call.group, scope)


def _is_available(call: Call, scope: str, kind: Kind) -> bool:
    if kind.nowhere or (kind.licensed and not call.world.settings.get("licensed", True)):
        return False
    return not (kind.groups_only and scope == "project") and not (kind.project_only and scope == "group")


def basic_view(row: Row, draft: Draft) -> Row:
    """An integration as lists show it."""
    return {
        "id": row["id"],
        "title": draft.kind.title,
        "slug": row["slug"],
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
        "active": draft.active,
        **draft.flags,
        "inherited": row["inherit_from_id"] is not None,
    }


def full_view(call: Call, row: Row, draft: Draft) -> Row:
    """An integration with its settings, those that GitLab shows; old versions show only what was ever set."""
    shown = [f for f in draft.kind.fields if f.shown and not f.top_level and (draft.group_level or not f.group_only)]
    if call.world.version < UNIFORM:
        shown = [f for f in shown if f.name in draft.values]
    return {**basic_view(row, draft), "properties": {f.name: draft.get(f.name) for f in shown}}


def list_active(scope: str) -> Handler:
    """All that are switched on, in one answer."""

    def handler(call: Call) -> Response:
        rows = call.world.table("integrations").by("owner", _owner(call, scope))
        return ok([basic_view(row, load(row)) for row in rows if row["active"]])

    return handler


def _asked_for(call: Call, scope: str) -> Row:
    """The record of the path's slug. Raises 400 and 404."""
    kind = KINDS[call.params["slug"]]
    row = integration_of(call.world, _owner(call, scope), kind.slug)
    if row is None or not _is_available(call, scope, kind):
        raise not_found("Integration")
    return row


def read(scope: str) -> Handler:
    """One, also when switched off."""

    def handler(call: Call) -> Response:
        row = _asked_for(call, scope)
        return ok(full_view(call, row, load(row)))

    return handler


def switch_off(scope: str) -> Handler:
    """Switch off and reset the settings; the record, its flags and its inheritance stay."""

    def handler(call: Call) -> Response:
        old = call.world.version < UNIFORM
        if old and integration_of(call.world, _owner(call, scope), call.params["slug"]) is None:
            return no_content()
        row = _asked_for(call, scope)
        call.precondition(row["updated_at"])
        kind = KINDS[row["slug"]]
        if kind.columns is None or row["active"]:
            row["updated_at"] = call.stamp
        row["values"] = {**load(row).values, **kind.reset()}
        row["active"] = False
        return no_content()

    return handler


def put(scope: str, kind: Kind) -> Handler:
    """Configure one, new or not."""

    def handler(call: Call) -> Response:
        if not _is_available(call, scope, kind):
            raise message(400, UNAVAILABLE)
        owner = _owner(call, scope)
        row = integration_of(call.world, owner, kind.slug)
        draft = load(row) if row is not None else fresh(kind, group_level=scope == "group")
        params = dict(call.params)
        inherits = params.pop("use_inherited_settings", None)
        if "use_inherited_settings" not in call.params:
            inherits = row is not None and row["inherit_from_id"] is not None
        row = row if row is not None else inheritance.blank_row(owner, kind.slug, call.now)
        return _inherit(call, row, draft) if inherits else _configure(call, row, draft, params)

    return handler


def _configure(call: Call, row: Row, draft: Draft, params: Mapping[str, Any]) -> Response:
    assign(draft, params)
    _check(call, row, draft)
    moved = row["inherit_from_id"] is not None or row["flags"] != draft.flags or row["active"] != draft.active
    row["inherit_from_id"] = None
    _store(call, row, draft, moved=moved)
    return ok(full_view(call, row, draft))


def _inherit(call: Call, row: Row, draft: Draft) -> Response:
    """Follow the settings above; what is answered are still the old ones."""
    default = inheritance.default_of(call.world, row["owner"], draft.kind.slug)
    if default is None:
        raise message(400, "Default integration not found.")
    _check(call, row, draft)
    moved = row["inherit_from_id"] != default["id"]
    row["inherit_from_id"] = default["id"]
    _store(call, row, draft, moved=moved)
    answer = full_view(call, row, draft)
    if row["project_id"] is not None:
        inheritance.copy_settings(default, row, call.now)
    return ok(answer)


def _check(call: Call, row: Row, draft: Draft) -> None:
    """Raises 400 with everything that the model refuses, and 500 where GitLab fails to store."""
    prepare(draft)
    errors = refusals(call.world, draft, other_tracker=_has_other_tracker(call, row))
    if errors:
        raise message(400, f"Failed to update integration. {as_ruby(errors)}")
    finish(draft)
    if not integration_hook.can_be_stored(call.world, draft):
        raise server_error()


def _has_other_tracker(call: Call, row: Row) -> bool:
    others = call.world.table("integrations").by("owner", row["owner"]) if row["project_id"] is not None else []
    return any(o["active"] and o["slug"] != row["slug"] and KINDS[o["slug"]].tracker for o in others)


def _store(call: Call, row: Row, draft: Draft, *, moved: bool) -> None:
    if "id" not in row:
        call.world.table("integrations").add(row)
    elif moved or draft.kind.columns is None:
        row["updated_at"] = call.stamp
    row["values"], row["flags"], row["active"] = draft.values, draft.flags, draft.active
    if row["group_id"] is not None:
        call.world.schedule(inheritance.PROPAGATE, call.now, integration=row["id"])


def _not_project_only(call: Call) -> None:
    kind = KINDS.get(call.path["slug"])
    if kind is not None and kind.project_only:
        raise message(400, UNAVAILABLE)


def _routes(scope: str, role: Callable[[int], Check], level: int) -> tuple[Route, ...]:
    base = f"/{scope}s/:id/integrations"
    before: tuple[Check, ...] = (signed_in, role(level))
    single = before if scope == "project" else (*before, _not_project_only)
    slug = (required("slug", choices=tuple(KINDS)),)
    return (
        Route("GET", base, list_active(scope), before=before),
        Route("GET", f"{base}/:slug", read(scope), slug, before=single),
        Route("DELETE", f"{base}/:slug", switch_off(scope), slug, before=single),
        *(Route("PUT", f"{base}/{kind.slug}", put(scope, kind), kind.params, before=before) for kind in KINDS.values()),
    )


ROUTES = (*_routes("project", project_role, MAINTAINER), *_routes("group", group_role, OWNER))
