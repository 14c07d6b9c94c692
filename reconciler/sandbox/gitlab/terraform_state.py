"""GitLab-managed Terraform states: versions by serial, and a lock.

Pure. Sources: GitLab's documentation of Terraform state, a running GitLab 18.9,
`tests/recordings/terraform-state.json`. A wrong or missing lock ID is a 500; a serial that is taken is a 422; a lower,
free one is stored and never shown.
"""

from __future__ import annotations

import base64
import json
import re

from ..message import Response
from ..world import Row
from .access import DEVELOPER, MAINTAINER
from .errors import error, message, no_record, not_found, server_error
from .kernel import Call, Route, no_content, owner_of, project_role, signed_in
from .params import integer, optional, required

ID_LIMIT = "ID ID must be less than 255 characters"
LOCK_FIELDS = ("ID", "Operation", "Info", "Who", "Version", "Created", "Path")
SERIALS = range(-(2**31), 2**31)


def _owner(call: Call) -> str:
    return owner_of(call.project, "project")


def _state(call: Call) -> Row | None:
    rows = call.world.table("terraform_states").by("owner", _owner(call))
    return next((row for row in rows if row["name"] == call.path["name"]), None)


def _known(call: Call) -> Row:
    state = _state(call)
    if state is None:
        raise no_record()
    return state


def _created(call: Call) -> Row:
    return _state(call) or call.world.table("terraform_states").add(
        {"owner": _owner(call), "name": call.path["name"], "lock": None, "versions": {}}
    )


def _check_id(call: Call) -> str | None:
    text = call.params.get("ID")
    if text is not None and len(text) > 255:
        raise error(400, ID_LIMIT)
    return text


def _check_lock(state: Row, lock_id: str | None) -> None:
    """Raises the 500 that GitLab gives for any other ID than the lock's."""
    held = state["lock"]["ID"] if state["lock"] else None
    if (held or None) != (lock_id or None):
        raise server_error()


def read(call: Call) -> Response:
    """The version with the highest serial."""
    versions = _known(call)["versions"]
    if not versions:
        return no_content()
    return Response(200, {}, base64.b64decode(versions[max(versions, key=int)]))


def write(call: Call) -> Response:
    """A new version."""
    lock_id = _check_id(call)
    data = call.request.body
    if not data:
        return no_content()
    serial = _serial(data)
    state = _created(call)
    _check_lock(state, lock_id)
    if serial not in SERIALS:
        raise server_error()
    if str(serial) in state["versions"]:
        raise message(
            422,
            "PG::UniqueViolation: ERROR:  duplicate key value violates unique constraint "
            '"index_terraform_state_versions_on_state_id_and_version"\n'
            f"DETAIL:  Key (terraform_state_id, version)=({state['id']}, {serial}) already exists.\n",
        )
    state["versions"][str(serial)] = base64.b64encode(data).decode()
    return Response.of_json(200, "")


def _serial(data: bytes) -> int:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        raise message(422, "invalid JSON") from None
    serial = value.get("serial") if isinstance(value, dict) else None
    if serial is None or serial == "":
        raise message(422, "No serial in payload")
    if isinstance(serial, int | float):
        return int(serial)
    found = re.match(r"\s*[+-]?\d+", str(serial))
    return int(found[0]) if found else 0


def remove(call: Call) -> Response:
    """Delete a state with all its versions."""
    state = _known(call)
    _check_lock(state, _check_id(call))
    call.world.table("terraform_states").remove(state)
    return Response.of_json(200, "")


def lock(call: Call) -> Response:
    """Take the lock; while it is held, answer who holds it."""
    _check_id(call)
    state = _created(call)
    status = 409 if state["lock"] else 200
    if not state["lock"]:
        state["lock"] = {"ID": call.params["ID"], "Who": call.me["username"], "Created": call.stamp}
    info = {name: call.params[name] for name in ("Operation", "Info", "Version", "Path")} | state["lock"]
    return Response(status, {}, json.dumps(info, separators=(",", ":")).encode())


def unlock(call: Call) -> Response:
    """Give the lock back; without an ID by force."""
    lock_id = _check_id(call)
    state = _known(call)
    held = state["lock"]["ID"] if state["lock"] else None
    if lock_id is not None and lock_id != held:
        return Response.of_json(409, 409)
    state["lock"] = None
    return Response.of_json(200, 200)


def _version(call: Call) -> tuple[Row, str]:
    state, serial = _known(call), str(call.params["serial"])
    if serial not in state["versions"]:
        raise not_found()
    return state, serial


def read_version(call: Call) -> Response:
    """The version of one serial."""
    state, serial = _version(call)
    return Response(200, {}, base64.b64decode(state["versions"][serial]))


def remove_version(call: Call) -> Response:
    """Delete the version of one serial."""
    state, serial = _version(call)
    del state["versions"][serial]
    return no_content()


BASE = "/projects/:id/terraform/state/:name"
READER = (signed_in, project_role(DEVELOPER))
READ, WRITE = (READER,), (READER, (project_role(MAINTAINER),))
ID, SERIAL = (optional("ID"),), (required("serial", integer),)

ROUTES = (
    Route("GET", BASE, read, ID, *READ, basic=True, jobs=True),
    Route("POST", BASE, write, ID, *WRITE, raw=True, basic=True, jobs=True),
    Route("DELETE", BASE, remove, ID, *WRITE, basic=True, jobs=True),
    Route("POST", f"{BASE}/lock", lock, tuple(map(required, LOCK_FIELDS)), *WRITE, basic=True, jobs=True),
    Route("DELETE", f"{BASE}/lock", unlock, ID, *WRITE, basic=True, jobs=True),
    Route("GET", f"{BASE}/versions/:serial", read_version, SERIAL, *READ, basic=True, jobs=True),
    Route("DELETE", f"{BASE}/versions/:serial", remove_version, SERIAL, *WRITE, basic=True, jobs=True),
)
