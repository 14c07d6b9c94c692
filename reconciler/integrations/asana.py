"""Asana: commit messages become comments on tasks; tasks made and updated on request.

Becomes GitLab's `asana` integration; the workspace and project are ours, for actions. Pure.
"""

from __future__ import annotations

from reconciler.integrations.base import kind, text
from reconciler.integrations.flows.asana import ACTIONS, probe
from reconciler.integrations.native_trackers import SHAPES
from reconciler.integrations.rules import matches

_ID = (r"\d+", "is no Asana id", "write the number in its address")

KIND = kind(
    "asana",
    SHAPES["asana"],
    text("workspace_gid", "Id of the workspace in which tasks are made.", ours=True),
    text("project_gid", "Id of the project in which tasks are made.", ours=True),
    rules=(matches("workspace_gid", *_ID), matches("project_gid", *_ID)),
    credential=("api_key",),
    probe=probe,
    actions=ACTIONS,
)
