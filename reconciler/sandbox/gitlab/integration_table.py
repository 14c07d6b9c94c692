"""The fifty slugs of GitLab 18.9, as data.

Pure. Source: a running GitLab 18.9's own description of its integrations. The order of fields is the order in which
missing parameters are named.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from .integration_chat import ALL_OFF, CHAT_KINDS
from .integration_kind import Kind, hidden, names, need, switch, text, whole

SSL = switch("enable_ssl_verification")
SSL_ON = {"enable_ssl_verification": True}
PUSH = ("push_events",)
BUILD = ("push_events", "merge_requests_events", "tag_push_events")

URLS = {"project_url": None, "issues_url": None, "new_issue_url": None}


def tracker(slug: str, title: str, *, new_issue: bool = True) -> Kind:
    """An external issue tracker that is three (or two) addresses."""
    fields = (need("project_url"), need("issues_url"), *((need("new_issue_url"),) if new_issue else ()))
    return Kind(slug, title, fields, events=PUSH, columns=URLS, tracker=True)


JIRA = Kind(
    "jira",
    "Jira issues",
    (
        need("url", exposes=True),
        text("api_url", exposes=True),
        whole("jira_auth_type"),
        text("username"),
        hidden("password"),
        text("jira_issue_regex"),
        text("jira_issue_prefix"),
        text("jira_issue_transition_id"),
        text("issues_enabled"),
        names("project_keys"),
        switch("vulnerabilities_enabled"),
        text("vulnerabilities_issuetype"),
        text("project_key"),
        switch("customize_jira_issue_enabled"),
        switch("jira_check_enabled"),
        switch("jira_exists_check_enabled"),
        switch("jira_assignee_check_enabled"),
        switch("jira_status_check_enabled"),
        text("jira_allowed_statuses_as_string"),
        switch("comment_on_event_enabled", top_level=True),
    ),
    events=("commit_events", "merge_requests_events"),
    columns={
        "url": None,
        "api_url": None,
        "jira_auth_type": 0,
        "username": None,
        "password": None,
        "jira_issue_regex": None,
        "jira_issue_prefix": None,
        "jira_issue_transition_id": None,
        "issues_enabled": False,
        "project_keys": [],
        "vulnerabilities_enabled": False,
        "vulnerabilities_issuetype": None,
        "project_key": None,
        "customize_jira_issue_enabled": False,
        "jira_check_enabled": False,
        "jira_exists_check_enabled": False,
        "jira_assignee_check_enabled": False,
        "jira_status_check_enabled": False,
        "jira_allowed_statuses_as_string": None,
    },
    tracker=True,
)

DATADOG = Kind(
    "datadog",
    "Datadog",
    (
        text("datadog_site", exposes=True),
        text("api_url", exposes=True),
        hidden("api_key"),
        switch("datadog_ci_visibility"),
        text("datadog_service"),
        text("datadog_env"),
        text("datadog_tags"),
        switch("archive_trace_events"),
    ),
    events=("archive_trace_events", "push_events", "merge_requests_events", "note_events", "tag_push_events"),
    broken_events=("build_events", "subgroup_events", "project_events"),
    ignored_events=("pipeline_events",),
    flags={"pipeline_events": False, "job_events": False},
    initial={"datadog_site": "datadoghq.com", "datadog_ci_visibility": False, "archive_trace_events": False},
    renewed={"datadog_site": "datadoghq.com"},
)

GOOGLE_IAM = (
    "workload_identity_federation_project_id",
    "workload_identity_federation_project_number",
    "workload_identity_pool_id",
    "workload_identity_pool_provider_id",
)

_ALL = (
    Kind(
        "apple-app-store",
        "Apple App Store Connect",
        (
            need("app_store_issuer_id"),
            need("app_store_key_id"),
            need("app_store_private_key_file_name"),
            need("app_store_private_key"),
            switch("app_store_protected_refs"),
        ),
        initial={"app_store_protected_refs": True},
        renewed={"app_store_protected_refs": True},
        project_only=True,
    ),
    Kind("asana", "Asana", (hidden("api_key"), text("restrict_to_branch")), events=PUSH),
    Kind("assembla", "Assembla", (hidden("token"), text("subdomain", exposes=True)), events=PUSH),
    Kind(
        "bamboo",
        "Atlassian Bamboo",
        (SSL, need("bamboo_url", exposes=True), hidden("build_key"), need("username"), hidden("password")),
        events=PUSH,
        initial=SSL_ON,
    ),
    tracker("bugzilla", "Bugzilla"),
    Kind(
        "buildkite",
        "Buildkite",
        (need("project_url", exposes=True), hidden("token"), SSL),
        events=BUILD,
        initial=SSL_ON,
    ),
    Kind("campfire", "Campfire", (hidden("token"), text("subdomain", exposes=True), text("room")), events=PUSH),
    tracker("clickup", "ClickUp", new_issue=False),
    Kind("confluence", "Confluence Workspace", (need("confluence_url"),)),
    tracker("custom-issue-tracker", "Custom issue tracker"),
    DATADOG,
    Kind(
        "diffblue-cover",
        "Diffblue Cover",
        (
            hidden("diffblue_license_key", exposes=True),
            need("diffblue_access_token_name"),
            hidden("diffblue_access_token_secret"),
        ),
    ),
    Kind("drone-ci", "Drone", (SSL, need("drone_url", exposes=True), hidden("token")), events=BUILD),
    Kind(
        "emails-on-push",
        "Emails on push",
        (
            switch("send_from_committer_email"),
            switch("disable_diffs"),
            text("branches_to_be_notified"),
            need("recipients"),
        ),
        events=("push_events", "tag_push_events"),
        initial={"branches_to_be_notified": "all"},
        renewed={"branches_to_be_notified": "all"},
    ),
    tracker("ewm", "EWM"),
    Kind("external-wiki", "External wiki", (need("external_wiki_url"),)),
    Kind("git-guardian", "GitGuardian", (hidden("token"),)),
    Kind(
        "github",
        "GitHub",
        (hidden("token"), need("repository_url", exposes=True), switch("static_context")),
        events=("pipeline_events",),
        initial={"static_context": True},
        project_only=True,
        licensed=True,
    ),
    Kind(
        "google-cloud-platform-artifact-registry",
        "Google Artifact Management",
        (
            need("artifact_registry_project_id"),
            need("artifact_registry_repositories"),
            need("artifact_registry_location"),
        ),
        flags=ALL_OFF,
        nowhere=True,
    ),
    Kind(
        "google-cloud-platform-workload-identity-federation",
        "Google Cloud IAM",
        tuple(need(name) for name in GOOGLE_IAM),
        flags=ALL_OFF,
        nowhere=True,
    ),
    Kind(
        "google-play",
        "Google Play",
        (
            need("package_name"),
            need("service_account_key_file_name"),
            need("service_account_key"),
            switch("google_play_protected_refs"),
        ),
        initial={"google_play_protected_refs": True},
        renewed={"google_play_protected_refs": True},
        project_only=True,
    ),
    Kind(
        "harbor",
        "Harbor",
        (need("url", exposes=True), need("project_name"), need("username"), hidden("password")),
    ),
    Kind(
        "irker",
        "irker (IRC gateway)",
        (
            text("server_host"),
            whole("server_port"),
            text("default_irc_uri"),
            need("recipients"),
            switch("colorize_messages"),
        ),
        events=PUSH,
    ),
    Kind(
        "jenkins",
        "Jenkins",
        (
            SSL,
            need("jenkins_url", exposes=True),
            need("project_name"),
            text("username"),
            text("password", secret=True, shown=False),
        ),
        events=BUILD,
        flags={"merge_requests_events": False, "tag_push_events": False},
        initial=SSL_ON,
        project_only=True,
    ),
    JIRA,
    Kind(
        "jira-cloud-app",
        "GitLab for Jira Cloud app",
        (
            text("jira_cloud_app_service_ids"),
            switch("jira_cloud_app_enable_deployment_gating"),
            text("jira_cloud_app_deployment_gating_environments"),
        ),
        nowhere=True,
    ),
    Kind("linear", "Linear", (need("workspace_url"),), events=PUSH, tracker=True),
    Kind("mattermost-slash-commands", "Mattermost slash commands", (hidden("token"),)),
    tracker("phorge", "Phorge", new_issue=False),
    Kind("pivotaltracker", "Pivotal Tracker", (hidden("token"), text("restrict_to_branch")), events=PUSH),
    tracker("redmine", "Redmine"),
    Kind("slack-slash-commands", "Slack slash commands", (hidden("token"),)),
    Kind(
        "squash-tm",
        "Squash TM",
        (need("url", exposes=True), text("token", secret=True, shown=False)),
        events=("issues_events", "confidential_issues_events"),
    ),
    Kind(
        "teamcity",
        "JetBrains TeamCity",
        (SSL, need("teamcity_url", exposes=True), need("build_type"), need("username"), hidden("password")),
        events=("push_events", "merge_requests_events"),
    ),
    Kind(
        "packagist",
        "Packagist",
        (need("username"), hidden("token"), text("server", exposes=True)),
        events=BUILD,
    ),
    Kind(
        "pushover",
        "Pushover",
        (hidden("api_key"), hidden("user_key"), text("device"), need("priority"), text("sound")),
        events=PUSH,
    ),
    tracker("youtrack", "JetBrains YouTrack", new_issue=False),
    Kind(
        "zentao",
        "ZenTao",
        (
            need("url", exposes=True),
            text("api_url", exposes=True),
            hidden("api_token"),
            need("zentao_product_xid"),
        ),
        columns={"url": None, "api_url": None, "api_token": None, "zentao_product_xid": None},
        tracker=True,
        groups_only=True,
    ),
)

KINDS: Mapping[str, Kind] = MappingProxyType({kind.slug: kind for kind in (*CHAT_KINDS, *_ALL)})
"""Every slug that the API declares, available or not."""
