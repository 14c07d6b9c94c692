"""Atlassian Bamboo: a plan built on every push, or on request.

Becomes GitLab's `bamboo` integration. Pure.
"""

from __future__ import annotations

from reconciler.integrations.base import kind
from reconciler.integrations.flows.bamboo import ACTIONS, probe
from reconciler.integrations.native import SHAPES
from reconciler.integrations.rules import matches, web_url

KIND = kind(
    "bamboo",
    SHAPES["bamboo"],
    rules=(
        web_url("bamboo_url"),
        matches("build_key", r"[A-Za-z][A-Za-z0-9]*(-[A-Za-z0-9]+)+", "is no plan key", "write it like PROJ-PLAN"),
    ),
    manual=("In Bamboo: let repository changes trigger the plan, and label builds with the commit's revision.",),
    credential=("bamboo_url", "username", "password"),
    probe=probe,
    actions=ACTIONS,
)
