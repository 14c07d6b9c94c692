"""Programs in tests: managers over a story's estate, and what the stand-ins have seen of them."""

from __future__ import annotations

from typing import Any

from reconciler.integration_management import IntegrationManagementManager
from tests.scenarios.harness import Story

PROJECT = "myorg/myproject"
SLACK = {"webhook_url": "https://hooks.slack.com/services/T00/B00/XXX", "channel": "#deployments"}
JIRA = {"url": "https://company.atlassian.net", "username": "bot@company.com", "api_token": "your-jira-token"}
JENKINS = {
    "jenkins_url": "https://jenkins.company.com",
    "username": "gitlab",
    "api_token": "jenkins-token",
    "project_name": "myapp-build",
}
HOOK = {"name": "Custom Integration", "url": "https://api.example.com/webhooks/gitlab", "events": ["push"]}
APP = {"name": "Mobile App", "redirect_uri": "https://myapp.com/callback", "scopes": ["api"], "confidential": True}


def manager(story: Story, **more: Any) -> IntegrationManagementManager:
    """A manager of the story's project, as a new process has it."""
    return IntegrationManagementManager(**{"project_id": PROJECT, "open_with": story.workspace, **more})


def seen(story: Story, service: str) -> dict[str, Any]:
    """What a stand-in remembers."""
    found: dict[str, Any] = story.sandbox.world.services.get(service, {})
    return found


def live(story: Story, slug: str, project: str = PROJECT) -> dict[str, Any]:
    """An integration as the pretend GitLab has it."""
    found: dict[str, Any] = story.ask("GET", f"/projects/{project.replace('/', '%2F')}/integrations/{slug}")
    return found


def hooks(story: Story, project: str = PROJECT) -> list[dict[str, Any]]:
    """A project's webhooks as the pretend GitLab has them."""
    found: list[dict[str, Any]] = story.ask("GET", f"/projects/{project.replace('/', '%2F')}/hooks")
    return found
