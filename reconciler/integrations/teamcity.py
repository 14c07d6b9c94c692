"""JetBrains TeamCity: a build configuration built on pushes and merge requests, or on request.

Becomes GitLab's `teamcity` integration. Pure.
"""

from __future__ import annotations

from reconciler.integrations.base import kind
from reconciler.integrations.flows.teamcity import ACTIONS, probe
from reconciler.integrations.native import SHAPES
from reconciler.integrations.rules import matches, web_url

KIND = kind(
    "teamcity",
    SHAPES["teamcity"],
    rules=(
        web_url("teamcity_url"),
        matches("build_type", r"[A-Za-z]\w*", "is no build configuration id", "take the id, not the name"),
    ),
    manual=("In TeamCity: add the GitLab repository as VCS root, with a branch specification for all branches.",),
    credential=("teamcity_url", "username", "password"),
    probe=probe,
    actions=ACTIONS,
)
