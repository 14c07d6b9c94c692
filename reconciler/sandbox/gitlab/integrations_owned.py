"""What disappears with a project or group: the rows that it owns.

Pure. Rows name their owner as `project:7` or `group:3`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from ..world import World
from .kernel import Job

TABLES = (
    "branches",
    "commit_statuses",
    "commits",
    "error_tracking",
    "error_tracking_keys",
    "integrations",
    "issues",
    "labels",
    "merge_requests",
    "mirrors",
    "notes",
    "pipelines",
    "terraform_states",
    "variables",
)


def forget(world: World, owner: str) -> None:
    """Drop everything of an owner."""
    for table in map(world.table, TABLES):
        for row in table.by("owner", owner):
            table.remove(row)


def on_project(world: World, _now: float, *, project_id: int) -> None:
    """After a project was deleted."""
    forget(world, f"project:{project_id}")


def on_group(world: World, _now: float, *, group_id: int) -> None:
    """After a group was deleted."""
    forget(world, f"group:{group_id}")


JOBS: Mapping[str, Job] = MappingProxyType({"project_deleted": on_project, "group_deleted": on_group})
