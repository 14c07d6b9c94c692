"""Redmine: the project's issue tracker; issues made and updated on request.

Becomes GitLab's `redmine` integration, which holds addresses only; the server's own address and an API key are ours,
for the probe and the actions. Pure.
"""

from __future__ import annotations

from reconciler.integrations.base import kind, secret, text
from reconciler.integrations.flows.redmine import ACTIONS, probe
from reconciler.integrations.native_trackers import SHAPES, TRACKER_RULES
from reconciler.integrations.rules import matches, together, web_url

_PROJECT = r"[a-z0-9][a-z0-9_-]*"

KIND = kind(
    "redmine",
    SHAPES["redmine"],
    text("url", "Address of the Redmine server.", ours=True, example="https://redmine.example.org"),
    secret("api_key", "API key of the user who makes issues.", ours=True),
    text("project_identifier", "Project in which issues are made, as in its address.", ours=True),
    text("tracker", "Tracker of issues that are made, by its name.", ours=True, example="Bug"),
    rules=(
        *TRACKER_RULES,
        web_url("url"),
        together("url", "api_key"),
        matches("project_identifier", _PROJECT, "is no project identifier", "copy it from the project's address"),
    ),
    manual=("In Redmine: switch the REST API on (Administration, Settings, API); no API does.",),
    credential=("url", "api_key"),
    probe=probe,
    actions=ACTIONS,
)
