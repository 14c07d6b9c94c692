"""What every area of the manager is: some types of things, and a session."""

from __future__ import annotations

from reconciler.integration_management.session import Config, Session, Shown, dictionary


class Area:
    """A part of the manager that looks after some types (`kinds`; none: all of them)."""

    kinds: tuple[str, ...] = ()
    instance = False
    """Whether they belong to the whole instance."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def get(self, id: str) -> Shown:
        """One of this area's, by its id; raises `UsageError` for an id that is not known here."""
        return self._session.find(id, *self.kinds)

    def list(self) -> list[Shown]:
        """All of this area's that programs have created at the manager's scope."""
        return self._session.every(*self.kinds, instance=self.instance)

    def update(self, id: str, changes: Config) -> Shown:
        """Change some fields and leave the others; a field set to None is given up."""
        return self._session.declare(self.get(id)["type"], changes, id=id)

    def delete(self, id: str) -> Shown:
        """Delete it in GitLab and forget it; what it was."""
        return self._session.delete(id, *self.kinds)

    def run(self, id: str, action: str, **parameters: object) -> Shown:
        """Any action of its type, as `reconciler run ADDRESS ACTION` does; `mgr.integrations.actions` lists them."""
        return self._act(id, action, parameters)

    def _act(self, id: str, action: str, parameters: Config, *kinds: str) -> Shown:
        given = {name: value for name, value in dictionary(parameters).items() if value is not None}
        return self._session.act(id, action, given, *(kinds or self.kinds))
