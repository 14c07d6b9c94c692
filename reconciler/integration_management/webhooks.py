"""Webhooks of the project or group, and system hooks of the instance."""

from __future__ import annotations

from reconciler.integration_management.area import Area
from reconciler.integration_management.session import Config, Shown, dictionary


class Webhooks(Area):
    """GitLab's own webhooks: any address, chosen events, a secret token."""

    kinds = ("webhook", "system_hook")

    def create_webhook(self, config: Config) -> Shown:
        """Let GitLab post to an address (`name`, `url`, `events`, `secret_token`, `enable_ssl_verification`, …)."""
        return self._session.declare("webhook", config)

    def create_system_hook(self, config: Config) -> Shown:
        """A webhook for the whole instance, which takes an administrator's token."""
        return self._session.declare("system_hook", config)

    def get_webhook(self, webhook_id: str) -> Shown:
        """One webhook."""
        return self.get(webhook_id)

    def list_webhooks(self) -> list[Shown]:
        """Every webhook that programs have created at the manager's scope."""
        return self._session.every("webhook")

    def list_system_hooks(self) -> list[Shown]:
        """Every system hook that programs have created."""
        return self._session.every("system_hook", instance=True)

    def update_webhook(self, webhook_id: str, changes: Config) -> Shown:
        """Change some fields and leave the others."""
        return self.update(webhook_id, changes)

    def delete_webhook(self, webhook_id: str) -> Shown:
        """Delete it; what it was."""
        return self.delete(webhook_id)

    def test_webhook(self, webhook_id: str, event: str | None = None) -> Shown:
        """Let GitLab send a test of an event (one that the webhook has); GitLab allows five a minute."""
        return self._act(webhook_id, "test", {"event": event})

    def trigger_webhook(self, webhook_id: str, payload: Config) -> Shown:
        """Post a payload to the webhook's address as GitLab would; its `event_type` or `object_kind` names the event.

        `success` says whether the receiver took it. GitLab is not asked, and does not count it.
        """
        return self._act(webhook_id, "trigger", {"payload": dict(dictionary(payload))})

    def get_webhook_statistics(self, webhook_id: str) -> Shown:
        """How often it was triggered (`trigger_count`), when last (`last_triggered`), how many were taken, how quickly.

        From GitLab's log, which holds the deliveries of 7 days.
        """
        return self._act(webhook_id, "stats", {})

    def list_webhook_events(
        self, webhook_id: str, *, limit: int | None = None, status: str | None = None
    ) -> list[Shown]:
        """GitLab's deliveries of the last 7 days, newest first: `id`, `at`, `trigger`, `status`, `seconds`."""
        return list(self._act(webhook_id, "events", {"limit": limit, "status": status})["events"])

    def resend_webhook_event(self, webhook_id: str, event_id: int | None = None) -> Shown:
        """Let GitLab deliver one of them again; the last that failed when none is named."""
        return self._act(webhook_id, "resend", {"event": event_id})
