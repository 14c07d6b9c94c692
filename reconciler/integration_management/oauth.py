"""OAuth applications of the instance. They take an administrator's token."""

from __future__ import annotations

from reconciler.core.address import Scope
from reconciler.core.resource import Primitive
from reconciler.engine import verbs
from reconciler.engine.programmatic import Generated
from reconciler.engine.workspace import Workspace
from reconciler.integration_management import records
from reconciler.integration_management.area import Area
from reconciler.integration_management.session import Config, Shown


class OAuth(Area):
    """Applications that sign in with GitLab. Their secrets are shown once and kept nowhere."""

    kinds = ("oauth_application",)
    instance = True

    def create_oauth_application(self, config: Config) -> Shown:
        """Create an application (`name`, `redirect_uri`, `scopes`, `confidential`).

        The result has `client_id` and, this once, `client_secret`; `credentials` delivers both to a file or to
        CI/CD variables as well. The same name again returns the application, without its secret.
        """
        generated: Generated = {}
        made = self._session.declare("oauth_application", config, generated=generated)
        secret = generated.get(made["address"])
        shown = self._with_client_ids([made])[0]
        return {**shown, "client_secret": secret["client_secret"].reveal() if secret else None}

    def get_oauth_application(self, app_id: str) -> Shown:
        """One application with its `client_id`."""
        return self._with_client_ids([self.get(app_id)])[0]

    def list_oauth_applications(self) -> list[Shown]:
        """Every application that programs have created."""
        return self._with_client_ids(self.list())

    def delete_oauth_application(self, app_id: str) -> Shown:
        """Delete an application and forget it; what it was."""
        return self.delete(app_id)

    def _with_client_ids(self, applications: list[Shown]) -> list[Shown]:
        """Applications with what only GitLab knows of them; `revoked` ones have no `client_id`."""
        if not applications:
            return []
        with self._session.workspace() as ws:
            state = verbs.show_state(ws)
            found = []
            ids = _client_ids(ws)
            for shown in applications:
                record = records.find(state, shown["address"]).home
                revoked = record.condition == "revoked"
                found.append({**shown, "client_id": ids.get(record.id), "revoked": revoked})
            return found


# ---------------------------------------------------------------------------------------------------------------------


def _client_ids(ws: Workspace) -> dict[int | str | None, str]:
    listing = ws.provider.list(Primitive.APPLICATION, Scope.instance())
    return {item.id: str(item.status["application_id"]) for item in listing.items if "application_id" in item.status}
