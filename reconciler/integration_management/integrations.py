"""Integrations of any type, and the areas of security scanners and clouds."""

from __future__ import annotations

from reconciler.integration_management.area import Area
from reconciler.integration_management.session import Config, Shown, kind_of
from reconciler.integration_management.types import IntegrationType


class Integrations(Area):
    """Every type of integration, by the same five calls and `run`."""

    def create(self, type: IntegrationType | str, config: Config) -> Shown:
        """Create an integration of a type, or bring the one of that name to `config`.

        Raises `InputError` with everything wrong with `config`, `AlreadyExists` where there is one under another name.
        """
        return self._session.declare(str(type), config)

    def actions(self, type: IntegrationType | str) -> dict[str, str]:
        """What may be asked of a type with `run`, each with what it does."""
        with self._session.workspace() as ws:
            return {name: action.summary for name, action in kind_of(ws, type).actions.items()}


class Security(Area):
    """SonarQube, Snyk and WhiteSource (Mend)."""

    kinds = ("sonarqube", "snyk", "whitesource")

    def create_sonarqube_integration(self, config: Config) -> Shown:
        """SonarQube's address and token for jobs (`url`, `token`; `project_key` for the quality gate)."""
        return self._session.declare("sonarqube", config)

    def create_snyk_integration(self, config: Config) -> Shown:
        """Snyk's token for jobs (`token`)."""
        return self._session.declare("snyk", config)

    def create_whitesource_integration(self, config: Config) -> Shown:
        """Mend's keys for jobs (`url`, `email`, `user_key`)."""
        return self._session.declare("whitesource", config)

    def get_quality_gate(self, id: str, *, branch: str | None = None, merge_request: str | None = None) -> Shown:
        """SonarQube's quality gate of the project, a branch or a merge request."""
        return self._act(id, "quality-gate", {"branch": branch, "merge_request": merge_request}, "sonarqube")

    def check(self, id: str) -> Shown:
        """What Snyk or Mend says of the credentials."""
        return self._act(id, "check", {}, "snyk", "whitesource")


class Cloud(Area):
    """AWS CodeCommit, Azure DevOps and Google Cloud Build."""

    kinds = ("aws-codecommit", "azure-devops", "google-cloud-build")

    def create_codecommit_integration(self, config: Config) -> Shown:
        """A push mirror to CodeCommit (`region`, `repository`, `git_username`, `git_password`)."""
        return self._session.declare("aws-codecommit", config)

    def create_azure_devops_integration(self, config: Config) -> Shown:
        """A push mirror to Azure Repos (`organization`, `project`, `pat`)."""
        return self._session.declare("azure-devops", config)

    def create_cloud_build_integration(self, config: Config) -> Shown:
        """A webhook that starts a Cloud Build trigger (`project`, `trigger`, `api_key`, `webhook_secret`)."""
        return self._session.declare("google-cloud-build", config)

    def sync_mirror(self, id: str, **following: object) -> Shown:
        """Push the mirror now."""
        return self._act(id, "sync", following, "aws-codecommit", "azure-devops")

    def run_pipeline(self, id: str, run: Config) -> Shown:
        """Run an Azure pipeline (`pipeline_id`, `branch`, `parameters`, `variables`)."""
        return self._act(id, "run-pipeline", run, "azure-devops")

    def run_trigger(self, id: str, run: Config) -> Shown:
        """Run the Cloud Build trigger (`branch`, `tag` or `commit_sha`, `substitutions`)."""
        return self._act(id, "run-trigger", run, "google-cloud-build")
