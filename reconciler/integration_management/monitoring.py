"""Monitoring: Datadog, Sentry, Prometheus and New Relic."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.core.errors import UsageError
from reconciler.integration_management.area import Area
from reconciler.integration_management.session import Config, Shown

_EVENT = {"datadog": "send-event", "sentry": "event", "newrelic": "event"}


class Monitoring(Area):
    """Where logs, metrics, errors and deployments go."""

    kinds = ("datadog", "sentry", "prometheus", "newrelic")

    def create_datadog_integration(self, config: Config) -> Shown:
        """Let GitLab tell Datadog (`api_key`, `env`, `service`, `enable_logs`, `enable_metrics`, `site`, `tags`)."""
        return self._session.declare("datadog", config)

    def create_sentry_integration(self, config: Config) -> Shown:
        """Sentry's variables for jobs (`dsn`, `environment`, `release`; `organization`, `project`, `auth_token`)."""
        return self._session.declare("sentry", config)

    def create_prometheus_integration(self, config: Config) -> Shown:
        """A Pushgateway's variables for jobs (`pushgateway_url`, `job`, …)."""
        return self._session.declare("prometheus", config)

    def create_newrelic_integration(self, config: Config) -> Shown:
        """New Relic's variables for jobs (`license_key`, `account_id`, `region`, …)."""
        return self._session.declare("newrelic", config)

    def push_metrics(self, integration_id: str, metrics: Mapping[str, float], **options: object) -> Shown:
        """Push values by name to Datadog, New Relic or a Pushgateway (`type`, `labels`)."""
        return self._act(
            integration_id, "push-metrics", {"metrics": metrics, **options}, "datadog", "newrelic", "prometheus"
        )

    def send_logs(self, integration_id: str, logs: Config) -> Shown:
        """Send lines to Datadog (`message` or `messages`, `level`, `source`, `labels`)."""
        return self._act(integration_id, "send-logs", logs, "datadog")

    def send_event(self, integration_id: str, event: Config) -> Shown:
        """Send an event: Datadog's `title`, Sentry's `message`, New Relic's `event_type`, and what each has besides."""
        kind = self.get(integration_id)["type"]
        if kind not in _EVENT:
            raise UsageError(f"`{integration_id}` takes no events", hint="push metrics to it")
        return self._act(integration_id, _EVENT[kind], event)

    def create_release(self, integration_id: str, release: Config) -> Shown:
        """Tell Sentry of a release (`version`, `commit_sha`, …)."""
        return self._act(integration_id, "release", release, "sentry")

    def create_deployment(self, integration_id: str, deployment: Config) -> Shown:
        """Tell Sentry (`version`, `environment`) or New Relic (`version`, `entity_guid`) of a deployment."""
        action = "deploy" if self.get(integration_id)["type"] == "sentry" else "deployment-marker"
        return self._act(integration_id, action, deployment, "sentry", "newrelic")
