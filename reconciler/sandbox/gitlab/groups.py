"""Groups: listing, reading, creating, changing, deleting, and the projects in them.

Pure. Sources: GitLab's documentation of the REST API and `tests/recordings/crosscutting.json`.
"""

from __future__ import annotations

import re

from ..message import Response
from ..rows import new_group
from ..world import Row, World
from .access import MAINTAINER, OWNER, can_read_group, can_read_project, find_group, level_in_group
from .errors import forbidden, message, not_found
from .estate_views import group_view, project_view
from .kernel import Call, Route, created, group_role, ok, readable_group, signed_in
from .paging import MOST, PAGING, paginate
from .params import boolean, integer, integers, optional, required, string
from .projects import PROJECT_FILTERS, list_projects

VISIBILITIES = ("private", "internal", "public")
PATH = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\-]*")

GROUP_FILTERS = (
    optional("search"),
    optional("min_access_level", integer, choices=(10, 15, 20, 30, 40, 50)),
    optional("owned", boolean, default=False),
    optional("all_available", boolean),
    optional("top_level_only", boolean),
    optional("skip_groups", integers),
    optional("visibility", choices=VISIBILITIES),
    optional("order_by", choices=("name", "path", "id", "similarity"), default="name"),
    optional("sort", choices=("asc", "desc"), default="asc"),
    optional("statistics", boolean, default=False),
    *PAGING,
)

GROUP_FIELDS = (
    optional("description"),
    optional("visibility", choices=VISIBILITIES),
)


def in_order(call: Call, rows: list[Row]) -> list[Row]:
    """Groups in the order that was asked for."""
    field = call.params["order_by"]
    down = call.params["sort"] == "desc"
    named = field if field in ("id", "path") else "name"
    return sorted(rows, key=lambda g: str(g[named]).lower() if named != "id" else g["id"], reverse=down)


def filtered(call: Call, rows: list[Row]) -> list[Row]:
    """The groups that the caller can see and asked for."""
    world, user, wanted = call.world, call.user, call.params
    out = [g for g in rows if can_read_group(world, user, g)]
    level = OWNER if wanted.get("owned") else wanted.get("min_access_level")
    if level:
        out = [g for g in out if level_in_group(world, user, g) >= level]
    if wanted.get("search"):
        text = wanted["search"].lower()
        out = [g for g in out if text in g["name"].lower() or text in world.full_path(g).lower()]
    if wanted.get("top_level_only"):
        out = [g for g in out if g["parent_id"] is None]
    if wanted.get("visibility"):
        out = [g for g in out if g["visibility"] == wanted["visibility"]]
    return [g for g in out if g["id"] not in (wanted.get("skip_groups") or ())]


def descendants(world: World, group: Row) -> list[Row]:
    """All groups below a group."""
    return [g for g in world.groups if g is not group and group in world.ancestors(g["id"])]


def listing(call: Call) -> Response:
    """All groups that the caller can see."""
    return _page(call, list(call.world.groups))


def below(call: Call) -> Response:
    """All groups below a group."""
    return _page(call, descendants(call.world, call.group))


def directly_below(call: Call) -> Response:
    """The subgroups of a group."""
    return _page(call, [g for g in call.world.groups if g["parent_id"] == call.group["id"]])


def read(call: Call) -> Response:
    """One group; with its projects unless `with_projects=false`."""
    view = group_view(call.world, call.request.base, call.group)
    if call.params["with_projects"]:
        own = call.world.projects.by("namespace_id", call.group["id"])
        seen = [p for p in own if can_read_project(call.world, call.user, p)][:MOST]
        shown = [project_view(call.world, call.request.base, project) for project in seen]
        view |= {"projects": shown, "shared_projects": []}
    return ok(view)


def create(call: Call) -> Response:
    """A new group, at the top or in another."""
    wanted = call.params
    parent = None
    if wanted.get("parent_id") is not None:
        parent = find_group(call.world, str(wanted["parent_id"]))
        if parent is None or not can_read_group(call.world, call.me, parent):
            raise not_found("Group")
        if level_in_group(call.world, call.me, parent) < MAINTAINER:
            raise forbidden()
    path, name = wanted["path"] or "", wanted["name"] or ""
    problems = [] if name.strip() else [':name=>["can\'t be blank"]']
    problems += [':path=>["can\'t be blank"]'] if not path else filter(None, (path_problems(call.world, parent, path),))
    if problems:
        raise message(400, f"Failed to save group {{{', '.join(problems)}}}")
    visibility = wanted.get("visibility") or (parent["visibility"] if parent else "private")
    group = new_group(path, name, parent["id"] if parent else None, call.now, visibility)
    group["description"] = wanted.get("description") or ""
    if parent is None or level_in_group(call.world, call.me, parent) < OWNER:
        group["members"][str(call.me["id"])] = OWNER
    call.world.groups.add(group)
    call.world.paths[call.world.full_path(group).lower()] = ("group", group["id"])
    call.world.schedule("group_created", call.now, delay=0, group_id=group["id"])
    return created(group_view(call.world, call.request.base, group))


def path_problems(world: World, parent: Row | None, path: str) -> str:
    """Why a path cannot be given in a group, in GitLab's form of a Ruby hash; empty if it can."""
    if not PATH.fullmatch(path) or path.endswith((".", ".git", ".atom")):
        return (
            ":path=>[\"can only include non-accented letters, digits, '_', '-' and '.'. It must not start with"
            " '-', '_', or '.', nor end with '-', '_', '.', '.git', or '.atom'.\"]"
        )
    full = f"{world.full_path(parent)}/{path}" if parent else path
    return ':path=>["has already been taken"]' if world.paths.get(full.lower(), ("",))[0] in TAKEN else ""


TAKEN = ("group", "project")


def change(call: Call) -> Response:
    """Another name, path, description or visibility."""
    world, group, wanted = call.world, call.group, call.params
    if wanted.get("path") and wanted["path"] != group["path"]:
        parent = world.groups.get(group["parent_id"])
        if path_problems(world, parent, wanted["path"]):
            raise message(400, {"path": ["has already been taken"]})
        group["path"] = wanted["path"]
        world.index_paths()
    group |= {k: wanted[k] for k in ("name", "description", "visibility") if wanted.get(k) is not None}
    return ok(group_view(world, call.request.base, group))


def remove(call: Call) -> Response:
    """A group with everything in it."""
    world = call.world
    doomed = [call.group, *descendants(world, call.group)]
    ids = {g["id"] for g in doomed}
    for project in [p for p in world.projects if p["namespace_id"] in ids]:
        world.projects.remove(project)
        world.schedule("project_deleted", call.now, delay=0, project_id=project["id"])
    for group in doomed:
        world.groups.remove(group)
        world.schedule("group_deleted", call.now, delay=0, group_id=group["id"])
    world.index_paths()
    return Response.of_json(202, {"message": "202 Accepted"})


def projects_of(call: Call) -> Response:
    """The projects of a group, with `include_subgroups` those of all groups below it."""
    ids = {call.group["id"]}
    if call.params["include_subgroups"]:
        ids |= {g["id"] for g in descendants(call.world, call.group)}
    rows = [p for group_id in sorted(ids) for p in call.world.projects.by("namespace_id", group_id)]
    return list_projects(call, rows)


def _page(call: Call, rows: list[Row]) -> Response:
    found = in_order(call, filtered(call, rows))
    return paginate(call, found, lambda g: group_view(call.world, call.request.base, g))


READ, WRITE = ((), (readable_group,)), ((signed_in,), (group_role(OWNER),))

ROUTES = (
    Route("GET", "/groups", listing, GROUP_FILTERS),
    Route(
        "POST",
        "/groups",
        create,
        (required("name"), required("path"), optional("parent_id", integer), *GROUP_FIELDS),
        (signed_in,),
    ),
    Route("GET", "/groups/:id", read, (optional("with_projects", boolean, default=True),), *READ),
    Route(
        "PUT",
        "/groups/:id",
        change,
        (optional("name"), optional("path"), *GROUP_FIELDS),
        *WRITE,
    ),
    Route("DELETE", "/groups/:id", remove, (required("id", string),), *WRITE),
    Route("GET", "/groups/:id/subgroups", directly_below, GROUP_FILTERS, *READ),
    Route("GET", "/groups/:id/descendant_groups", below, GROUP_FILTERS, *READ),
    Route(
        "GET",
        "/groups/:id/projects",
        projects_of,
        (
            optional("include_subgroups", boolean, default=False),
            optional("with_shared", boolean, default=True),
            optional("include_ancestor_groups", boolean, default=False),
            *PROJECT_FILTERS,
        ),
        *READ,
    ),
)
