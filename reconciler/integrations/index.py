"""The list of everything that may be declared: names, where each is defined, and one line about it.

Data only, so that listing kinds imports none of them. A new kind is one file, one example and one line here.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple


class Row(NamedTuple):
    """One kind: the module that defines it, its title, its category, and what it is for."""

    module: str
    title: str
    category: str
    summary: str
    documentation: str = ""


CHAT, TRACKING, BUILDS, MONITORING = "communication", "issue tracking", "ci/cd", "monitoring"
SECURITY, CLOUD, DEVELOPMENT, OTHER = "security", "cloud platforms", "development", "other sections"

_KINDS = {
    "asana": Row("asana", "Asana", TRACKING, "Commit messages become comments on Asana tasks"),
    "aws-codecommit": Row("aws_codecommit", "AWS CodeCommit", CLOUD, "A push mirror to a CodeCommit repository"),
    "azure-devops": Row("azure_devops", "Azure DevOps", CLOUD, "A push mirror to Azure Repos; pipelines on request"),
    "bamboo": Row("bamboo", "Atlassian Bamboo", BUILDS, "Builds a Bamboo plan on every push"),
    "datadog": Row("datadog", "Datadog", MONITORING, "Pipelines, job logs, metrics and events in Datadog"),
    "discord": Row("discord", "Discord", CHAT, "Notifications in Discord channels"),
    "google-cloud-build": Row("google_cloud_build", "Google Cloud Build", CLOUD, "Starts Cloud Build by webhook"),
    "jenkins": Row("jenkins", "Jenkins", BUILDS, "Builds Jenkins jobs on pushes, tags and merge requests"),
    "jira": Row("jira", "Jira", TRACKING, "Links commits and merge requests to Jira issues, and syncs issues"),
    "mattermost": Row("mattermost", "Mattermost", CHAT, "Notifications in Mattermost channels"),
    "microsoft-teams": Row("microsoft_teams", "Microsoft Teams", CHAT, "Notifications in Microsoft Teams"),
    "newrelic": Row("newrelic", "New Relic", MONITORING, "CI/CD variables for New Relic; metrics, deployments"),
    "prometheus": Row("prometheus", "Prometheus", MONITORING, "CI/CD variables for a Pushgateway; metrics on request"),
    "redmine": Row("redmine", "Redmine", TRACKING, "Redmine as the project's issue tracker"),
    "sentry": Row("sentry", "Sentry", MONITORING, "CI/CD variables for Sentry, the error-tracking switch, releases"),
    "slack": Row("slack", "Slack", CHAT, "Notifications in Slack channels"),
    "snyk": Row("snyk", "Snyk", SECURITY, "CI/CD variables for Snyk scans"),
    "sonarqube": Row("sonarqube", "SonarQube", SECURITY, "CI/CD variables for SonarQube scans; reads the quality gate"),
    "teamcity": Row("teamcity", "JetBrains TeamCity", BUILDS, "Builds a TeamCity configuration on every push"),
    "whitesource": Row("whitesource", "Mend (WhiteSource)", SECURITY, "CI/CD variables for Mend scans"),
}

_NATIVE = {
    "apple-app-store": Row("native", "Apple App Store Connect", DEVELOPMENT, "Gives jobs the App Store Connect key"),
    "assembla": Row("native", "Assembla", DEVELOPMENT, "Tells Assembla of commits"),
    "bugzilla": Row("native_trackers", "Bugzilla", TRACKING, "Bugzilla as the project's issue tracker"),
    "buildkite": Row("native", "Buildkite", BUILDS, "Builds a Buildkite pipeline on pushes and tags"),
    "campfire": Row("native_chat", "Campfire", CHAT, "Tells a Campfire room of pushes"),
    "clickup": Row("native_trackers", "ClickUp", TRACKING, "ClickUp as the project's issue tracker"),
    "confluence": Row("native", "Confluence Workspace", DEVELOPMENT, "Confluence in place of the project's wiki"),
    "custom-issue-tracker": Row(
        "native_trackers", "Custom issue tracker", TRACKING, "Any issue tracker, by its addresses"
    ),
    "diffblue-cover": Row("native", "Diffblue Cover", DEVELOPMENT, "Gives pipelines the Diffblue Cover licence"),
    "drone-ci": Row("native", "Drone", BUILDS, "Builds in Drone on pushes, tags and merge requests"),
    "emails-on-push": Row("native", "Emails on push", CHAT, "Mails commits and diffs of every push"),
    "ewm": Row("native_trackers", "EWM", TRACKING, "IBM Engineering Workflow Management as the issue tracker"),
    "external-wiki": Row("native", "External wiki", DEVELOPMENT, "Links a wiki that lives elsewhere"),
    "git-guardian": Row("native", "GitGuardian", SECURITY, "Rejects pushes in which GitGuardian finds secrets"),
    "github": Row("native", "GitHub", DEVELOPMENT, "Shows pipeline results on a GitHub repository"),
    "gitlab-slack-application": Row("native_chat", "GitLab for Slack app", CHAT, "Notifications by GitLab's Slack app"),
    "google-cloud-platform-artifact-registry": Row(
        "native", "Google Artifact Management", CLOUD, "Shows a Google Artifact Registry repository"
    ),
    "google-cloud-platform-workload-identity-federation": Row(
        "native", "Google Cloud IAM", CLOUD, "Lets jobs act in Google Cloud without keys"
    ),
    "google-play": Row("native", "Google Play", DEVELOPMENT, "Gives jobs the Google Play service account"),
    "hangouts-chat": Row("native_chat", "Google Chat", CHAT, "Notifications in a Google Chat space"),
    "harbor": Row("native", "Harbor", DEVELOPMENT, "Shows a Harbor registry and gives jobs its credentials"),
    "irker": Row("native_chat", "irker (IRC gateway)", CHAT, "Tells IRC channels of pushes"),
    "jira-cloud-app": Row(
        "native_trackers", "GitLab for Jira Cloud app", TRACKING, "Settings of the GitLab for Jira Cloud app"
    ),
    "linear": Row("native_trackers", "Linear", TRACKING, "Linear as the project's issue tracker"),
    "matrix": Row("native_chat", "Matrix notifications", CHAT, "Notifications in a Matrix room"),
    "mattermost-slash-commands": Row("native_chat", "Mattermost slash commands", CHAT, "Commands from Mattermost"),
    "packagist": Row("native", "Packagist", DEVELOPMENT, "Tells Packagist of new versions of a PHP package"),
    "phorge": Row("native_trackers", "Phorge", TRACKING, "Phorge as the project's issue tracker"),
    "pipelines-email": Row("native", "Pipeline status emails", CHAT, "Mails the results of pipelines"),
    "pivotaltracker": Row("native_trackers", "Pivotal Tracker", TRACKING, "Commit messages become comments on stories"),
    "pumble": Row("native_chat", "Pumble", CHAT, "Notifications in a Pumble channel"),
    "pushover": Row("native_chat", "Pushover", CHAT, "Push notifications on phones and desktops"),
    "slack-slash-commands": Row("native_chat", "Slack slash commands", CHAT, "Slash commands from Slack"),
    "squash-tm": Row("native_trackers", "Squash TM", TRACKING, "Tells Squash TM of changed issues"),
    "telegram": Row("native_chat", "Telegram", CHAT, "Notifications in a Telegram chat"),
    "unify-circuit": Row("native_chat", "Unify Circuit", CHAT, "Notifications in a Circuit conversation"),
    "webex-teams": Row("native_chat", "Webex Teams", CHAT, "Notifications in a Webex space"),
    "youtrack": Row("native_trackers", "JetBrains YouTrack", TRACKING, "YouTrack as the project's issue tracker"),
    "zentao": Row("native_trackers", "ZenTao", TRACKING, "ZenTao as a group's issue tracker"),
}

_SECTIONS = {
    "oauth_application": Row("oauth_application", "OAuth application", OTHER, "An OAuth application of the instance"),
    "system_hook": Row("webhook", "System hook", OTHER, "A webhook for events of the whole instance"),
    "webhook": Row("webhook", "Webhook", OTHER, "A webhook of a project or a group"),
}

INDEX: Mapping[str, Row] = MappingProxyType(dict(sorted({**_KINDS, **_NATIVE, **_SECTIONS}.items())))
"""Every kind by name, the other sections' included, in alphabetical order."""

SECTION_KINDS = frozenset(_SECTIONS)
"""Kinds that are not named by `type` but by the section that they stand in."""
