"""Chats: Slack, and its siblings Mattermost, Microsoft Teams and Discord."""

from __future__ import annotations

from reconciler.integration_management.area import Area
from reconciler.integration_management.session import Config, Shown


class Slack(Area):
    """Notifications in Slack."""

    kinds = ("slack",)

    def create_slack_integration(self, config: Config) -> Shown:
        """Let GitLab tell Slack (`webhook_url`, `channel`, `username`, `events`, `notify_only_broken_pipelines`, …)."""
        return self._session.declare("slack", config)

    def get_slack_integration(self, integration_id: str) -> Shown:
        """One Slack integration."""
        return self.get(integration_id)

    def list_slack_integrations(self) -> list[Shown]:
        """Every Slack integration at the manager's scope."""
        return self.list()

    def update_slack_integration(self, integration_id: str, changes: Config) -> Shown:
        """Change some fields and leave the others."""
        return self.update(integration_id, changes)

    def delete_slack_integration(self, integration_id: str) -> Shown:
        """Delete it; what it was."""
        return self.delete(integration_id)

    def send_slack_notification(self, integration_id: str, message: Config) -> Shown:
        """Post a message (`text`, `attachments`, `blocks`, `thread_ts`); `{"posted": True}` when Slack took it."""
        return self._act(integration_id, "notify", message)


class Communication(Area):
    """Mattermost, Microsoft Teams and Discord; Slack too, by `notify`."""

    kinds = ("mattermost", "microsoft-teams", "discord", "slack")

    def create_mattermost_integration(self, config: Config) -> Shown:
        """Let GitLab tell Mattermost (`webhook_url`, `channel`, `username`, `events`, …)."""
        return self._session.declare("mattermost", config)

    def create_teams_integration(self, config: Config) -> Shown:
        """Let GitLab tell Microsoft Teams (`webhook_url`, `events`, …)."""
        return self._session.declare("microsoft-teams", config)

    def create_discord_integration(self, config: Config) -> Shown:
        """Let GitLab tell Discord (`webhook_url`, `events`, …)."""
        return self._session.declare("discord", config)

    def notify(self, integration_id: str, message: Config) -> Shown:
        """Post a message: `text`, and what the chat has besides (`attachments`, `embeds`, `card`)."""
        return self._act(integration_id, "notify", message)
