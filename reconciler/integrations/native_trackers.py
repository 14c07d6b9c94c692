"""GitLab's own table of issue trackers and what links commits to them, by slug: fields, events, secrets.

Data, from the recorded table of GitLab 18.9 (`gitlab-integrations.json`) and the API description. Fields have GitLab's
names here; kinds that call them otherwise rename them.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from reconciler.core.resource import Kind, Shape
from reconciler.integrations.base import GROUP, boolean, integration, kinds_of, number, secret, text, texts
from reconciler.integrations.rules import Rule, has, longest, matches, web_url


def _tracker(slug: str, *, new: bool = True) -> Shape:
    """An issue tracker that GitLab knows by its addresses only."""
    fields = (
        text("project_url", "Address of the project in the tracker.", required=True),
        text("issues_url", "Address of an issue, with `:id` where its number stands.", required=True),
    )
    create = (text("new_issue_url", "Address at which a new issue is made.", required=True),) if new else ()
    return integration(slug, *fields, *create, events="push", tracker=True, data_fields=True)


_JIRA_CHECK = "Check, before a push is taken, that "
_RESTRICT = text("restrict_to_branch", "Branches, comma-separated, whose commits are looked at; empty for all.")

_SHAPES = (
    integration(
        "asana",
        secret("api_key", "Personal access token of the user who comments.", required=True),
        _RESTRICT,
        events="push",
    ),
    _tracker("bugzilla"),
    _tracker("clickup", new=False),
    _tracker("custom-issue-tracker"),
    _tracker("ewm"),
    integration(
        "jira",
        text("url", "Address of Jira.", required=True, exposes=True, slash=True, example="https://acme.atlassian.net"),
        text("api_url", "Address of the API where it is another; none for Jira Cloud.", exposes=True, slash=True),
        number(
            "jira_auth_type",
            "0: user and password or API token. 1: personal access token (Data Center).",
            choices=(0, 1),
            default=0,
        ),
        text("username", "User name, or the mail address for Jira Cloud; needed for authentication type 0."),
        secret("password", "API token, personal access token or password.", required=True),
        text("jira_issue_regex", "Regular expression (RE2) that issue keys match."),
        text("jira_issue_prefix", "Text before issue keys in commits."),
        text("jira_issue_transition_id", "Ids of transitions that close an issue, with `,` between.", example="21"),
        boolean("issues_enabled", "Show Jira issues in GitLab."),
        texts("project_keys", "Jira projects whose issues are shown; none for all."),
        boolean("vulnerabilities_enabled", "Make Jira issues from vulnerabilities."),
        text("vulnerabilities_issuetype", "Id of the issue type for vulnerabilities."),
        text("project_key", "Jira project for issues made from vulnerabilities."),
        boolean("customize_jira_issue_enabled", "Fill in a form in Jira before an issue is made."),
        boolean("jira_check_enabled", _JIRA_CHECK + "its commits name Jira issues.", since=(18, 3)),
        boolean("jira_exists_check_enabled", _JIRA_CHECK + "the issues exist.", since=(18, 3)),
        boolean("jira_assignee_check_enabled", _JIRA_CHECK + "the committer is their assignee.", since=(18, 3)),
        boolean("jira_status_check_enabled", _JIRA_CHECK + "their status is an allowed one.", since=(18, 3)),
        text("jira_allowed_statuses_as_string", "Allowed statuses, comma-separated.", since=(18, 3)),
        boolean("comment_on_event_enabled", "Comment on the Jira issue for every event.", True, top_level=True),
        events="commit merge_request",
        tracker=True,
        data_fields=True,
    ),
    integration(
        "linear", text("workspace_url", "Address of the workspace.", required=True), events="push", tracker=True
    ),
    integration(
        "jira-cloud-app",
        text("jira_cloud_app_service_ids", "Service ids of Jira Service Management, comma-separated."),
        boolean("jira_cloud_app_enable_deployment_gating", "Let Jira Service Management hold deployments back."),
        text("jira_cloud_app_deployment_gating_environments", "Environments that are held back, comma-separated."),
        unavailable="it is installed in Jira; the API can only edit what that has made",
    ),
    _tracker("phorge", new=False),
    integration(
        "pivotaltracker",
        secret("token", "API token of the user who comments.", required=True),
        _RESTRICT,
        events="push",
    ),
    _tracker("redmine"),
    integration(
        "squash-tm",
        text("url", "Address of Squash TM's webhook.", required=True, exposes=True),
        secret("token", "Token that Squash TM checks."),
        events="issue confidential_issue",
    ),
    _tracker("youtrack", new=False),
    integration(
        "zentao",
        text("url", "Address of ZenTao.", required=True, exposes=True),
        text("api_url", "Address of the API where it is another.", exposes=True),
        secret("api_token", "API token of ZenTao.", required=True),
        text("zentao_product_xid", "Id of the product.", required=True),
        scopes=GROUP,
        tracker=True,
        data_fields=True,
    ),
)

SHAPES: Mapping[str, Shape] = MappingProxyType({shape.name: shape for shape in _SHAPES})
"""The shapes by slug."""

TRACKER_RULES: tuple[Rule, ...] = (
    web_url("project_url", "issues_url", "new_issue_url"),
    has("issues_url", ":id", "write `:id` where the issue's number stands"),
)
"""What holds for every tracker that GitLab knows by its addresses only."""

_RULES: Mapping[str, tuple[Rule, ...]] = {
    "bugzilla": TRACKER_RULES,
    "clickup": TRACKER_RULES,
    "custom-issue-tracker": TRACKER_RULES,
    "ewm": TRACKER_RULES,
    "linear": (
        matches(
            "workspace_url",
            r"https://linear\.app/[a-z0-9-]{3,32}/?",
            "is no Linear workspace",
            "write https://linear.app/WORKSPACE, in small letters",
        ),
    ),
    "phorge": TRACKER_RULES,
    "squash-tm": (
        web_url("url"),
        matches("url", r"([^%]|%%)*", "has a `%`, at which GitLab fails", "write an address without escapes"),
        longest(255, "token"),
    ),
    "youtrack": TRACKER_RULES,
    "zentao": (web_url("url", "api_url"),),
}

KINDS: Mapping[str, Kind] = kinds_of("native_trackers", SHAPES, _RULES)
"""The slugs that are kinds by themselves, with GitLab's names and `events`."""
