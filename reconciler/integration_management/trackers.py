"""Issue trackers: Jira, and its siblings Asana and Redmine."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.integration_management.area import Area
from reconciler.integration_management.session import Config, Shown


class Jira(Area):
    """Commits and merge requests on Jira issues, and GitLab's issues in Jira."""

    kinds = ("jira",)

    def create_jira_integration(self, config: Config) -> Shown:
        """Link GitLab to Jira (`url`, `username`, `api_token`, `project_key`, `issue_type`, …)."""
        return self._session.declare("jira", config)

    def get_jira_integration(self, integration_id: str) -> Shown:
        """One Jira integration."""
        return self.get(integration_id)

    def list_jira_integrations(self) -> list[Shown]:
        """Every Jira integration at the manager's scope."""
        return self.list()

    def update_jira_integration(self, integration_id: str, changes: Config) -> Shown:
        """Change some fields and leave the others."""
        return self.update(integration_id, changes)

    def delete_jira_integration(self, integration_id: str) -> Shown:
        """Delete it; what it was. Issues that were made in Jira stay."""
        return self.delete(integration_id)

    def sync_issue(self, integration_id: str, issue: Config) -> Shown:
        """Bring a GitLab issue to Jira: `iid`, and `title`, `description`, `labels`, `state` in place of GitLab's.

        The same `iid` again changes the same Jira issue; its key is `key` in the result.
        """
        return self._act(integration_id, "sync-issue", issue)

    def sync_issues(self, integration_id: str, **options: object) -> Shown:
        """Bring every issue that has changed since the last time; how many were created, updated, in conflict."""
        return self._act(integration_id, "sync-issues", options)

    def sync_merge_requests(self, integration_id: str) -> Shown:
        """Link merge requests and their state to the Jira issues that they name."""
        return self._act(integration_id, "sync-merge-requests", {})

    def link_commit(self, integration_id: str, commit: str, issues: Sequence[str] | None = None) -> Shown:
        """Link a commit to Jira issues: those named here, or in its message."""
        return self._act(integration_id, "link-commit", {"commit": commit, "issues": issues})

    def create_issue(self, integration_id: str, issue: Config) -> Shown:
        """Make a Jira issue (`summary`, `description`, `issue_type`: Bug, Story, Task, Epic, …)."""
        return self._act(integration_id, "create-issue", issue)

    def update_issue(self, integration_id: str, key: str, changes: Config) -> Shown:
        """Change a Jira issue."""
        return self._act(integration_id, "update-issue", {"issue": key, **changes})

    def add_comment(self, integration_id: str, key: str, text: str) -> Shown:
        """Comment on a Jira issue; the same text once."""
        return self._act(integration_id, "comment", {"issue": key, "text": text})

    def transition_issue(
        self, integration_id: str, key: str, to: str | None = None, *, transition_id: str | None = None
    ) -> Shown:
        """Move a Jira issue to a status, or by a transition's id."""
        return self._act(integration_id, "transition", {"issue": key, "to": to, "transition_id": transition_id})


class IssueTracking(Area):
    """Asana and Redmine."""

    kinds = ("asana", "redmine")

    def create_asana_integration(self, config: Config) -> Shown:
        """Let GitLab comment on Asana tasks (`api_key`)."""
        return self._session.declare("asana", config)

    def create_redmine_integration(self, config: Config) -> Shown:
        """Make Redmine the tracker (`project_url`, `issues_url`, `new_issue_url`; `url`, `api_key` for actions)."""
        return self._session.declare("redmine", config)

    def create_task(self, integration_id: str, task: Config) -> Shown:
        """Make an Asana task (`name`, `notes`, …)."""
        return self._act(integration_id, "create-task", task, "asana")

    def update_task(self, integration_id: str, task: str, changes: Config) -> Shown:
        """Change an Asana task."""
        return self._act(integration_id, "update-task", {"task": task, **changes}, "asana")

    def create_issue(self, integration_id: str, issue: Config) -> Shown:
        """Make a Redmine issue (`subject`, `description`, …)."""
        return self._act(integration_id, "create-issue", issue, "redmine")

    def update_issue(self, integration_id: str, issue: str, changes: Config) -> Shown:
        """Change a Redmine issue."""
        return self._act(integration_id, "update-issue", {"issue": issue, **changes}, "redmine")

    def add_comment(self, integration_id: str, on: str, text: str) -> Shown:
        """Comment on a task or an issue."""
        of = "task" if self.get(integration_id)["type"] == "asana" else "issue"
        return self._act(integration_id, "comment", {of: on, "text": text})
