"""OAuth applications of the instance. They take an administrator's token."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.core.address import Scope
from reconciler.core.errors import UsageError
from reconciler.core.plan import Step
from reconciler.core.resource import Primitive
from reconciler.core.value import Secret
from reconciler.engine.applications import oauth_restore, oauth_revoke, oauth_rotate
from reconciler.engine.books import read_state
from reconciler.engine.deliver import Delivery
from reconciler.engine.programmatic import Generated, undone
from reconciler.engine.workspace import Workspace
from reconciler.integration_management import records
from reconciler.integration_management.area import Area
from reconciler.integration_management.configs import slug_of
from reconciler.integration_management.session import Config, Shown, dictionary


class OAuth(Area):
    """Applications that sign in with GitLab. Their secrets are shown once and kept nowhere."""

    kinds = ("oauth_application",)
    instance = True

    def create_oauth_application(self, config: Config) -> Shown:
        """Create an application (`name`, `redirect_uri`, `scopes`, `confidential`).

        The result has `client_id` and, this once, `client_secret`; `credentials` delivers both to a file or to
        CI/CD variables as well. The same name again returns the application, without its secret; a revoked one is
        made anew.
        """
        generated: Generated = {}
        self._restore(dictionary(config))
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

    def rotate_oauth_application(self, app_id: str) -> Shown:
        """Give an application a new `client_secret`, shown this once; the old one is void at once."""
        taken: dict[str, Mapping[str, Secret]] = {}
        if self._is_revoked(self.get(app_id)):
            raise UsageError(f"`{app_id}` is revoked", hint=f"`restore_oauth_application('{app_id}')` makes it anew")
        with self._session.workspace() as ws:
            address = self._session.at_hand(ws, app_id, *self.kinds)
            delivery = Delivery(ws.provider, ws.root)

            def deliver(step: Step, generated: Mapping[str, Secret]) -> None:
                taken[step.address] = generated
                delivery(step, generated)

            undone(oauth_rotate(ws, address, deliver))
        shown = self.get_oauth_application(app_id)
        return {**shown, "client_secret": taken[shown["address"]]["client_secret"].reveal()}

    def revoke_oauth_application(self, app_id: str) -> Shown:
        """Revoke an application and every token that was given through it; it stays away until it is restored."""
        with self._session.workspace() as ws:
            undone(oauth_revoke(ws, self._session.at_hand(ws, app_id, *self.kinds)))
        return self.get_oauth_application(app_id)

    def restore_oauth_application(self, app_id: str) -> Shown:
        """Make a revoked application anew, with another `client_id` and a new `client_secret`, shown this once."""
        shown = self.get(app_id)
        return self.create_oauth_application({name: shown[name] for name in _FIELDS if shown.get(name) is not None})

    def _restore(self, config: Config) -> None:
        """Let what is to be created be created, where it was revoked."""
        title = str(config.get("name") or "")
        for shown in self.list():
            if slug_of(shown["name"]) == slug_of(title) and self._is_revoked(shown):
                with self._session.workspace() as ws:
                    oauth_restore(ws, shown["address"])

    def _is_revoked(self, shown: Shown) -> bool:
        with self._session.workspace() as ws:
            return records.find(read_state(ws), shown["address"]).home.condition == "revoked"

    def _with_client_ids(self, applications: list[Shown]) -> list[Shown]:
        """Applications with what only GitLab knows of them; `revoked` ones have no `client_id`."""
        if not applications:
            return []
        with self._session.workspace() as ws:
            state = read_state(ws)
            found = []
            ids = _client_ids(ws)
            for shown in applications:
                record = records.find(state, shown["address"]).home
                revoked = record.condition == "revoked"
                found.append({**shown, "client_id": ids.get(record.id), "revoked": revoked})
            return found


# ---------------------------------------------------------------------------------------------------------------------


_FIELDS = ("name", "redirect_uri", "scopes", "confidential")


def _client_ids(ws: Workspace) -> dict[int | str | None, str]:
    listing = ws.provider.list(Primitive.APPLICATION, Scope.instance())
    return {item.id: str(item.status["application_id"]) for item in listing.items if "application_id" in item.status}
