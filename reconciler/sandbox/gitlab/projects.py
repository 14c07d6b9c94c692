"""Projects: listing and filtering, reading, creating, changing, moving, archiving, deleting.

Pure. Sources: GitLab's documentation of the REST API and `tests/recordings/crosscutting.json`. Whoever must hear of a
new or deleted project has a job named `project_created` or `project_deleted`.
"""

from __future__ import annotations

import re
from functools import partial

from ..message import Response
from ..rows import SHA, new_commit, new_project
from ..world import Row, World
from .access import (
    DEVELOPER,
    GUEST,
    MAINTAINER,
    OWNER,
    can_read_project,
    find_group,
    level_in_group,
    level_in_project,
)
from .errors import forbidden, invalid, message, not_found
from .estate_views import project_view, read_project_view, simple_project_view
from .kernel import Call, Route, created, ok, project_role, readable_project, signed_in
from .paging import PAGING, keyset, paginate
from .params import boolean, integer, optional, required, strings

VISIBILITIES = ("private", "internal", "public")
ORDERS = ("id", "name", "path", "created_at", "updated_at", "last_activity_at", "similarity", "star_count")

PROJECT_FILTERS = (
    optional("archived", boolean),
    optional("visibility", choices=VISIBILITIES),
    optional("search"),
    optional("search_namespaces", boolean),
    optional("order_by", choices=ORDERS, default="created_at"),
    optional("sort", choices=("asc", "desc"), default="desc"),
    optional("simple", boolean, default=False),
    optional("owned", boolean, default=False),
    optional("starred", boolean, default=False),
    optional("membership", boolean, default=False),
    optional("min_access_level", integer, choices=(10, 15, 20, 30, 40, 50)),
    optional("topic", strings),
    optional("topic_id", integer),
    optional("with_issues_enabled", boolean, default=False),
    optional("with_merge_requests_enabled", boolean, default=False),
    optional("statistics", boolean, default=False),
    optional("with_custom_attributes", boolean, default=False),
    optional("id_after", integer),
    optional("id_before", integer),
    optional("pagination", choices=("legacy", "offset", "keyset", "none")),
    *PAGING,
)

PROJECT_FIELDS = (
    optional("description"),
    optional("visibility", choices=VISIBILITIES),
    optional("topics", strings),
    optional("tag_list", strings),
    optional("default_branch"),
    optional("ci_config_path"),
    optional("initialize_with_readme", boolean),
)


def list_projects(call: Call, rows: list[Row]) -> Response:
    """Those of `rows` that the caller can see and asked for, in pages."""
    found = _in_order(call, _filtered(call, rows))
    view = simple_project_view if call.params["simple"] else project_view
    return paginate(call, found, partial(view, call.world, call.request.base))


def listing(call: Call) -> Response:
    """All projects; `pagination=keyset` goes by id."""
    if call.params.get("pagination") == "keyset":
        if call.params["order_by"] != "id":
            raise message(405, "Keyset pagination is not yet available for this type of request")
        rows = _in_order(call, _filtered(call, list(call.world.projects)))
        view = simple_project_view if call.params["simple"] else project_view
        present = partial(view, call.world, call.request.base)
        return keyset(call, rows, present, down=call.params["sort"] == "desc")
    return list_projects(call, list(call.world.projects))


def read(call: Call) -> Response:
    """One project."""
    return ok(read_project_view(call.world, call.request.base, call.project, call.user))


def create(call: Call) -> Response:
    """A new project, in a group or in the caller's own namespace."""
    wanted, world = call.params, call.world
    name = wanted.get("name") or wanted.get("path")
    if not name:
        raise message(400, {"error": "name is missing"})
    group = _namespace(call, wanted.get("namespace_id"))
    path = wanted.get("path") or re.sub(r"[^A-Za-z0-9_.]+", "-", name).strip("-").lower()
    project = new_project(path, name, group["id"] if group else None, call.now)
    if group is None:
        project["namespace_user_id"] = call.me["id"]
    if world.paths.get(world.full_path(project).lower(), ("",))[0] in ("project", "group"):
        taken = ["has already been taken"]
        raise invalid({"project_namespace.name": taken, "name": taken, "path": taken})
    project["creator_id"] = call.me["id"]
    _assign(project, wanted)
    if wanted.get("initialize_with_readme"):
        project["default_branch"] = wanted.get("default_branch") or "main"
        project["commit"] = new_commit(SHA, call.me, call.now)
    world.projects.add(project)
    world.paths[world.full_path(project).lower()] = ("project", project["id"])
    world.schedule("project_created", call.now, delay=0, project_id=project["id"])
    return created(project_view(world, call.request.base, project))


def change(call: Call) -> Response:
    """Another name, path, description, visibility, topics or default branch."""
    project, wanted, world = call.project, call.params, call.world
    if wanted.get("path") and wanted["path"] != project["path"]:
        _move(world, project, path=wanted["path"])
    if wanted.get("name"):
        project["name"] = wanted["name"]
    _assign(project, wanted)
    return ok(read_project_view(world, call.request.base, project, call.me))


def transfer(call: Call) -> Response:
    """Into another group."""
    group = find_group(call.world, str(call.params["namespace"]))
    if group is None:
        raise not_found("Namespace")
    if level_in_group(call.world, call.me, group) < MAINTAINER:
        raise forbidden()
    _move(call.world, call.project, namespace_id=group["id"])
    return ok(project_view(call.world, call.request.base, call.project))


def archive(call: Call) -> Response:
    """No more changes to the repository; integrations, hooks and variables go on."""
    call.project["archived"] = True
    return created(read_project_view(call.world, call.request.base, call.project, call.me))


def unarchive(call: Call) -> Response:
    """The opposite of `archive`."""
    call.project["archived"] = False
    return created(read_project_view(call.world, call.request.base, call.project, call.me))


def remove(call: Call) -> Response:
    """A project with everything that belongs to it."""
    project = call.project
    call.world.projects.remove(project)
    call.world.index_paths()
    call.world.schedule("project_deleted", call.now, delay=0, project_id=project["id"])
    return Response.of_json(202, {"message": "202 Accepted"})


def _namespace(call: Call, wanted: int | None) -> Row | None:
    if wanted is None:
        return None
    group = call.world.groups.get(wanted)
    if group is None:
        raise not_found("Namespace")
    if level_in_group(call.world, call.me, group) < DEVELOPER:
        raise invalid({"namespace": ["is not valid"]})
    return group


def _assign(project: Row, wanted: Row) -> None:
    for name in ("description", "visibility", "default_branch", "ci_config_path"):
        if wanted.get(name) is not None:
            project[name] = wanted[name]
    for name in ("topics", "tag_list"):
        if wanted.get(name) is not None:
            project["topics"] = list(wanted[name])


def _move(world: World, project: Row, *, path: str | None = None, namespace_id: int | None = None) -> None:
    former = world.full_path(project)
    if namespace_id is not None:
        world.projects.set(project, "namespace_id", namespace_id)
        project["namespace_user_id"] = None
    if path is not None:
        project["path"] = path
    if world.paths.get(world.full_path(project).lower(), ("", 0)) not in (("", 0), ("moved", project["id"])):
        _undo(world, project, former)
        raise invalid({"path": ["has already been taken"]})
    project["former_paths"] = [*project["former_paths"], former]
    world.index_paths()


def _undo(world: World, project: Row, former: str) -> None:
    parent, _, path = former.rpartition("/")
    project["path"] = path
    kind, group_id = world.paths.get(parent.lower(), ("", 0))
    if kind == "group":
        world.projects.set(project, "namespace_id", group_id)


def _filtered(call: Call, rows: list[Row]) -> list[Row]:
    world, user, wanted = call.world, call.user, call.params
    out = [p for p in rows if can_read_project(world, user, p)]
    level = OWNER if wanted.get("owned") else wanted.get("min_access_level")
    if wanted.get("membership") and not level:
        level = GUEST
    if level and user is not None:
        member = {**user, "admin": False} if wanted.get("membership") else user
        out = [p for p in out if level_in_project(world, member, p) >= level]
    if wanted.get("archived") is not None:
        out = [p for p in out if p["archived"] == wanted["archived"]]
    if wanted.get("visibility"):
        out = [p for p in out if p["visibility"] == wanted["visibility"]]
    if wanted.get("topic"):
        topics = {topic.lower() for topic in wanted["topic"]}
        out = [p for p in out if topics <= {topic.lower() for topic in p["topics"]}]
    if wanted.get("search"):
        text = wanted["search"].lower()
        out = [p for p in out if text in p["name"].lower() or text in p["path"].lower()]
    if wanted.get("starred"):
        out = []
    if wanted.get("pagination") != "keyset":
        if wanted.get("id_after") is not None:
            out = [p for p in out if p["id"] > wanted["id_after"]]
        if wanted.get("id_before") is not None:
            out = [p for p in out if p["id"] < wanted["id_before"]]
    return out


def _in_order(call: Call, rows: list[Row]) -> list[Row]:
    field, down = call.params["order_by"], call.params["sort"] == "desc"
    if field in ("name", "path"):
        return sorted(rows, key=lambda p: (p[field].lower(), p["id"]), reverse=down)
    if field in ("last_activity_at", "updated_at"):
        return sorted(rows, key=lambda p: (p["last_activity_at"], p["id"]), reverse=down)
    return sorted(rows, key=lambda p: p["id"], reverse=down)


OWNERS = (signed_in,), (project_role(OWNER),)

ROUTES = (
    Route("GET", "/projects", listing, PROJECT_FILTERS),
    Route(
        "POST",
        "/projects",
        create,
        (optional("name"), optional("path"), optional("namespace_id", integer), *PROJECT_FIELDS),
        (signed_in,),
    ),
    Route("GET", "/projects/:id", read, (), (), (readable_project,)),
    Route(
        "PUT",
        "/projects/:id",
        change,
        (optional("name"), optional("path"), *PROJECT_FIELDS),
        (signed_in,),
        (project_role(MAINTAINER),),
    ),
    Route("DELETE", "/projects/:id", remove, (), *OWNERS),
    Route("PUT", "/projects/:id/transfer", transfer, (required("namespace"),), *OWNERS),
    Route("POST", "/projects/:id/archive", archive, (), *OWNERS),
    Route("POST", "/projects/:id/unarchive", unarchive, (), *OWNERS),
)
