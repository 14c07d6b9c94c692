"""The stand-ins for third-party services: which there are, and which host name belongs to which.

A stand-in is `handle(request, state, now) -> Response`: a function of its arguments that remembers in `state` alone
(JSON, `world["services"][name]`). Modules are imported when first asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from importlib import import_module
from typing import Any, cast

from reconciler.sandbox.message import Request, Response

Handle = Callable[[Request, dict[str, Any], float], Response]
"""A stand-in: the request, the service's own part of the world (changed in place), the time in epoch seconds."""

SERVICES: Mapping[str, str] = {
    name: f"{__name__}.{name}"
    for name in (
        "asana",
        "aws_secrets",
        "azure_devops",
        "bamboo",
        "cloud_build",
        "codecommit",
        "datadog",
        "discord",
        "jenkins",
        "jira",
        "mattermost",
        "mend",
        "newrelic",
        "prometheus",
        "pushgateway",
        "redmine",
        "sentry",
        "slack",
        "snyk",
        "sonarqube",
        "teamcity",
        "teams",
        "vault",
    )
}
"""Every stand-in by name, and the module that holds it."""

HOSTS: tuple[tuple[str, str], ...] = (
    ("hooks.slack.com", "slack"),
    ("slack.com", "slack"),
    ("*.slack.com", "slack"),
    ("*.cloud.mattermost.com", "mattermost"),
    ("*.webhook.office.com", "teams"),
    ("outlook.office.com", "teams"),
    ("*.logic.azure.com", "teams"),
    ("*.api.powerplatform.com", "teams"),
    ("discord.com", "discord"),
    ("*.discord.com", "discord"),
    ("discordapp.com", "discord"),
    ("*.discordapp.com", "discord"),
    ("*.atlassian.net", "jira"),
    ("api.atlassian.com", "jira"),
    ("app.asana.com", "asana"),
    ("*.teamcity.com", "teamcity"),
    ("datadoghq.com", "datadog"),
    ("*.datadoghq.com", "datadog"),
    ("datadoghq.eu", "datadog"),
    ("*.datadoghq.eu", "datadog"),
    ("ddog-gov.com", "datadog"),
    ("*.ddog-gov.com", "datadog"),
    ("sentry.io", "sentry"),
    ("*.sentry.io", "sentry"),
    ("*.newrelic.com", "newrelic"),
    ("*.nr-data.net", "newrelic"),
    ("sonarcloud.io", "sonarqube"),
    ("*.sonarcloud.io", "sonarqube"),
    ("sonarqube.us", "sonarqube"),
    ("snyk.io", "snyk"),
    ("*.snyk.io", "snyk"),
    ("*.mend.io", "mend"),
    ("*.whitesourcesoftware.com", "mend"),
    ("git-codecommit.*.amazonaws.com", "codecommit"),
    ("codecommit.*.amazonaws.com", "codecommit"),
    ("secretsmanager.*.amazonaws.com", "aws_secrets"),
    ("sts.amazonaws.com", "aws_secrets"),
    ("sts.*.amazonaws.com", "aws_secrets"),
    ("dev.azure.com", "azure_devops"),
    ("vssps.dev.azure.com", "azure_devops"),
    ("*.visualstudio.com", "azure_devops"),
    ("cloudbuild.googleapis.com", "cloud_build"),
    ("oauth2.googleapis.com", "cloud_build"),
    ("*.hashicorp.cloud", "vault"),
)
"""Well-known host names (`*` is any run of characters) and whose they are; the first that fits counts."""


def service_for_host(host: str, extra: Mapping[str, str]) -> str | None:
    """The stand-in that answers for `host`, with or without a port; None if it is nobody's.

    `extra` maps hosts that declared entries are configured with (a `jenkins_url`'s host) to services and goes first.
    """
    name = host.lower().rstrip(".")
    bare = name if name.endswith("]") else name.rpartition(":")[0] or name
    for candidate in (name, bare):
        if candidate in extra:
            return extra[candidate]
    return next((service for pattern, service in HOSTS if fnmatchcase(bare, pattern)), None)


def handle(name: str, request: Request, state: dict[str, Any], now: float) -> Response:
    """Let the stand-in `name` answer. Raises KeyError for a name that is not in `SERVICES`."""
    answer = cast("Handle", import_module(SERVICES[name]).handle)
    return answer(request, state, now)
