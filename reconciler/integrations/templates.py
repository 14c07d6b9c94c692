"""Templates that come with the software, for a quick start. Data; pure.

A manifest uses one by its name, as it uses its own; it cannot declare another one under that name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from reconciler.core.entry import Template
from reconciler.core.value import Value

_TEAM = ("push", "merge_request", "pipeline", "tag_push")
_ALERTS: Mapping[str, Value] = {"events": ("pipeline",), "notify_only_broken_pipelines": True}


def _chat(kind: str, title: str, *wanted: str) -> Iterable[Template]:
    team = {"events": _TEAM, "notify_only_broken_pipelines": True, "branches_to_be_notified": "default"}
    fields = ("webhook_url", *wanted)
    yield Template(f"{kind}-team", kind, f"Pushes, merge requests, tags and failed pipelines in {title}", team, fields)
    yield Template(f"{kind}-alerts", kind, f"Failed pipelines only, in {title}", _ALERTS, fields)


def _masked(kind: str, description: str, default: Mapping[str, Value], *wanted: str) -> Template:
    return Template(kind + "-protected", kind, description, {**default, "protected": True}, wanted)


_ALL = (
    *_chat("slack", "Slack", "channel"),
    *_chat("mattermost", "Mattermost", "channel"),
    *_chat("microsoft-teams", "Microsoft Teams"),
    *_chat("discord", "Discord"),
    Template(
        "asana-default-branch",
        "asana",
        "Comments on Asana tasks from commits on `main`",
        {"restrict_to_branch": "main"},
        ("api_key",),
    ),
    Template(
        "bamboo-on-push",
        "bamboo",
        "Builds a Bamboo plan on every push",
        {"events": ("push",), "enable_ssl_verification": True},
        ("bamboo_url", "build_key", "username", "password"),
    ),
    Template(
        "codecommit-mirror",
        "aws-codecommit",
        "Mirrors protected branches to CodeCommit",
        {"only_protected_branches": True, "keep_divergent_refs": False},
        ("region", "repository", "git_username", "git_password"),
    ),
    Template(
        "azure-devops-mirror",
        "azure-devops",
        "Mirrors protected branches to Azure Repos",
        {"only_protected_branches": True, "keep_divergent_refs": False},
        ("organization", "project", "pat"),
    ),
    Template(
        "datadog-ci",
        "datadog",
        "Pipelines, jobs and job logs in Datadog CI Visibility",
        {"enable_metrics": True, "enable_logs": True, "site": "datadoghq.com"},
        ("api_key", "env", "service"),
    ),
    Template(
        "cloud-build-on-push",
        "google-cloud-build",
        "Starts a Cloud Build trigger on pushes to `main` and on tags",
        {"events": ("push", "tag_push"), "branch_filter": "main"},
        ("project", "trigger", "api_key", "webhook_secret"),
    ),
    Template(
        "jenkins-build",
        "jenkins",
        "Builds a Jenkins job on pushes, merge requests and tags",
        {
            "trigger_on_push": True,
            "trigger_on_merge_request": True,
            "trigger_on_tag_push": True,
            "enable_ssl_verification": True,
        },
        ("jenkins_url", "project_name", "username", "api_token"),
    ),
    Template(
        "jira-cloud",
        "jira",
        "Commits and merge requests on Jira Cloud issues",
        {
            "jira_auth_type": 0,
            "enable_commit_sync": True,
            "enable_merge_request_sync": True,
            "comment_on_event_enabled": True,
            "issue_type": "Task",
        },
        ("url", "username", "api_token", "project_key"),
    ),
    Template(
        "jira-data-center",
        "jira",
        "Commits and merge requests on issues of a Jira Data Center, by personal access token",
        {
            "jira_auth_type": 1,
            "enable_commit_sync": True,
            "enable_merge_request_sync": True,
            "comment_on_event_enabled": True,
            "issue_type": "Task",
        },
        ("url", "api_token", "project_key"),
    ),
    Template(
        "prometheus-pushgateway",
        "prometheus",
        "A Pushgateway for the metrics of jobs",
        {"job": "gitlab"},
        ("pushgateway_url",),
    ),
    Template(
        "pipeline-mails",
        "pipelines-email",
        "Mails about failed pipelines of the default branch",
        {"events": ("pipeline",), "notify_only_broken_pipelines": True, "branches_to_be_notified": "default"},
        ("recipients",),
    ),
    Template(
        "push-mails",
        "emails-on-push",
        "Mails about pushes and tags, without diffs",
        {"events": ("push", "tag_push"), "disable_diffs": True, "branches_to_be_notified": "default"},
        ("recipients",),
    ),
    Template(
        "redmine-tracker", "redmine", "Redmine as the issue tracker", {}, ("project_url", "issues_url", "new_issue_url")
    ),
    Template(
        "teamcity-build",
        "teamcity",
        "Builds a TeamCity configuration on pushes and merge requests, certificates verified",
        {"events": ("push", "merge_request"), "enable_ssl_verification": True},
        ("teamcity_url", "build_type", "username", "password"),
    ),
    Template(
        "webhook-deploy",
        "webhook",
        "A webhook for finished pipelines and deployments, with a secret token",
        {"events": ("pipeline", "deployment"), "enable_ssl_verification": True},
        ("url", "secret_token"),
    ),
    _masked("newrelic", "New Relic's keys for protected branches", {"region": "US"}, "account_id", "license_key"),
    _masked("sentry", "Sentry's variables for protected branches", {"environment": "production"}, "dsn"),
    _masked("snyk", "Snyk's token for protected branches", {}, "token"),
    _masked("sonarqube", "SonarQube's token for protected branches", {}, "url", "token"),
    _masked("whitesource", "Mend's keys for protected branches", {"scanner": "cli"}, "url", "email", "user_key"),
)

TEMPLATES: Mapping[str, Template] = MappingProxyType({each.name: each for each in sorted(_ALL, key=lambda t: t.name)})
"""Every built-in template by name, in alphabetical order."""
