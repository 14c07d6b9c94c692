"""Jira: commits and merge requests mentioned on issues, issues synchronised on request.

Becomes GitLab's `jira` integration. `project_key`, `issue_type` and the mappings are ours, for synchronising; GitLab's
own `project_key` is `vulnerabilities_project_key` here. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.value import Text
from reconciler.integrations.base import kind, pairs, renamed, text
from reconciler.integrations.flows.jira import probe
from reconciler.integrations.flows.jira_actions import ACTIONS
from reconciler.integrations.native_trackers import SHAPES
from reconciler.integrations.rules import Objection, Values, known, longest, matches, split, stated, web_url

_NAMES = {
    "password": "api_token",
    "jira_issue_transition_id": "transition_id",
    "project_key": "vulnerabilities_project_key",
}
_FLAGS = {"enable_commit_sync": "commit", "enable_merge_request_sync": "merge_request"}
_KEY = r"[A-Za-z][A-Za-z0-9_]+"


def _authentication(values: Values) -> Iterator[Objection]:
    type_ = values.get("jira_auth_type", 0)
    if isinstance(type_, Text):
        return
    if type_ == 0 and not stated(values, "username"):
        yield (
            "username",
            "is needed for authentication type 0",
            "state the user name, or the mail address for Jira Cloud",
        )
    asked = split(known(values, "api_url" if stated(values, "api_url") else "url") or "")
    if type_ != 0 and asked and asked.scheme == "https" and (asked.hostname or "").endswith(".atlassian.net"):
        hint = "leave `jira_auth_type` away and use the mail address with an API token"
        yield "jira_auth_type", "Jira Cloud (atlassian.net) takes authentication type 0 only", hint


def _vulnerabilities(values: Values) -> Iterator[Objection]:
    for name in ("vulnerabilities_project_key", "vulnerabilities_issuetype"):
        if values.get("vulnerabilities_enabled") is True and not stated(values, name):
            yield name, "is needed beside `vulnerabilities_enabled`", f"state `{name}`"


KIND = kind(
    "jira",
    renamed(SHAPES["jira"], _NAMES, _FLAGS),
    text("project_key", "Jira project in which issues are made.", ours=True, example="PROJ"),
    text("issue_type", "Type of issues that are made, by its name in that project.", ours=True, example="Task"),
    pairs("project_mapping", "Jira project by GitLab project path, where one entry serves several.", ours=True),
    pairs("issue_type_mapping", "Type of issues by GitLab label (`bug: Bug`).", ours=True),
    renamed={name: ours for name, ours in _NAMES.items() if name != "project_key"},
    rules=(
        web_url("url", "api_url"),
        longest(255, "jira_issue_regex", "jira_issue_prefix"),
        matches("transition_id", r"[^\d]*\d[\s\S]*", "is no list of transition ids", "write numbers, with `,` between"),
        matches("project_key", _KEY, "is no Jira project key", "letters, digits and `_`, a letter first"),
        matches(
            "vulnerabilities_project_key", _KEY, "is no Jira project key", "letters, digits and `_`, a letter first"
        ),
        _authentication,
        _vulnerabilities,
    ),
    credential=("url", "username", "api_token"),
    probe=probe,
    actions=ACTIONS,
)
