"""Error tracking of projects: its switches, and the keys of the integrated form.

Pure. Sources: GitLab's documentation of error tracking, a running GitLab 18.9, `tests/recordings/error-tracking*.json`.
A refused change is answered with 200 and a text. Sentry's address and token cannot be set by REST.
"""

from __future__ import annotations

from ..message import Response
from ..world import Row
from .access import MAINTAINER
from .errors import no_record, not_found
from .kernel import Call, Route, created, ok, owner_of, project_role, signed_in
from .paging import PAGING, paginate
from .params import boolean, integer, optional, required

FEATURE = "integrated_error_tracking"
REFUSED = {"message": "Sentry API URL is a required field and Auth Token is a required field", "status": "error"}


def _owner(call: Call) -> str:
    return owner_of(call.project, "project")


def _setting(call: Call) -> Row:
    rows = call.world.table("error_tracking").by("owner", _owner(call))
    if not rows:
        raise not_found("Error Tracking Setting")
    return rows[0]


def view(row: Row) -> Row:
    """The settings as they are shown."""
    return {name: row[name] for name in ("active", "project_name", "sentry_external_url", "api_url", "integrated")}


def read(call: Call) -> Response:
    """The settings, if they were ever made."""
    return ok(view(_setting(call)))


def patch(call: Call) -> Response:
    """Change what exists."""
    return _save(call, _setting(call), call.params.get("integrated"))


def put(call: Call) -> Response:
    """Set both switches, also for the first time; only where the integrated form is on."""
    if not call.world.features.get(FEATURE):
        raise not_found()
    table = call.world.table("error_tracking")
    rows = table.by("owner", _owner(call))
    row = rows[0] if rows else {"owner": _owner(call), "project_name": None, "sentry_external_url": None}
    return _save(call, {"api_url": None, "active": False, "integrated": False, **row}, call.params["integrated"])


def _save(call: Call, row: Row, integrated: bool | None) -> Response:
    changed = {**row, "active": bool(call.params["active"])}
    if integrated is not None:
        changed["integrated"] = integrated
    if changed["active"] and not changed["integrated"] and not changed["api_url"]:
        return ok(dict(REFUSED))
    table = call.world.table("error_tracking")
    stored = table.get(row.get("id"))
    if stored is None:
        stored = table.add(changed)
    stored.update(changed)
    if stored["active"] and stored["integrated"] and not _keys(call):
        _new_key(call)
    return ok(view(stored))


def _keys(call: Call) -> list[Row]:
    return call.world.table("error_tracking_keys").by("owner", _owner(call))


def _new_key(call: Call) -> Row:
    text = f"glet_{call.world.mint('error tracking key')[:32]}"
    return call.world.table("error_tracking_keys").add({"owner": _owner(call), "active": True, "public_key": text})


def key_view(call: Call, row: Row) -> Row:
    """A key with the address that clients report to."""
    scheme, _, host = call.request.base.partition("://")
    dsn = f"{scheme}://{row['public_key']}@{host}/errortracking/api/v1/projects/{call.project['id']}"
    return {"id": row["id"], "active": row["active"], "public_key": row["public_key"], "sentry_dsn": dsn}


def keys(call: Call) -> Response:
    """All keys, in pages."""
    return paginate(call, _keys(call), lambda row: key_view(call, row))


def create_key(call: Call) -> Response:
    """One more key."""
    return created(key_view(call, _new_key(call)))


def remove_key(call: Call) -> Response:
    """Delete a key, and answer with it."""
    table = call.world.table("error_tracking_keys")
    row = table.get(call.params["key_id"])
    if row is None or row["owner"] != _owner(call):
        raise no_record()
    table.remove(row)
    return ok(key_view(call, row))


SETTINGS, KEYS = "/projects/:id/error_tracking/settings", "/projects/:id/error_tracking/client_keys"
BEFORE = (signed_in, project_role(MAINTAINER))
ACTIVE = required("active", boolean, blank=False)

ROUTES = (
    Route("GET", SETTINGS, read, (), BEFORE),
    Route("PATCH", SETTINGS, patch, (ACTIVE, optional("integrated", boolean)), BEFORE),
    Route("PUT", SETTINGS, put, (ACTIVE, required("integrated", boolean)), BEFORE),
    Route("GET", KEYS, keys, PAGING, BEFORE),
    Route("POST", KEYS, create_key, (), BEFORE),
    Route("DELETE", f"{KEYS}/:key_id", remove_key, (required("key_id", integer),), BEFORE),
)
