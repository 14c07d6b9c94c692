"""Members of groups and projects.

Pure. Inherited members are shown by `/members/all` only, as in GitLab.
"""

from __future__ import annotations

from ..message import Response
from ..world import Row
from .access import (
    DEVELOPER,
    GUEST,
    MAINTAINER,
    OWNER,
    PLANNER,
    REPORTER,
    find_user,
    level_in_group,
    level_in_project,
)
from .errors import error, forbidden, invalid, message, no_record, not_found
from .estate_views import member_view
from .kernel import Call, Check, Route, created, no_content, ok, readable_group, readable_project, signed_in
from .paging import PAGING, paginate
from .params import integer, optional, required, strings

MISSING_BOTH = "missing, at least one parameter must be provided"
LEVELS = (GUEST, PLANNER, REPORTER, DEVELOPER, MAINTAINER, OWNER)


def _source(call: Call) -> Row:
    return call.project if call.request.path.split("/")[3] == "projects" else call.group


def _check_rights(call: Call) -> None:
    if "projects" in call.request.path.split("/")[3]:
        enough = level_in_project(call.world, call.me, call.project) >= MAINTAINER
    else:
        enough = level_in_group(call.world, call.me, call.group) >= OWNER
    if not enough:
        raise forbidden()


def _page(call: Call, levels: dict[int, int]) -> Response:
    text = (call.params.get("query") or "").lower()
    rows: list[Row] = [{"id": user_id, "level": level} for user_id, level in sorted(levels.items())]
    if text:
        names = {user["id"]: f"{user['username']} {user['name']}".lower() for user in call.world.users}
        rows = [row for row in rows if text in names.get(row["id"], "")]
    return paginate(call, rows, lambda r: member_view(call.world, call.request.base, r["id"], r["level"]))


def listing(call: Call) -> Response:
    """The direct members."""
    return _page(call, {int(key): level for key, level in _source(call)["members"].items()})


def listing_all(call: Call) -> Response:
    """Direct and inherited members, each with the highest level."""
    return _page(call, _all_levels(call))


def read(call: Call) -> Response:
    """One direct member."""
    level = _source(call)["members"].get(str(call.params["user_id"]))
    if level is None:
        raise no_record()
    return ok(member_view(call.world, call.request.base, call.params["user_id"], level))


def read_any(call: Call) -> Response:
    """One member, direct or inherited."""
    level = _all_levels(call).get(call.params["user_id"])
    if level is None:
        raise no_record()
    return ok(member_view(call.world, call.request.base, call.params["user_id"], level))


def add(call: Call) -> Response:
    """A new member, by id or name. That there is somebody, and nobody yet, is looked at before rights."""
    named = [str(call.params[name]) for name in ("user_id", "username") if call.params.get(name) is not None]
    if len(named) != 1:
        raise error(400, f"user_id, username are {MISSING_BOTH if not named else 'mutually exclusive'}")
    user = find_user(call.world, named[0])
    if user is None:
        raise not_found("User")
    members = _source(call)["members"]
    if str(user["id"]) in members:
        raise message(409, "Member already exists")
    members[str(user["id"])] = _allowed_level(call)
    return created(member_view(call.world, call.request.base, user["id"], call.params["access_level"]))


def change(call: Call) -> Response:
    """Another level."""
    members, key = _found(call)
    members[key] = _allowed_level(call)
    return ok(member_view(call.world, call.request.base, call.params["user_id"], members[key]))


def remove(call: Call) -> Response:
    """A direct member goes."""
    members, key = _found(call)
    if call.params["user_id"] != call.me["id"]:
        _check_rights(call)
    del members[key]
    return no_content()


def _found(call: Call) -> tuple[dict[str, int], str]:
    """The direct members, and the key of the one that a path names. Raises 404."""
    members, key = _source(call)["members"], str(call.params["user_id"])
    if key not in members:
        raise no_record()
    return members, key


def _allowed_level(call: Call) -> int:
    """The level that was asked for. Raises 403, and 400 for one that does not exist."""
    _check_rights(call)
    level = call.params["access_level"]
    if level not in LEVELS:
        raise invalid({"access_level": ["is not included in the list"]})
    return int(level)


def _all_levels(call: Call) -> dict[int, int]:
    source = _source(call)
    groups = call.world.ancestors(source["namespace_id"] if "namespace_id" in source else source["id"])
    levels: dict[int, int] = {}
    for row in (source, *groups):
        for key, level in row["members"].items():
            levels[int(key)] = max(level, levels.get(int(key), 0))
    return levels


def _routes(section: str, readable: Check) -> tuple[Route, ...]:
    top = f"/{section}/:id/members"
    one = (required("user_id", integer),)
    level = (required("access_level", integer),)
    filters = (optional("query"), optional("user_ids", strings), *PAGING)
    members = (signed_in,), (readable,)
    return (
        Route("GET", top, listing, filters, *members),
        Route("GET", f"{top}/all", listing_all, filters, *members),
        Route("GET", f"{top}/:user_id", read, one, *members),
        Route("GET", f"{top}/all/:user_id", read_any, one, *members),
        Route("POST", top, add, (*level, optional("user_id", integer), optional("username")), *members),
        Route("PUT", f"{top}/:user_id", change, (*one, *level), *members),
        Route("DELETE", f"{top}/:user_id", remove, one, *members),
    )


ROUTES = (*_routes("projects", readable_project), *_routes("groups", readable_group))
