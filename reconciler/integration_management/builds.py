"""Builds elsewhere: Jenkins, and its siblings Bamboo and TeamCity."""

from __future__ import annotations

from reconciler.integration_management.area import Area
from reconciler.integration_management.session import Config, Shown


class Jenkins(Area):
    """Jenkins jobs, built on pushes and merge requests, and on request."""

    kinds = ("jenkins",)

    def create_jenkins_integration(self, config: Config) -> Shown:
        """Let GitLab build a job, and more of them by `jobs`.

        `jenkins_url`, `project_name`, `username`, `api_token`, `trigger_on_push`, `trigger_on_merge_request`, …
        """
        return self._session.declare("jenkins", config)

    def get_jenkins_integration(self, integration_id: str) -> Shown:
        """One Jenkins integration."""
        return self.get(integration_id)

    def list_jenkins_integrations(self) -> list[Shown]:
        """Every Jenkins integration at the manager's scope."""
        return self.list()

    def update_jenkins_integration(self, integration_id: str, changes: Config) -> Shown:
        """Change some fields and leave the others."""
        return self.update(integration_id, changes)

    def delete_jenkins_integration(self, integration_id: str) -> Shown:
        """Delete it; what it was."""
        return self.delete(integration_id)

    def trigger_jenkins_build(self, integration_id: str, build: Config | None = None) -> Shown:
        """Build the job, or several (`branch`, `commit_sha`, `parameters`, `jobs`), and follow it to its end.

        The result's `status` is how it ended; GitLab's commit gets it where `commit_sha` names one. `wait: "queued"`
        returns once Jenkins has taken the build; `timeout` is in seconds.
        """
        return self._act(integration_id, "build", build or {})

    def get_build_status(
        self, integration_id: str, number: int | str | None = None, *, job: str | None = None
    ) -> Shown:
        """How a build is (`status`: running, success, failed, canceled): the last one, or the one of a number."""
        return self._act(integration_id, "build-status", {"number": number, "job": job})


class Builds(Area):
    """Bamboo and TeamCity; Jenkins too, by `trigger_build`."""

    kinds = ("bamboo", "teamcity", "jenkins")

    def create_bamboo_integration(self, config: Config) -> Shown:
        """Let GitLab build a Bamboo plan (`bamboo_url`, `build_key`, `username`, `password`)."""
        return self._session.declare("bamboo", config)

    def create_teamcity_integration(self, config: Config) -> Shown:
        """Let GitLab build a TeamCity configuration (`teamcity_url`, `build_type`, `username`, `password`)."""
        return self._session.declare("teamcity", config)

    def trigger_build(self, integration_id: str, build: Config | None = None) -> Shown:
        """Build (`branch`, `commit_sha`, `parameters`, …) and follow it to its end, as for Jenkins."""
        return self._act(integration_id, "build", build or {})
