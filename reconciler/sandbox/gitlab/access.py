"""Who may do what: roles, and finding a project or group on behalf of somebody.

Pure. Sources: GitLab's documentation of the REST API and a running GitLab 18.9. What somebody may not read is "not
found".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from ..world import Row, World

GUEST, PLANNER, REPORTER, DEVELOPER, MAINTAINER, OWNER = 10, 15, 20, 30, 40, 50
ADMIN = 60
"""Above every role: what an administrator counts as everywhere."""

ROLES: Mapping[str, int] = MappingProxyType(
    {
        "guest": GUEST,
        "planner": PLANNER,
        "reporter": REPORTER,
        "developer": DEVELOPER,
        "maintainer": MAINTAINER,
        "owner": OWNER,
    }
)


def level_in_group(world: World, user: Row | None, group: Row) -> int:
    """Somebody's access level in a group, inherited ones included; 0 for none."""
    if user is None:
        return 0
    if user.get("admin"):
        return ADMIN
    key = str(user["id"])
    return max((int(g["members"].get(key, 0)) for g in world.ancestors(group["id"])), default=0)


def level_in_project(world: World, user: Row | None, project: Row) -> int:
    """Somebody's access level in a project, inherited ones included; 0 for none."""
    if user is None:
        return 0
    if user.get("admin"):
        return ADMIN
    if project.get("namespace_user_id") == user["id"]:
        return OWNER
    key = str(user["id"])
    own = int(project["members"].get(key, 0))
    groups = world.ancestors(project.get("namespace_id"))
    return max(own, max((int(g["members"].get(key, 0)) for g in groups), default=0))


def can_read_project(world: World, user: Row | None, project: Row) -> bool:
    """Whether the project exists as far as this person can tell."""
    if project["visibility"] == "public" or (project["visibility"] == "internal" and user is not None):
        return True
    return level_in_project(world, user, project) >= GUEST


def can_read_group(world: World, user: Row | None, group: Row) -> bool:
    """Whether the group exists as far as this person can tell: also by a role in something below it."""
    if group["visibility"] == "public" or (group["visibility"] == "internal" and user is not None):
        return True
    if level_in_group(world, user, group) >= GUEST:
        return True
    if user is None:
        return False
    key = str(user["id"])
    below = (row for table in (world.groups, world.projects) for row in table if key in row["members"])
    return any(group in world.ancestors(row.get("namespace_id", row["id"])) for row in below)


def find_project(world: World, reference: str) -> tuple[Row | None, bool]:
    """The project of an id or full path, and whether the path is one that it no longer has."""
    if re.fullmatch(r"\d+", reference, re.ASCII):
        return world.projects.get(int(reference)), False
    if "/" not in reference:
        return None, False
    kind, row_id = world.paths.get(reference.lower(), ("", 0))
    return (world.projects.get(row_id), kind == "moved") if kind in ("project", "moved") else (None, False)


def find_group(world: World, reference: str) -> Row | None:
    """The group of an id or full path."""
    if re.fullmatch(r"\d+", reference, re.ASCII):
        return world.groups.get(int(reference))
    kind, row_id = world.paths.get(reference.lower(), ("", 0))
    return world.groups.get(row_id) if kind == "group" else None


def find_user(world: World, reference: str) -> Row | None:
    """The user of an id or name."""
    if re.fullmatch(r"\d+", reference, re.ASCII):
        return world.users.get(int(reference))
    found = [user for user in world.users if user["username"].lower() == reference.lower()]
    return found[0] if found else None
