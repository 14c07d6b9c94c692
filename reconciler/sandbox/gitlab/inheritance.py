"""Settings of a group as defaults of what is below it: finding them, copying them, spreading a change.

Pure. Sources: GitLab's documentation of integrations, a running GitLab 18.9, `tests/recordings/inheritance.json`. A
change of a group's integration reaches what inherits it in the background; its deletion does not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from types import MappingProxyType

from ..world import Row, World, stamp
from .integration_record import renewed
from .integration_table import KINDS
from .kernel import Job

PROPAGATE = "propagate integration"


def integration_of(world: World, owner: str, slug: str) -> Row | None:
    """The record of a slug on a project or group (`project:7`), switched off ones included."""
    return next((row for row in world.table("integrations").by("owner", owner) if row["slug"] == slug), None)


def parents(world: World, owner: str) -> list[Row]:
    """The groups above a project or group, nearest first."""
    kind, _, number = owner.partition(":")
    if kind == "project":
        project = world.projects.get(int(number))
        return world.ancestors(project.get("namespace_id")) if project else []
    return world.ancestors(int(number))[1:]


def default_of(world: World, owner: str, slug: str) -> Row | None:
    """The nearest settings above that are a group's own, active or not."""
    for group in parents(world, owner):
        row = integration_of(world, f"group:{group['id']}", slug)
        if row is not None and row["inherit_from_id"] is None:
            return row
    return None


def copy_settings(source: Row, target: Row, now: float) -> None:
    """Make `target` inherit what `source` says."""
    kind = KINDS[source["slug"]]
    target["values"] = deepcopy(renewed(kind, source["values"], active=source["active"]))
    target["flags"] = dict(source["flags"])
    target["active"] = source["active"]
    target["inherit_from_id"] = source["inherit_from_id"] or source["id"]
    target["updated_at"] = stamp(now)


def blank_row(owner: str, slug: str, now: float) -> Row:
    """A record that holds nothing yet."""
    kind, _, number = owner.partition(":")
    return {
        "owner": owner,
        "slug": slug,
        "project_id": int(number) if kind == "project" else None,
        "group_id": int(number) if kind == "group" else None,
        "inherit_from_id": None,
        "active": False,
        "flags": {},
        "values": {},
        "created_at": stamp(now),
        "updated_at": stamp(now),
    }


def _create_copy(world: World, source: Row, owner: str, now: float) -> None:
    row = blank_row(owner, source["slug"], now)
    copy_settings(source, row, now)
    world.table("integrations").add(row)


def take_defaults(world: World, owner: str, now: float) -> None:
    """Give a new project or group copies of the nearest active settings above it."""
    seen: set[str] = set()
    for group in parents(world, owner):
        for source in world.table("integrations").by("owner", f"group:{group['id']}"):
            if source["active"] and source["inherit_from_id"] is None and source["slug"] not in seen:
                seen.add(source["slug"])
                _create_copy(world, source, owner, now)


def _below(world: World, group_id: int) -> Iterator[str]:
    """The owners of everything below a group."""
    for group in world.groups:
        if group["id"] != group_id and any(g["id"] == group_id for g in world.ancestors(group["id"])):
            yield f"group:{group['id']}"
    for project in world.projects:
        if any(g["id"] == group_id for g in world.ancestors(project.get("namespace_id"))):
            yield f"project:{project['id']}"


def _may_create(world: World, owner: str) -> bool:
    kind, _, number = owner.partition(":")
    project = world.projects.get(int(number)) if kind == "project" else None
    return project is None or not project.get("archived")


def propagate(world: World, now: float, *, integration: int) -> None:
    """Spread a group's settings: to what inherits from it or from above it, and to what has none."""
    source = world.table("integrations").get(integration)
    if source is None or source["group_id"] is None:
        return
    line = [f"group:{group['id']}" for group in world.ancestors(source["group_id"])]
    sources = {row["id"] for owner in line if (row := integration_of(world, owner, source["slug"]))}
    for owner in list(_below(world, source["group_id"])):
        row = integration_of(world, owner, source["slug"])
        if row is None:
            if _may_create(world, owner):
                _create_copy(world, source, owner, now)
        elif row["inherit_from_id"] in sources:
            copy_settings(source, row, now)


def on_new_project(world: World, now: float, *, project_id: int) -> None:
    """What a new project gets from the groups above it."""
    take_defaults(world, f"project:{project_id}", now)


def on_new_group(world: World, now: float, *, group_id: int) -> None:
    """What a new group gets from the groups above it."""
    take_defaults(world, f"group:{group_id}", now)


JOBS: Mapping[str, Job] = MappingProxyType(
    {PROPAGATE: propagate, "project_created": on_new_project, "group_created": on_new_group}
)
